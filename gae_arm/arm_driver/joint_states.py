"""Joint states as a driver says them, in pieces and with other joints, made the stack's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gae_arm.arm_driver.settings import DriverSettings
from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import RobotState


class JointStateMerger:
    """Knows how far the gripper is open, and completes the arm's joint states with it.

    The state keeps the arm's own stamp: nothing that is old is passed on as new. The gripper's part
    is the newest that is known, however old: some drivers report it only while it moves.
    """

    def __init__(self, arm: ArmConfig, settings: DriverSettings) -> None:
        self._arm, self._settings = arm, settings
        self._joints = [settings.joint_prefix + joint for joint in arm.joints]
        self._names = (*arm.joints, *arm.gripper.joints)
        self._reads = settings.gripper != 'none' and bool(settings.gripper_joint)
        self.measured: float | None = None
        self.commanded = 1.0

    @property
    def opening(self) -> float | None:
        """0.0 closed to 1.0 open; None before the gripper's driver has said anything."""
        return self.measured if self._reads else self.commanded

    def take(
        self,
        stamp_ns: int,
        names: Sequence[str],
        position: Sequence[float],
        velocity: Sequence[float],
        effort: Sequence[float],
    ) -> RobotState | None:
        """Take a message; return the stack's state if it has one of the arm, and all is known.

        velocity and effort may be empty or not finite: then they are 0. Raises InvalidValueError
        for positions that do not fit the names, or are not finite.
        """
        if len(position) != len(names):
            raise InvalidValueError(f'{len(position)} positions for {len(names)} joints')
        where = {name: i for i, name in enumerate(names)}
        if self._reads and self._settings.gripper_joint in where:
            value = float(position[where[self._settings.gripper_joint]])
            if np.isfinite(value):
                self.measured = self._settings.opening(value)
        if not all(joint in where for joint in self._joints):
            return None
        if self._settings.arm_alone and len(names) != len(self._joints):
            return None
        if self.opening is None:
            return None
        index = [where[joint] for joint in self._joints]
        fingers = self._arm.gripper.positions(self.opening)
        zeros = np.zeros(len(fingers))
        return RobotState(
            stamp_ns,
            self._names,
            np.concatenate([np.asarray(position, np.float64)[index], fingers]),
            np.concatenate([_or_zero(velocity, len(names))[index], zeros]),
            np.concatenate([_or_zero(effort, len(names))[index], zeros]),
        )


def _or_zero(values: Sequence[float], length: int) -> np.ndarray:
    if len(values) != length:
        return np.zeros(length)
    return np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
