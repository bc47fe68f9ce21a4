"""One arm under control, without ROS: what was heard goes in, what the arm is told comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.arm_control.ages import AgeWatch
from gae_arm.arm_control.arm_rules import make_governor
from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.command import JointCommand, checked_path
from gae_arm.arm_control.follower import ChunkFollower
from gae_arm.arm_control.grasp_sites import ExemptSpheres, GraspSites
from gae_arm.arm_control.ik import DifferentialIk, IkSettings
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.arm_control.permit import MotionPermit
from gae_arm.arm_control.settings import ArmControlSettings
from gae_arm.arm_control.streaming import ChunkStreamer, StreamSettings
from gae_arm.core.arm import ArmConfig
from gae_arm.core.motion import ActionChunk, ArmState, ArmStatus, HaltReason, RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.trajectory import JointTrajectory, Refusal, TrajectoryRefusedError


@dataclass(frozen=True)
class ControlOutput:
    """What one tick gives.

    trajectory: to be sent now; None while the arm stands (it was sent with its stop before), and
    while nothing may be sent. gripper: opening that the fingers shall have, None before any chunk
    asked for one. joint_state_ns, cloud_ns, chunk_ns: stamps of what it rests on, None for none;
    camera_ns: of the image that the chunk was made with.
    """

    status: ArmStatus
    trajectory: JointTrajectory | None
    gripper: float | None
    joint_state_ns: int | None
    cloud_ns: int | None
    chunk_ns: int | None
    camera_ns: int | None = None


class ArmController:
    """Keeps the newest of everything and ticks the follower; for one thread, but for `stop`.

    arm: as its file says; the limits that are kept are in `governor.arm`. Raises InvalidValueError
    for settings that make no sense together. All times are the caller's, on the node clock.

    The newest of chunks and joint motions is carried out. A refused one brakes the arm until a
    good one comes. While a halt is latched, commands are not even kept: after `resume` only what
    is sent from then on moves the arm.
    """

    def __init__(
        self,
        arm: ArmConfig,
        settings: ArmControlSettings,
        limits: GovernorSettings,
        stream: StreamSettings,
        ik: IkSettings,
    ) -> None:
        arm = limited_arm(arm, limits)
        self._base_frame = arm.base_frame
        self._kinematics = Kinematics(arm)
        height = settings.table_height if settings.table else None
        self._collision = CollisionModel(self._kinematics, height, (), settings.table_noise)
        self.governor = make_governor(self._collision, limits)
        self.governor.speed_cap = settings.first_speed
        lasts_ns = round(settings.preflight_lasts * 1e9)
        self.permit = MotionPermit(settings.preflight, arm.name, lasts_ns)
        if not self.permit.granted:
            self.governor.stop(f'the pre-flight check has not passed: {self.permit.advice}')
        self._follower = ChunkFollower(
            self.governor,
            DifferentialIk(self._kinematics, ik),
            ChunkStreamer(arm.base_frame, stream),
        )
        self._chunk_age, self._command_age = (
            AgeWatch(name, limits.chunk_age, limits.clock_tolerance, HaltReason.CHUNK_STALE)
            for name in ('chunk', 'joint command')
        )
        self._spheres = ExemptSpheres(settings.site_radius, settings.carry_radius)
        self._exempt = np.zeros((0, 4))
        self._use_cloud = limits.use_cloud
        self._joint_state: RobotState | None = None
        self._cloud: tuple[int | None, np.ndarray | None] = (None, None)
        self._joint_state_fault: Cause | None = None
        self._cloud_fault: Cause | None = None
        self._plan: WaypointPlan | None = None
        self._refusal: Cause | None = None

    def compile(self) -> None:
        """Have all kernels compiled or loaded: seconds, which no tick may take."""
        self._follower.compile()
        self._collision.compile()
        home = self.governor.arm.home
        self._follower.ik.step(home, self._kinematics.forward(home), self.governor.settings.period)

    # -- what is heard ----------------------------------------------------------------------------

    def take_joint_state(self, state: RobotState) -> None:
        """Take the newest joint state."""
        self._joint_state, self._joint_state_fault = state, None

    def refuse_joint_state(self, message: str) -> None:
        """Note that the newest joint state breaks its contract; the arm brakes."""
        self._joint_state_fault = Cause(HaltReason.JOINT_STATE_INVALID, f'joint state: {message}')

    def take_cloud(self, stamp_ns: int, points: np.ndarray) -> None:
        """Take the newest cloud (M, 3), m, base frame."""
        self._cloud, self._cloud_fault = (stamp_ns, points), None

    def refuse_cloud(self, message: str) -> None:
        """Note that the newest cloud cannot be used; the arm brakes."""
        self._cloud_fault = Cause(
            HaltReason.CLOUD_STALE, f'the newest cloud is of no use: {message}'
        )

    def take_plan(self, plan: WaypointPlan) -> None:
        """Take a plan; the chunks of the one before are not continued.

        What the plan exempts from the cloud is told by `set_sites`, once it is known.
        """
        if self._plan is not None and self._plan.plan_id == plan.plan_id:
            return
        self._plan, self._refusal = plan, None
        self._spheres.set_sites(None)
        self._follower.clear()

    def set_sites(self, plan_id: str, sites: GraspSites) -> None:
        """Take where the plan touches things, unless another plan has come meanwhile."""
        if self._plan is not None and self._plan.plan_id == plan_id:
            self._spheres.set_sites(sites)

    def take_chunk(self, chunk: ActionChunk, now_ns: int) -> None:
        """Take a chunk of the current plan; refuse any other."""
        if self.governor.latched is not None:
            return
        self._refusal = (
            self._other_plan(chunk, now_ns)
            or self._chunk_age.check(chunk.stamp_ns, now_ns)
            or self._follower.accept(chunk)
        )

    def take_joint_trajectory(self, trajectory: JointTrajectory, now_ns: int) -> None:
        """Take a motion of all joints: stamped with when it begins and was decided, or 0 for now.

        How old it is counts when it comes; then it is followed to its end.
        """
        if self.governor.latched is not None:
            return
        start_ns = trajectory.stamp_ns or now_ns
        path = checked_path(
            JointCommand(
                start_ns, trajectory.joint_names, trajectory.times_ns, trajectory.positions
            ),
            self.governor.arm.joints,
        )
        stale = self._command_age.check(start_ns, now_ns)
        if isinstance(path, Cause) or stale is not None:
            self._refusal = path if isinstance(path, Cause) else stale
            return
        self._refusal = None
        self._follower.accept_joints(path, start_ns)

    def refuse_command(self, source: str, error: Exception) -> None:
        """Note that a command breaks its contract; the arm brakes until a good one comes."""
        wrong = isinstance(error, TrajectoryRefusedError) and error.reason == Refusal.WRONG_JOINTS
        reason = HaltReason.COMMAND_WRONG_JOINTS if wrong else HaltReason.COMMAND_INVALID
        self._refusal = Cause(reason, f'{source}: {error}')

    def stop(self, message: str) -> None:
        """Brake from the next tick on, latched; may be called from any thread."""
        self.governor.stop(message)

    def resume(self, now_ns: int) -> tuple[bool, str]:
        """Release what is latched if nothing speaks against it; return success and a sentence."""
        if self.governor.latched is not None:
            self._follower.clear()
        refusal = self.permit.refusal(now_ns)
        if refusal is not None:
            return False, f'not resumed: {refusal}'
        success, message = self.governor.resume(now_ns, self._inputs(now_ns))
        if success:
            self.permit.grant()
            self._refusal = None
            if self.governor.speed_cap < 1:
                message += f', at {self.governor.speed_cap:.0%} of the speed'
        return success, message

    def full_speed(self) -> str:
        """End the slow first motion; the governor's limits stay. Return a sentence."""
        before, self.governor.speed_cap = self.governor.speed_cap, 1.0
        return 'it was at full speed' if before == 1 else f'from {before:.0%} to full speed'

    # -- what is done about it --------------------------------------------------------------------

    @property
    def arm(self) -> ArmConfig:
        """The arm, with the limits that are kept."""
        return self.governor.arm

    def tick(self, now_ns: int) -> ControlOutput:
        """Return what the arm is told now; called once per period of the governor."""
        if self.governor.latched is not None:
            self._follower.clear()
        inputs = self._inputs(now_ns)
        output = self._follower.tick(now_ns, inputs)
        self._refusal = self._follower.refused or self._refusal
        moving = output.status.state == ArmState.MOVING
        targets = self._follower.targets if output.following else None
        return ControlOutput(
            status=output.status,
            trajectory=output.trajectory if moving else None,
            gripper=self._follower.gripper,
            joint_state_ns=None if inputs.joint_state is None else inputs.joint_state.stamp_ns,
            cloud_ns=inputs.cloud_stamp_ns,
            chunk_ns=None if targets is None else targets.stamp_ns,
            camera_ns=None if targets is None else targets.cloud_stamp_ns,
        )

    def measured_pose(self) -> tuple[int, np.ndarray] | None:
        """Return stamp and T_base_ee (4, 4) of the newest joint state; None if it has none."""
        state = self._joint_state
        if state is None or not set(self.arm.joints) <= set(state.joint_names):
            return None
        return state.stamp_ns, self._kinematics.evaluate(state.select(self.arm.joints))[0]

    def _inputs(self, now_ns: int) -> Inputs:
        if self._use_cloud:
            self._see_sites(now_ns)
        stamp_ns, points = self._cloud
        return Inputs(
            joint_state=self._joint_state,
            cloud_stamp_ns=stamp_ns,
            cloud=points,
            exempt=self._exempt,
            plan_expiry_ns=self._expiry(),
            refusal=self._refusal,
            joint_state_fault=self._joint_state_fault,
            cloud_fault=self._cloud_fault,
        )

    def _see_sites(self, now_ns: int) -> None:
        timeline = self.governor.advance(now_ns)
        if timeline is not None:
            T, _ = self._kinematics.evaluate(timeline.states[0, 0])
            self._exempt = self._spheres.update(now_ns, T[:3, 3], self._follower.gripper)

    def _expiry(self) -> int | None:
        """Return when the plan expires that is being carried out."""
        targets = self._follower.targets
        if targets is None or self._plan is None or targets.plan_id != self._plan.plan_id:
            return None
        return self._plan.expiry_ns

    def _other_plan(self, chunk: ActionChunk, now_ns: int) -> Cause | None:
        plan = self._plan
        current = plan is not None and now_ns <= plan.expiry_ns
        wanted = plan.plan_id if plan is not None and (current or chunk.plan_id) else ''
        if chunk.plan_id == wanted:
            return None
        return Cause(
            HaltReason.COMMAND_INVALID,
            f'chunk {chunk.sequence} of policy {chunk.policy!r} is for plan {chunk.plan_id!r}, '
            f'the current one is {wanted!r}',
        )
