"""What happens to a scene while the arm works in it."""

from __future__ import annotations

import numpy as np

from gae_arm.core.truth import Truth
from gae_arm.demonstrations.cell import Cell

NEAR = 0.15
"""m: the hand is in mid-reach when it is so near, seen from above and in all."""


class MoveTarget:
    """Moves the first target by some way along the table when the hand comes near it, once.

    distance: m. seed: of the direction.
    """

    def __init__(self, distance: float, seed: int) -> None:
        self._distance = distance
        self._rng = np.random.default_rng([seed, 11])
        self.moved = False

    def __call__(self, cell: Cell, truth: Truth) -> None:
        """Look whether it is time, and move."""
        name = cell.instance.targets[0]
        T = truth.poses[name]
        apart = np.linalg.norm(cell.simulation.T_base_ee()[:3, 3] - T[:3, 3])
        if self.moved or apart > NEAR or truth.robot_touches(name):
            return
        self.moved = True
        angle = self._rng.uniform(-np.pi, np.pi)
        T = T.copy()
        T[:2, 3] += self._distance * np.array([np.cos(angle), np.sin(angle)])
        cell.simulation.move_object(name, T)
