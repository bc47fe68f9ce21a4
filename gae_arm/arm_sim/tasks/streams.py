"""Random numbers of one scene: one stream for each axis, so that no axis disturbs another."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from gae_arm.arm_sim.tasks.axes import AXES, Ranges
from gae_arm.core import checks

MAX_SEED = 2**64 - 1


class Streams:
    """The random numbers of one attempt to draw the scene of a seed.

    The same seed, task, attempt and ranges give the same numbers in every process.
    """

    def __init__(self, seed: int, task: str, attempt: int, ranges: Ranges) -> None:
        self._entropy = checks.integer('seed', seed, 0, MAX_SEED)
        self._key = (zlib.crc32(task.encode()), attempt)
        self._ranges = ranges
        self._generators: dict[str, np.random.Generator] = {}

    def __getitem__(self, axis: str) -> np.random.Generator:
        if axis not in self._generators:
            checks.known('axis', axis, AXES)
            key = (*self._key, zlib.crc32(axis.encode()))
            sequence = np.random.SeedSequence(self._entropy, spawn_key=key)
            self._generators[axis] = np.random.default_rng(sequence)
        return self._generators[axis]

    def draw(self, axis: str, quantity: str) -> Any:
        """Return a value of one quantity of an axis."""
        return self._ranges[axis][quantity].draw(self[axis])

    def draw_all(self, axis: str) -> dict[str, Any]:
        """Return a value of each quantity of an axis."""
        return {quantity: self.draw(axis, quantity) for quantity in self._ranges[axis]}
