"""In which order windows are seen: shuffled, the same for a seed, shared by processes, resumable.

Episodes are shuffled, taken `pool` at a time, and the windows of a pool are shuffled among each
other: only that many files are in use at once, which a disk or a network likes. With a pool as
large as the data set the shuffle is complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.settings import Settings, setting


@dataclass(frozen=True)
class OrderSettings(Settings):
    """How windows are shuffled and shared."""

    batch: int = setting(256, 'windows of a batch', low=1)
    seed: int = setting(0, 'of the shuffle', low=0)
    pool: int = setting(512, 'episodes that are shuffled together', low=1)
    rank: int = setting(0, 'which of the processes this is', low=0)
    world: int = setting(1, 'processes that share the windows', low=1)


class Batches:
    """Batches of window indices, without end; every epoch sees every window at most once.

    counts: windows of each episode, (E,), as `Windows.counts`. All processes get the same number
    of batches of the same size, and no window twice; the rest of an epoch, less than
    `batch * world` windows, is left out, another rest in each epoch. Raises InvalidValueError for
    a rank outside the world, and for fewer windows than one batch for each process.
    """

    def __init__(self, counts: np.ndarray, settings: OrderSettings | None = None) -> None:
        self.settings = settings or OrderSettings()
        self._counts = np.asarray(counts, np.int64)
        self.epoch = self.position = 0
        rank, world = self.settings.rank, self.settings.world
        if rank >= world:
            raise InvalidValueError(f'rank is {rank}, allowed is 0 to {world - 1}')
        if len(self) == 0:
            raise InvalidValueError(
                f'{self._counts.sum()} windows are less than one batch of {self.settings.batch} '
                f'for each of {world} processes'
            )

    def __len__(self) -> int:
        """Return the batches of an epoch, for each process."""
        return int(self._counts.sum()) // (self.settings.batch * self.settings.world)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Iterate from the position on, epoch after epoch; each batch int64 (batch,)."""
        while True:
            order = self.order(self.epoch)
            while self.position < len(self):
                start = self.position * self.settings.batch
                self.position += 1
                yield order[start : start + self.settings.batch]
            self.epoch, self.position = self.epoch + 1, 0

    def order(self, epoch: int) -> np.ndarray:
        """Return this process's windows of an epoch in their order."""
        rules = self.settings
        random = np.random.default_rng([rules.seed, epoch])
        first = np.concatenate([[0], np.cumsum(self._counts)])
        episodes = random.permutation(len(self._counts))
        parts = []
        for start in range(0, len(episodes), rules.pool):
            pool = episodes[start : start + rules.pool]
            windows = np.concatenate([np.arange(first[e], first[e + 1]) for e in pool])
            parts.append(random.permutation(windows))
        whole = np.concatenate(parts)[: len(self) * rules.batch * rules.world]
        return whole[rules.rank :: rules.world]

    def state(self) -> dict[str, int]:
        """Return where the iteration stands, for a checkpoint: batches already taken."""
        return {'epoch': self.epoch, 'position': self.position}

    def resume(self, state: Mapping[str, int]) -> None:
        """Go on where `state` was taken; the counts and settings must be the same."""
        self.epoch = checks.integer('epoch', state['epoch'], 0, 2**62)
        self.position = checks.integer('position', state['position'], 0, len(self))
