"""How fast a command may be followed: its own clock is slowed, so that the path stays the same."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.core.motion import HaltReason

JUMP_RATIO = 20.0
"""A command that asks for so many times the velocity limit is a jump, not a fast motion."""
STILL = 1e-6
"""rad/s: what a joint that must not move may be asked for by rounding."""


class Pacing:
    """Compares references with one arm's limits.

    joints: N names. limits: (5, N), lower, upper, velocity, acceleration, jerk.
    References are float64 (H, 3, N): q, v, a at grid points, the first one now.
    """

    def __init__(
        self, joints: tuple[str, ...], limits: np.ndarray, settings: GovernorSettings
    ) -> None:
        self._joints = joints
        self._velocity, self._acceleration = limits[2], limits[3]
        self._tolerance = settings.path_tolerance
        self._jump = settings.seam_jump

    def jump(self, reference: np.ndarray, here: np.ndarray) -> Cause | None:
        """Return why a reference does not go on from where the arm is (N,), None if it does."""
        gap = reference[0, 0] - here
        j = int(np.abs(gap).argmax())
        if abs(gap[j]) > self._jump:
            return Cause(
                HaltReason.COMMAND_JUMP,
                f'joint {self._joints[j]!r} is at {here[j]:.4f} rad, the command starts at '
                f'{reference[0, 0, j]:.4f} rad; at most {self._jump:g} rad lie between',
            )
        ratio, j, speed = self._fastest(reference)
        if self._velocity[j] > 0 and ratio > JUMP_RATIO:
            return Cause(
                HaltReason.COMMAND_JUMP,
                f'joint {self._joints[j]!r} is asked to move at {speed:.3g} rad/s, '
                f'{ratio:.0f} times its limit of {self._velocity[j]:.3g} rad/s',
            )
        return None

    def scale(self, reference: np.ndarray, here: np.ndarray) -> tuple[float, Cause | None]:
        """Return the clock rate, 0 to 1, at which the arm (at `here`) can follow, and the cause.

        It falls where the reference is too fast, and where the arm lags behind: from
        `path_tolerance` on, to 0 at `seam_jump`. The arm then catches up instead of cutting short.
        """
        ratio, j, speed = self._fastest(reference)
        scale, cause = 1.0, None
        if ratio > 1:
            scale = 1 / ratio
            cause = Cause(
                HaltReason.VELOCITY_LIMIT,
                f'joint {self._joints[j]!r} is asked to move at {speed:.3g} rad/s, its limit is '
                f'{self._velocity[j]:.3g} rad/s',
            )
        gap = np.abs(reference[0, 0] - here)
        j = int(gap.argmax())
        share = (self._jump - gap[j]) / (self._jump - self._tolerance)
        if share < scale:
            scale, cause = max(0.0, float(share)), self._lag(reference, j, gap[j])
        return scale, cause

    def _fastest(self, reference: np.ndarray) -> tuple[float, int, float]:
        """Return the largest speed as a multiple of its limit, the joint, and that speed, rad/s."""
        speed = np.abs(reference[:, 1]).max(axis=0)
        with np.errstate(divide='ignore', invalid='ignore'):
            ratio = np.where(speed > STILL, speed / self._velocity, 0.0)
        j = int(ratio.argmax())
        return float(ratio[j]), j, float(speed[j])

    def _lag(self, reference: np.ndarray, j: int, gap: float) -> Cause:
        asked = float(np.abs(reference[:, 2, j]).max())
        hard = asked > self._acceleration[j]
        return Cause(
            HaltReason.ACCELERATION_LIMIT if hard else HaltReason.JERK_LIMIT,
            f'joint {self._joints[j]!r} is {gap:.3f} rad behind a command that asks for '
            f'{asked:.3g} rad/s^2; its limit is {self._acceleration[j]:.3g} rad/s^2',
        )
