"""Shards made from seeds: those that are not there yet, by one process or by many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from action_expert.training.shards import seeds_of, write_shard
from action_expert.training.situation import Situation

SIZE = 512
"""Seeds of a shard; those of the first version do not say how many they have."""

Make = Callable[[int], list[Situation]]
"""Returns the situations of a seed: none where it has no scene, or no way to do what is asked."""


@dataclass(frozen=True)
class Made:
    """What a shard has come to: situations, and seeds that gave none."""

    situations: int
    empty: int


@dataclass(frozen=True)
class ShardJob:
    """Makes one shard, in whatever process; it is written whole or not at all."""

    folder: Path
    name: str
    make: Make

    def __call__(self, seeds: range) -> Made:
        """Make the shard of some seeds."""
        found = [self.make(seed) for seed in seeds]
        situations = [situation for some in found for situation in some]
        write_shard(self.folder / f'{self.name}-{seeds.start:09d}.safetensors', situations, seeds)
        return Made(len(situations), found.count([]))


Run = Callable[[ShardJob, Sequence[range]], Iterable[tuple[range, Made]]]


def in_turn(job: ShardJob, shards: Sequence[range]) -> Iterator[tuple[range, Made]]:
    """Yield what each shard has come to, made in this process, in order."""
    for seeds in shards:
        yield seeds, job(seeds)


def make_shards(
    folder: Path,
    make: Make,
    seeds: range,
    size: int = SIZE,
    name: str = 'situations',
    run: Run = in_turn,
) -> Iterator[Made]:
    """Make the shards, of at most `size` seeds each, that are missing; yield each as it is done.

    run: does the jobs. Raises ConfigError for a file whose seeds nobody knows.
    """
    there = [seeds_of(path, SIZE) for path in sorted(folder.glob(f'{name}-*.safetensors'))]
    for _, made in run(ShardJob(folder, name, make), list(missing(seeds, there, size))):
        yield made


def missing(seeds: range, there: Sequence[range], size: int) -> Iterator[range]:
    """Yield ranges of at most `size` seeds that together with those that are there are all."""
    first = seeds.start
    while first < seeds.stop:
        past = max((r.stop for r in there if first in r), default=first)
        if past > first:
            first = past
            continue
        stop = min([first + size, seeds.stop, *(r.start for r in there if r.start > first)])
        yield range(first, stop)
        first = stop
