"""Situations on disk: files of a few thousand, read as one table, row by row as they are needed.

A shard holds, for each of its S situations, the network's inputs (`points` as float16: 0.1 mm) and
`aim`; see `Condition` and `Situation`. Where no situation sees anything, `points` are left out. Its
metadata says which seeds it was made of: `first` to before `stop`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from action_expert.expert.condition import (
    GUIDANCE,
    GUIDANCE_COLUMNS,
    POINTS,
    STATE_COLUMNS,
    WAYPOINT_COLUMNS,
    WAYPOINTS,
)
from action_expert.training.situation import Situation
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.mapped import MappedTensors

SHAPES: dict[str, tuple[int, ...]] = {
    'guidance': (GUIDANCE, GUIDANCE_COLUMNS),
    'waypoints': (WAYPOINTS, WAYPOINT_COLUMNS),
    'state': (STATE_COLUMNS,),
    'hand': (3, 4),
    'points': (POINTS, 3),
    'seen': (),
}
"""Of one situation's inputs."""
KEYS = (*SHAPES, 'aim')


def table(situations: Sequence[Situation]) -> dict[str, np.ndarray]:
    """Return situations as one array for each key, first axis S."""
    count, out = len(situations), {}
    for key, shape in SHAPES.items():
        kind = np.float16 if key == 'points' else np.float32
        values = np.array([getattr(s.condition, key) for s in situations], kind)
        out[key] = values.reshape(count, *shape)
    aims = np.array([s.aim for s in situations], np.float32)
    return {**out, 'aim': aims.reshape(count, 9)}


def write_shard(path: Path, situations: Sequence[Situation], seeds: range | None = None) -> None:
    """Write a shard, whole or not at all. seeds: that it was made of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix('.new')
    tensors = table(situations)
    if not tensors['seen'].any():
        del tensors['points']
    of = {} if seeds is None else {'first': str(seeds.start), 'stop': str(seeds.stop)}
    save_file(tensors, new, of)
    new.replace(path)


def seeds_of(path: Path, size: int) -> range:
    """Return the seeds that a shard was made of; raise ConfigError if it does not say.

    size: how many an old shard had, that has only its first one in its name.
    """
    try:
        said = MappedTensors(path).metadata
        first = int(said.get('first') or path.stem.rpartition('-')[2])
        return range(first, int(said.get('stop') or first + size))
    except ValueError as error:
        raise ConfigError(f'{path} does not say of which seeds it was made: {error}') from error


class Column:
    """An array (S, ...) that lies in several files, one after the other; rows are read when asked.

    Data sets may be larger than memory: what is read often, the system keeps.
    """

    def __init__(self, parts: Sequence[np.ndarray]) -> None:
        self._parts = parts
        self._starts = np.cumsum([0, *(len(part) for part in parts)])

    def __len__(self) -> int:
        """Return S, the number of rows."""
        return int(self._starts[-1])

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """Return a copy of some rows, (M, ...)."""
        if isinstance(rows, slice):
            rows = np.arange(len(self))[rows]
        out = np.empty((len(rows), *self._parts[0].shape[1:]), self._parts[0].dtype)
        of = np.searchsorted(self._starts, rows, side='right') - 1
        for part in np.unique(of):
            here = of == part
            out[here] = self._parts[part][rows[here] - self._starts[part]]
        return out


Table = Mapping[str, np.ndarray] | Mapping[str, Column]
"""Situations: an array, or a column of files, for each key; first axis S."""


def read_shards(paths: Iterable[Path]) -> dict[str, Column]:
    """Return all situations of shards as one table.

    Raises ConfigError if there are none, and names a file that is none of situations.
    """
    shards = [shard for path in sorted(paths) if len((shard := _shard(path))['aim'])]
    if not shards:
        raise ConfigError('no shards of situations; make them with: gae train expert --prepare N')
    return {key: Column([shard[key] for shard in shards]) for key in KEYS}


def _shard(path: Path) -> dict[str, np.ndarray]:
    try:
        mapped = MappedTensors(path)
        shard = {key: mapped[key] for key in KEYS if key != 'points'}
        unseen = 'points' not in mapped and not shard['seen'].any()
        shard['points'] = _nothing(len(shard['seen'])) if unseen else mapped['points']
    except (InvalidValueError, KeyError) as error:
        raise ConfigError(f'{path} holds no situations: {error}') from error
    counts = {key: len(value) for key, value in shard.items()}
    if len(set(counts.values())) > 1:
        raise ConfigError(f'{path} holds different numbers of rows: {counts}')
    return shard


def _nothing(count: int) -> np.ndarray:
    """Return points (count, 512, 3) of situations that see nothing; they take no memory."""
    return np.broadcast_to(np.float16(0), (count, *SHAPES['points']))
