"""What happens to a scene while the arm works in it."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.core.truth import Truth
from gae_arm.demonstrations.cell import Cell

NEAR = 0.15
"""m: the hand is in mid-reach when it is so near, seen from above and in all."""


DIRECTIONS = 16
GAP = 0.01


class MoveTarget:
    """Moves the first target by some way along the table when the hand comes near it, once.

    To where there is room for it; it stays where there is none, and so does what stands fast
    (buttons, cabinets). distance: m. seed: of the direction.
    """

    def __init__(self, distance: float, seed: int) -> None:
        self._distance = distance
        self._rng = np.random.default_rng([seed, 11])
        self._looked = False
        self.moved = False

    def __call__(self, cell: Cell, truth: Truth) -> None:
        """Look whether it is time, and move."""
        instance = cell.instance
        name = instance.targets[0]
        if self._looked or instance.items[name].body.motion != 'free':
            return
        T = truth.poses[name]
        apart = np.linalg.norm(cell.simulation.T_base_ee()[:3, 3] - T[:3, 3])
        if apart > NEAR or truth.robot_touches(name):
            return
        self._looked = True
        start = self._rng.uniform(-np.pi, np.pi)
        for angle in start + 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS:
            there = T.copy()
            there[:2, 3] += self._distance * np.array([np.cos(angle), np.sin(angle)])
            if self._has_room(instance, truth, name, there[:2, 3]):
                cell.simulation.move_object(name, there)
                self.moved = True
                return

    def _has_room(self, instance: TaskInstance, truth: Truth, name: str, place: np.ndarray) -> bool:
        """Return whether an item stands free at a place (2,), m, seen from above."""
        items = instance.items
        return all(
            np.linalg.norm(truth.poses[other][:2, 3] - place)
            > items[name].reach + items[other].reach + GAP
            for other in items
            if other != name and other in truth.poses
        )
