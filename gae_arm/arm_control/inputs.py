"""What the governor needs to know each tick beside the command, and how old it may be."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gae_arm.arm_control.ages import AgeWatch
from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.core.motion import HaltReason, RobotState


@dataclass(frozen=True, eq=False)
class Inputs:
    """The newest of everything.

    joint_state: None before the first one.
    cloud_stamp_ns, cloud: stamp and points (M, 3), m, base frame; None before the first cloud.
    exempt: (G, 4), spheres x, y, z, radius, m, base frame, whose points are no obstacles: around
        what the plan grasps, and around the end effector while it carries something.
    plan_expiry_ns: of the plan that the command carries out, node clock; None for none.
    refusal: why there is no good command: IK, planner or scene monitor say so.
    joint_state_fault, cloud_fault: why the newest of them could not be used; None if it could.
    """

    joint_state: RobotState | None
    cloud_stamp_ns: int | None = None
    cloud: np.ndarray | None = None
    exempt: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    plan_expiry_ns: int | None = None
    refusal: Cause | None = None
    joint_state_fault: Cause | None = None
    cloud_fault: Cause | None = None


class InputGuard:
    """Watches the ages of all inputs, on the node clock."""

    def __init__(self, settings: GovernorSettings) -> None:
        def watch(name: str, max_age: float, reason: HaltReason) -> AgeWatch:
            return AgeWatch(name, max_age, settings.clock_tolerance, reason)

        self._use_cloud = settings.use_cloud
        self._joints = watch('joint state', settings.joint_state_age, HaltReason.JOINT_STATE_STALE)
        self._cloud = watch('cloud', settings.cloud_age, HaltReason.CLOUD_STALE)
        self._chunk = watch('chunk', settings.chunk_age, HaltReason.CHUNK_STALE)

    def joint_state(self, inputs: Inputs, now_ns: int) -> Cause | None:
        """Return why the joint state must not be used, None if it may."""
        if inputs.joint_state_fault is not None:
            return inputs.joint_state_fault
        state = inputs.joint_state
        return self._joints.check(None if state is None else state.stamp_ns, now_ns)

    def cloud(self, inputs: Inputs, now_ns: int) -> Cause | None:
        """Return why the cloud must not be used, None if it may, or if none is needed."""
        if not self._use_cloud:
            return None
        if inputs.cloud_fault is not None:
            return inputs.cloud_fault
        missing = inputs.cloud is None
        return self._cloud.check(None if missing else inputs.cloud_stamp_ns, now_ns)

    def plan(self, inputs: Inputs, now_ns: int) -> Cause | None:
        """Return why the plan must not be carried out, None if it may, or if there is none."""
        if inputs.plan_expiry_ns is None or now_ns <= inputs.plan_expiry_ns:
            return None
        late = (now_ns - inputs.plan_expiry_ns) * 1e-9
        return Cause(HaltReason.PLAN_EXPIRED, f'the plan expired {late:.3f} s ago')

    def chunk(self, stamp_ns: int, now_ns: int) -> Cause | None:
        """Return why a command with this stamp must not be used, None if it may."""
        return self._chunk.check(stamp_ns, now_ns)
