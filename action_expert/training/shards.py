"""Situations on disk: files of a few thousand, checksummed by name, read as one table.

A shard holds, for each of its S situations, the network's inputs (`points` as float16: 0.1 mm) and
`aim`; see `Condition` and `Situation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from action_expert.training.situation import Situation
from gae_arm.core.errors import ConfigError

INPUTS = ('guidance', 'waypoints', 'state', 'hand', 'points', 'seen')


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


def read_shards(paths: Iterable[Path]) -> dict[str, np.ndarray]:
    """Return all situations of shards as one table; raise ConfigError if there are none."""
    tables = [load_file(path) for path in sorted(paths)]
    if not tables:
        raise ConfigError('no shards of situations; make them with: gae train expert --prepare N')
    return {key: np.concatenate([t[key] for t in tables]) for key in (*INPUTS, 'aim')}
