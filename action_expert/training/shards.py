"""Situations on disk: files of a few thousand, read as one table, row by row as they are needed.

A shard holds, for each of its S situations, the network's inputs (`points` as float16: 0.1 mm) and
`aim`; see `Condition` and `Situation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from action_expert.training.situation import Situation
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.mapped import MappedTensors

INPUTS = ('guidance', 'waypoints', 'state', 'hand', 'points', 'seen')
KEYS = (*INPUTS, 'aim')


def table(situations: Sequence[Situation]) -> dict[str, np.ndarray]:
    """Return situations as one array for each key, first axis S."""
    out = {
        key: np.array([getattr(s.condition, key) for s in situations], np.float32) for key in INPUTS
    }
    aims = np.array([s.aim for s in situations], np.float32)
    return {**out, 'points': out['points'].astype(np.float16), 'aim': aims}


def write_shard(path: Path, situations: Sequence[Situation]) -> None:
    """Write a shard, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix('.new')
    save_file(table(situations), new)
    new.replace(path)


def make_shards(
    folder: Path,
    make: Callable[[int], list[Situation]],
    seeds: range,
    size: int = 512,
    report: Callable[[int], None] = lambda situations: None,
) -> None:
    """Make those shards of `size` seeds each that are not there yet."""
    for first in range(seeds.start, seeds.stop, size):
        path = folder / f'situations-{first:09d}.safetensors'
        if path.exists():
            continue
        found = [s for seed in range(first, min(first + size, seeds.stop)) for s in make(seed)]
        write_shard(path, found)
        report(len(found))


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
    shards = [_shard(path) for path in sorted(paths)]
    if not shards:
        raise ConfigError('no shards of situations; make them with: gae train expert --prepare N')
    return {key: Column([shard[key] for shard in shards]) for key in KEYS}


def _shard(path: Path) -> dict[str, np.ndarray]:
    try:
        mapped = MappedTensors(path)
        shard = {key: mapped[key] for key in KEYS}
    except (InvalidValueError, KeyError) as error:
        raise ConfigError(f'{path} holds no situations: {error}') from error
    counts = {key: len(value) for key, value in shard.items()}
    if len(set(counts.values())) > 1:
        raise ConfigError(f'{path} holds different numbers of rows: {counts}')
    return shard
