"""Jerk-limited motion of all joints that can always stop: the kernels with one arm's limits."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_control import motion_kernel
from gae_arm.arm_control.limits import limit_table, stopping_seconds
from gae_arm.core.arm import ArmConfig


class MotionFilter:
    """Makes motions within the limits of `arm`, on a grid of `step` seconds.

    States are float64 (L, 3, N): q, v, a at L grid points; all that come out end standing. Raises
    InvalidValueError for limits that allow no quick stop (`limit_table`).
    """

    def __init__(self, arm: ArmConfig, step: float) -> None:
        self.step = step
        self.limits = limit_table(arm)
        # A stop may begin with full acceleration in the wrong direction, and ends on the grid.
        acceleration, jerk = self.limits[3:]
        turn = np.divide(acceleration, jerk, out=np.zeros_like(jerk), where=jerk > 0)
        self._room = int((stopping_seconds(arm.limits) + 2 * turn).max() / step) + 8

    def follow(self, safe: np.ndarray, targets: np.ndarray, speed_scale: float) -> np.ndarray:
        """Return States from safe[0] that follow targets (H, 3, N), then stop.

        safe: States to fall back on, joint by joint. speed_scale: of the velocity limit, 0 to 1.
        """
        cap = self.limits[2] * speed_scale
        return motion_kernel.follow(safe, targets, cap, self.limits, self.step, self._room)

    def brake(self, safe: np.ndarray) -> np.ndarray:
        """Return the States of the shortest stop from safe[0], on a straight line where it fits."""
        return motion_kernel.brake(safe, self.limits, self.step, self._room)

    def within_limits(self, states: np.ndarray) -> bool:
        """Return whether States keep all limits, at and between the points, and end standing."""
        return bool(motion_kernel.within_limits(states, self.limits, self.step))

    def compile(self) -> None:
        """Have the kernels compiled or loaded: seconds, which no tick may take."""
        joints = self.limits.shape[1]
        states = np.zeros((1, 3, joints))
        states[:, 0] = self.limits[0]
        self.follow(states, np.zeros((1, 3, joints)), 0.0)
        self.within_limits(self.brake(states))
