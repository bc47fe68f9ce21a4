"""What differs from one demonstration of a task to the next: grasps, ways, speeds.

All of it is drawn from one generator, so that a seed gives one demonstration.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from action_expert.following import PolicySettings
from gae_arm.core import geometry

GRASP_SHIFT = np.array([0.005, 0.001, 0.003])
"""m, standard deviations along the hand's axes: along the pads, across (the fingers centre what
they close on), and in depth."""
GRASP_TURN = np.array([0.03, 0.08, 0.06])
"""rad, likewise: the hand leans along the pads rather than across."""
BEHIND = (0.07, 0.13)
"""m from where a grasp is approached."""
ASIDE = np.array([0.018, 0.004])
"""m, standard deviations, by which that is beside the straight way, along and across the pads."""
MOST = 2.0
"""Standard deviations that any of these differs at most."""
PUSHING = 0.12
"""m/s, at most, where something is pushed along: else it slides on, or tips."""
SPEED, ACCELERATION, TURN_SPEED = (0.14, 0.34), (0.6, 1.6), (0.6, 1.3)
"""m/s, m/s^2, rad/s: of the guide that is followed."""

Option = TypeVar('Option')


class Variety:
    """Draws how one demonstration is done."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def settings(self, pushes: bool) -> PolicySettings:
        """Return at what speed an episode is carried out: slowly where it pushes."""
        speed, acceleration, turn = (
            float(self._rng.uniform(*span)) for span in (SPEED, ACCELERATION, TURN_SPEED)
        )
        speed = min(speed, PUSHING) if pushes else speed
        return PolicySettings(speed=speed, acceleration=acceleration, turn_speed=turn)

    def order(self, options: Sequence[Option]) -> list[Option]:
        """Return options, the best of which comes first, with any of the better half in front."""
        first = int(self._rng.integers((len(options) + 1) // 2))
        return [options[first], *options[:first], *options[first + 1 :]]

    def grasp(self, T_grasp: np.ndarray, lean: float = 1.0) -> np.ndarray:
        """Return a grasp (4, 4) a little beside another one, and leaning `lean` times as much."""
        turn = geometry.rotation_vector_to_matrix(self._noise(GRASP_TURN * [1.0, lean, 1.0]))
        return T_grasp @ geometry.transform(turn, self._noise(GRASP_SHIFT))

    def before(self, T_grasp: np.ndarray) -> np.ndarray:
        """Return the pose (4, 4) from which a grasp is approached."""
        back = self._rng.uniform(*BEHIND)
        return T_grasp @ geometry.transform(np.eye(3), [*self._noise(ASIDE), -back])

    def _noise(self, deviations: np.ndarray) -> np.ndarray:
        return deviations * np.clip(self._rng.standard_normal(len(deviations)), -MOST, MOST)
