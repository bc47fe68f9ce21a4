"""Chunks in, trajectories out: streaming, inverse kinematics and governor in one tick."""

from __future__ import annotations

import dataclasses

import numpy as np

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.command import JointCommand
from gae_arm.arm_control.governor import Governor, GovernorOutput
from gae_arm.arm_control.ik import DifferentialIk, IkStep
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_control.streaming import ChunkStreamer, Executed, PoseTargets
from gae_arm.core.motion import ActionChunk, HaltReason

LOST_DISTANCE, LOST_ANGLE = 0.05, 0.3
"""m, rad from its target, where the end effector no longer counts as following it."""


class ChunkFollower:
    """Carries chunks out with one arm; all times are the caller's.

    ik, governor: made for the same arm. streamer: for its base frame.
    gripper: the opening that the chunk asks for now, 0.0 closed to 1.0 open; None before the first
    chunk. While the arm is halted it stays as it is: nothing is dropped.
    """

    def __init__(self, governor: Governor, ik: DifferentialIk, streamer: ChunkStreamer) -> None:
        self.governor = governor
        self.ik = ik
        self.streamer = streamer
        self.gripper: float | None = None
        self._last: GovernorOutput | None = None
        self._now_ns = 0

    def compile(self) -> None:
        """Have all kernels compiled or loaded: seconds, which no tick may take."""
        self.governor.compile()

    def accept(self, chunk: ActionChunk) -> Cause | None:
        """Take a chunk; return why it is refused, None if it is not."""
        return self.streamer.accept(chunk)

    def tick(self, now_ns: int, inputs: Inputs) -> GovernorOutput:
        """Return what the arm does next; called once per period of the governor."""
        if now_ns < self._now_ns - self.governor.settings.clock_tolerance * 1e9:
            self.streamer.clear()
        self._now_ns = now_ns
        targets = self._targets(now_ns)
        command = self._joint_command(targets) if isinstance(targets, PoseTargets) else targets
        if isinstance(command, Cause):
            inputs = dataclasses.replace(inputs, refusal=inputs.refusal or command)
            command = None
        self._last = output = self.governor.tick(now_ns, inputs, command)
        if output.following and isinstance(targets, PoseTargets):
            self.gripper = targets.gripper
        return output

    def _targets(self, now_ns: int) -> PoseTargets | Cause | None:
        timeline = self.governor.advance(now_ns)
        if timeline is None:
            return None
        q, v, _ = timeline.states[0]
        T, J = self.ik.kinematics.evaluate(q)
        last = self._last
        return self.streamer.tick(
            Executed(
                at_ns=timeline.start_ns,
                pose=T,
                twist=J @ v,
                following=last is not None and last.following,
                clock_rate=0.0 if last is None else last.clock_rate,
            )
        )

    def _joint_command(self, targets: PoseTargets) -> JointCommand | Cause:
        """Solve the IK from target to target, each from the solution of the one before."""
        timeline = self.governor.advance(self._now_ns)
        assert timeline is not None
        q = timeline.states[0, 0]
        gaps = np.diff(
            targets.times_ns, prepend=targets.times_ns[0] - self.governor.settings.step_ns
        )
        path = np.empty((len(gaps), len(q)))
        for k, seconds in enumerate(gaps * 1e-9):
            step = self.ik.step(q, targets.poses[k], seconds)
            if k == 0 and (
                step.position_error > LOST_DISTANCE or step.orientation_error > LOST_ANGLE
            ):
                return _lost(step)
            q = path[k] = q + seconds * step.q_dot
        return JointCommand(targets.stamp_ns, self.governor.arm.joints, targets.times_ns, path)


def _lost(step: IkStep) -> Cause:
    singular = 'singularity' in step.limited_by
    return Cause(
        HaltReason.SINGULARITY if singular else HaltReason.UNREACHABLE,
        f'the end effector is {step.position_error:.3f} m and {step.orientation_error:.3f} rad '
        f'from its target and gets no nearer; at its limit: {list(step.limited_by)}',
    )
