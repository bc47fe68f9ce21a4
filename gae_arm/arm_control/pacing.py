"""How fast a command may be followed: its own clock is slowed, so that the path stays the same."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.core.motion import HaltReason

JUMP_RATIO = 20.0
"""A command that asks for so many times the velocity limit is a jump, not a fast motion."""
JERK_SECONDS = 0.03
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
        self._velocity, self._acceleration, self._jerk = limits[2:]
        self._step = settings.period
        self._apart = max(1, round(JERK_SECONDS / settings.period))
        self._moves = limits[3] > 0
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

        At rate r, speeds are r, accelerations r^2 and jerks r^3 times those asked for. The rate
        also falls where the arm lags behind: from `path_tolerance` on, to 0 at `seam_jump`. So it
        catches up instead of cutting corners.
        """
        return min(
            self._by_speed(reference),
            self._by_acceleration(reference),
            self._by_jerk(reference),
            self._by_lag(reference, here),
            key=lambda option: option[0],
        )

    def _by_speed(self, reference: np.ndarray) -> tuple[float, Cause | None]:
        ratio, j, speed = self._fastest(reference)
        if ratio <= 1:
            return 1.0, None
        return 1 / ratio, Cause(
            HaltReason.VELOCITY_LIMIT,
            f'joint {self._joints[j]!r} is asked to move at {speed:.3g} rad/s, its limit is '
            f'{self._velocity[j]:.3g} rad/s',
        )

    def _by_acceleration(self, reference: np.ndarray) -> tuple[float, Cause | None]:
        asked = np.abs(reference[:, 2]).max(axis=0)
        ratio = np.divide(asked, self._acceleration, out=np.zeros_like(asked), where=self._moves)
        j = int(ratio.argmax())
        if ratio[j] <= 1:
            return 1.0, None
        return float(1 / np.sqrt(ratio[j])), Cause(
            HaltReason.ACCELERATION_LIMIT,
            f'joint {self._joints[j]!r} is asked to accelerate at {asked[j]:.3g} rad/s^2, its '
            f'limit is {self._acceleration[j]:.3g} rad/s^2',
        )

    def _by_jerk(self, reference: np.ndarray) -> tuple[float, Cause | None]:
        """Compare the change of acceleration within a short time, not between two points.

        The second derivative of a spline through a few points steps at each of them.
        """
        apart = min(self._apart, len(reference) - 1)
        asked = np.abs(reference[apart:, 2] - reference[:-apart, 2]).max(axis=0)
        asked /= apart * self._step
        ratio = np.divide(asked, self._jerk, out=np.zeros_like(asked), where=self._moves)
        j = int(ratio.argmax())
        if ratio[j] <= 1:
            return 1.0, None
        return float(np.cbrt(1 / ratio[j])), Cause(
            HaltReason.JERK_LIMIT,
            f'joint {self._joints[j]!r} is asked for a jerk of {asked[j]:.3g} rad/s^3, its limit '
            f'is {self._jerk[j]:.3g} rad/s^3',
        )

    def _by_lag(self, reference: np.ndarray, here: np.ndarray) -> tuple[float, Cause | None]:
        gap = np.abs(reference[0, 0] - here)
        j = int(gap.argmax())
        if gap[j] <= self._tolerance:
            return 1.0, None
        share = (self._jump - gap[j]) / (self._jump - self._tolerance)
        return max(0.0, float(share)), Cause(
            HaltReason.COMMAND_JUMP,
            f'joint {self._joints[j]!r} is {gap[j]:.3f} rad behind its command, which is waiting',
        )

    def _fastest(self, reference: np.ndarray) -> tuple[float, int, float]:
        """Return the largest speed as a multiple of its limit, the joint, and that speed, rad/s."""
        speed = np.abs(reference[:, 1]).max(axis=0)
        with np.errstate(divide='ignore', invalid='ignore'):
            ratio = np.where(speed > STILL, speed / self._velocity, 0.0)
        j = int(ratio.argmax())
        return float(ratio[j]), j, float(speed[j])
