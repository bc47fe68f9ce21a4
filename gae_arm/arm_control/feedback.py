"""What the joints report, against what they were told: missing, frozen, moved, lagging."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.timeline import Timeline
from gae_arm.core.arm import ArmConfig
from gae_arm.core.motion import HaltReason, RobotState

FROZEN_TRAVEL = 0.02
"""rad: a joint that was told to move so far and reports exactly one number is not measured."""
STANDING_SPEED = 0.05
START_TOLERANCE = 0.01


class Feedback:
    """Checks joint states of one arm; remembers since when each joint has reported one value."""

    def __init__(self, arm: ArmConfig, settings: GovernorSettings) -> None:
        self._joints = arm.joints
        self._lower, self._upper = arm.limits.lower, arm.limits.upper
        self._tolerance = settings.tracking_error
        self._delay_ns = round(settings.tracking_delay * 1e9)
        self._order: tuple[tuple[str, ...], list[int]] = ((), [])
        self._value = np.full(len(arm.joints), np.nan)
        self._since_ns = np.zeros(len(arm.joints), np.int64)

    def missing(self, state: RobotState) -> Cause | None:
        """Return why this joint state does not describe the arm, None if it does."""
        absent = [name for name in self._joints if name not in state.joint_names]
        if not absent:
            return None
        return Cause(
            HaltReason.JOINT_STATE_INVALID,
            f'the joint state lacks {absent}; it has: {list(state.joint_names)}',
        )

    def disagrees(self, state: RobotState, timeline: Timeline) -> Cause | None:
        """Return why the arm does not do what it was told, None if it does.

        The controller may be late by up to `tracking_delay`, so a joint is compared with all that
        was commanded within that time before the stamp.
        """
        position = self.position(state)
        moved = position != self._value
        self._since_ns[moved] = state.stamp_ns
        self._value = position
        return self._frozen(state.stamp_ns, timeline) or self._lags(state.stamp_ns, timeline)

    def start(self, state: RobotState) -> np.ndarray | Cause:
        """Return where a motion may start, (N,) rad within the limits, or why none may."""
        velocity = self._select(state, state.velocity)
        j = int(np.abs(velocity).argmax())
        if abs(velocity[j]) > STANDING_SPEED:
            return Cause(
                HaltReason.CONTROLLER_FAILED,
                f'joint {self._joints[j]!r} moves at {velocity[j]:.3f} rad/s without a command',
            )
        position = self.position(state)
        inside = np.clip(position, self._lower, self._upper)
        j = int(np.abs(position - inside).argmax())
        if abs(position[j] - inside[j]) > START_TOLERANCE:
            return Cause(
                HaltReason.POSITION_LIMIT,
                f'joint {self._joints[j]!r} stands at {position[j]:.4f} rad, its limits are '
                f"{self._lower[j]:.4f} to {self._upper[j]:.4f}: move it back with the driver's "
                'own tools',
            )
        return inside

    def position(self, state: RobotState) -> np.ndarray:
        """Return the arm's joint positions (N,), rad, in its own order."""
        return self._select(state, state.position)

    def _select(self, state: RobotState, values: np.ndarray) -> np.ndarray:
        if self._order[0] != state.joint_names:
            self._order = (state.joint_names, [state.joint_names.index(n) for n in self._joints])
        return values[self._order[1]]

    def _frozen(self, stamp_ns: int, timeline: Timeline) -> Cause | None:
        still = stamp_ns - self._since_ns > self._delay_ns
        for j in np.flatnonzero(still):
            low, high = timeline.window(int(self._since_ns[j]), stamp_ns - self._delay_ns)
            if high[j] - low[j] > FROZEN_TRAVEL:
                return Cause(
                    HaltReason.JOINT_STATE_FROZEN,
                    f'joint {self._joints[j]!r} has reported {self._value[j]:.4f} rad for '
                    f'{(stamp_ns - self._since_ns[j]) * 1e-9:.3f} s while it was moved by '
                    f'{high[j] - low[j]:.4f} rad',
                )
        return None

    def _lags(self, stamp_ns: int, timeline: Timeline) -> Cause | None:
        low, high = timeline.window(stamp_ns - self._delay_ns, stamp_ns)
        error = self._value - np.clip(self._value, low, high)
        j = int(np.abs(error).argmax())
        if abs(error[j]) <= self._tolerance:
            return None
        return Cause(
            HaltReason.CONTROLLER_FAILED,
            f'joint {self._joints[j]!r} is at {self._value[j]:.4f} rad, {abs(error[j]):.4f} rad '
            f'from where it was commanded; at most {self._tolerance:g} is allowed',
        )
