"""Chunks and joint motions in, trajectories out: streaming, inverse kinematics, governor."""

from __future__ import annotations

import dataclasses

import numpy as np

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.command import JointCommand, Path
from gae_arm.arm_control.governor import Governor, GovernorOutput
from gae_arm.arm_control.ik import DifferentialIk, IkStep
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_control.joint_motion import JointMotion
from gae_arm.arm_control.streaming import ChunkStreamer, Executed, PoseTargets
from gae_arm.core.motion import ActionChunk, ArmState, ArmStatus, HaltReason

LOST_DISTANCE, LOST_ANGLE = 0.05, 0.3
"""m, rad from its target, where the end effector no longer counts as following it."""
PATIENCE = 1.0
"""s that a joint motion waits, while the arm stands halted, before it is given up."""


class ChunkFollower:
    """Carries chunks, or a joint motion, out with one arm; all times are the caller's.

    What came last is carried out. While the arm is halted it waits: a chunk until it is too old, a
    joint motion for `PATIENCE`; nothing starts to move long after it was asked for.

    ik, governor: made for the same arm. streamer: for its base frame.
    gripper: the opening that the chunk asks for now, 0.0 closed to 1.0 open; None before the first
    chunk. While the arm is halted it stays as it is: nothing is dropped.
    targets: of the chunk that is being carried out; None for none. refused: why the last tick gave
    a chunk or a joint motion up.
    """

    def __init__(self, governor: Governor, ik: DifferentialIk, streamer: ChunkStreamer) -> None:
        self.governor = governor
        self.ik = ik
        self.streamer = streamer
        self.gripper: float | None = None
        self.targets: PoseTargets | None = None
        self.refused: Cause | None = None
        self._motion: JointMotion | None = None
        self._last: GovernorOutput | None = None
        self._now_ns = self._alive_ns = 0

    def compile(self) -> None:
        """Have all kernels compiled or loaded: seconds, which no tick may take."""
        self.governor.compile()

    def clear(self) -> None:
        """Forget what is being carried out: the arm comes to a stand."""
        self.streamer.clear()
        self._motion = None

    def accept(self, chunk: ActionChunk) -> Cause | None:
        """Take a chunk; return why it is refused, None if it is not."""
        refusal = self.streamer.accept(chunk)
        if refusal is None:
            self._motion = None
        return refusal

    def accept_joints(self, path: Path, start_ns: int) -> None:
        """Take a joint motion; its times count from start_ns. The chunks are done with."""
        timeline = self.governor.advance(self._now_ns)
        if timeline is None:
            return  # The arm's position is not known: the status says why.
        self.streamer.clear()
        self._motion = JointMotion(
            self.governor.arm.joints,
            path,
            start_ns,
            timeline.start_ns,
            timeline.states[0, 0],
            self.streamer.settings,
        )
        self._alive_ns = self._now_ns

    def tick(self, now_ns: int, inputs: Inputs) -> GovernorOutput:
        """Return what the arm does next; called once per period of the governor."""
        if now_ns < self._now_ns - self.governor.settings.clock_tolerance * 1e9:
            self.clear()
        self._now_ns = now_ns
        self.targets = self.refused = None
        command = self._command(now_ns)
        if isinstance(command, Cause):
            inputs = dataclasses.replace(inputs, refusal=inputs.refusal or command)
            command = None
        self._last = output = self.governor.tick(now_ns, inputs, command)
        if output.following and self.targets is not None:
            self.gripper = self.targets.gripper
        if output.following or output.status.state == ArmState.MOVING:
            self._alive_ns = now_ns
        else:
            self._forget_old(now_ns, output.status)
        return output

    def _forget_old(self, now_ns: int, status: ArmStatus) -> None:
        """Give up what was asked too long ago; the arm stands and does not follow it."""
        if self._motion is not None and now_ns - self._alive_ns > PATIENCE * 1e9:
            self._motion = None
            text = f'given up after {PATIENCE:g} s: {status.message}'
            self.refused = Cause(status.reason, text)
        targets = self.targets
        if targets is not None:
            age = (now_ns - targets.stamp_ns) * 1e-9
            if age > self.governor.settings.chunk_age:
                self.streamer.clear()

    def _command(self, now_ns: int) -> JointCommand | Cause | None:
        timeline = self.governor.advance(now_ns)
        if timeline is None:
            return None
        last = self._last
        rate = 0.0 if last is None else last.clock_rate
        if self._motion is not None and self._motion.finished:
            self._motion = None
        if self._motion is not None:
            return self._motion.tick(now_ns, timeline.start_ns, rate)
        q, v, _ = timeline.states[0]
        T, J = self.ik.kinematics.evaluate(q)
        targets = self.streamer.tick(
            Executed(
                at_ns=timeline.start_ns,
                pose=T,
                twist=J @ v,
                following=last is not None and last.following,
                clock_rate=rate,
            )
        )
        if not isinstance(targets, PoseTargets):
            self.refused = targets
            return targets
        self.targets = targets
        return self._joint_command(targets, q)

    def _joint_command(self, targets: PoseTargets, q: np.ndarray) -> JointCommand | Cause:
        """Solve the IK from target to target, each from the solution of the one before."""
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
