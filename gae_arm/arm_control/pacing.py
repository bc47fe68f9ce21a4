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
KINDS = (
    (HaltReason.VELOCITY_LIMIT, 'to move at', 'rad/s'),
    (HaltReason.ACCELERATION_LIMIT, 'to accelerate at', 'rad/s^2'),
    (HaltReason.JERK_LIMIT, 'for a jerk of', 'rad/s^3'),
)


class Pacing:
    """Compares references with one arm's limits.

    joints: N names. limits: (5, N), lower, upper, velocity, acceleration, jerk.
    """

    def __init__(
        self, joints: tuple[str, ...], limits: np.ndarray, settings: GovernorSettings
    ) -> None:
        self._joints = joints
        self._limits = limits[2:]
        # A joint that must not move may be asked for a little, by rounding.
        least = np.array([[STILL], [np.inf], [np.inf]])
        self._units = np.where(self._limits > 0, self._limits, least)
        self._step = settings.period
        self._apart = max(1, round(JERK_SECONDS / settings.period))
        self._tolerance = settings.path_tolerance
        self._jump = settings.seam_jump

    def rate(self, reference: np.ndarray, here: np.ndarray) -> tuple[float, Cause | None]:
        """Return the clock rate, 0 to 1, at which the arm (at `here`) can follow, and the cause.

        reference: float64 (H, 3, N), q, v, a at grid points, the first one now; H >= 2.

        At rate r, speeds are r, accelerations r^2 and jerks r^3 times those asked for. The rate
        also falls where the arm lags behind: from `path_tolerance` on, to 0 at `seam_jump`. So it
        catches up instead of cutting corners. A command that starts further away, or is faster
        than `JUMP_RATIO` times a limit, is a jump: the rate is 0 and the cause COMMAND_JUMP.
        """
        gap = np.abs(reference[0, 0] - here)
        asked = self._asked(reference)
        ratio = asked / self._units
        top = ratio.max(axis=1)
        if gap.max() <= self._tolerance and top.max() <= 1:
            return 1.0, None
        if gap.max() > self._jump:
            return 0.0, self._start(reference, here)
        if top[0] > JUMP_RATIO and self._limits[0, ratio[0].argmax()] > 0:
            return 0.0, self._speed(asked, ratio)
        rates = 1 / np.maximum(top, 1.0) ** (1, 1 / 2, 1 / 3)
        waiting = (self._jump - gap.max()) / (self._jump - self._tolerance)
        if waiting < rates.min():
            return max(0.0, float(waiting)), self._lag(gap)
        kind = int(rates.argmin())
        j = int(ratio[kind].argmax())
        stuck = kind == 0 and self._limits[0, j] == 0
        return 0.0 if stuck else float(rates[kind]), self._excess(kind, j, asked)

    def _asked(self, reference: np.ndarray) -> np.ndarray:
        """Return the largest velocity, acceleration and jerk asked for, (3, N).

        Jerk is the change of acceleration within a short time, not between two points: the second
        derivative of a spline through a few points steps at each of them.
        """
        apart = min(self._apart, len(reference) - 1)
        acceleration = reference[:, 2]
        out = np.empty_like(self._limits)
        out[:2] = np.abs(reference[:, 1:]).max(axis=0)
        out[2] = np.abs(acceleration[apart:] - acceleration[:-apart]).max(axis=0)
        out[2] /= apart * self._step
        return out

    def _excess(self, kind: int, j: int, asked: np.ndarray) -> Cause:
        reason, what, unit = KINDS[kind]
        return Cause(
            reason,
            f'joint {self._joints[j]!r} is asked {what} {asked[kind, j]:.3g} {unit}, its limit is '
            f'{self._limits[kind, j]:.3g} {unit}',
        )

    def _lag(self, gap: np.ndarray) -> Cause:
        j = int(gap.argmax())
        return Cause(
            HaltReason.COMMAND_JUMP,
            f'joint {self._joints[j]!r} is {gap[j]:.3f} rad behind its command, which is waiting',
        )

    def _start(self, reference: np.ndarray, here: np.ndarray) -> Cause:
        j = int(np.abs(reference[0, 0] - here).argmax())
        return Cause(
            HaltReason.COMMAND_JUMP,
            f'joint {self._joints[j]!r} is at {here[j]:.4f} rad, the command starts at '
            f'{reference[0, 0, j]:.4f} rad; at most {self._jump:g} rad lie between',
        )

    def _speed(self, asked: np.ndarray, ratio: np.ndarray) -> Cause:
        j = int(ratio[0].argmax())
        return Cause(
            HaltReason.COMMAND_JUMP,
            f'joint {self._joints[j]!r} is asked to move at {asked[0, j]:.3g} rad/s, '
            f'{ratio[0, j]:.0f} times its limit of {self._limits[0, j]:.3g} rad/s',
        )
