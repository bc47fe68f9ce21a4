"""An arm that carries chunks out without a robot: its controller does exactly what it is told."""

from __future__ import annotations

import dataclasses

import numpy as np

from gae_arm.arm_control.arm_rules import make_governor
from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.follower import ChunkFollower
from gae_arm.arm_control.governor import GovernorOutput
from gae_arm.arm_control.ik import DifferentialIk
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.streaming import ChunkStreamer
from gae_arm.commands.benches.motion_checker import MotionChecker, screw_axes
from gae_arm.core.motion import ActionChunk, ArmStatus, RobotState

START_NS = 10**9


class StreamedArm:
    """A follower, its inputs, and a checker of all that it sends.

    collision: the model of `limited_arm(arm, settings)`. now_ns: of the next tick. position: (N,),
    rad, of the joints then. inputs: all but the joint state. statuses: of all ticks so far.
    """

    def __init__(self, collision: CollisionModel, settings: GovernorSettings) -> None:
        self.kinematics = collision.kinematics
        self.arm = self.kinematics.arm
        governor = make_governor(collision, settings)
        streamer = ChunkStreamer(self.arm.base_frame)
        self.follower = ChunkFollower(governor, DifferentialIk(self.kinematics), streamer)
        box = np.stack([settings.workspace_lower, settings.workspace_upper])
        step_ns = settings.step_ns
        self.checker = MotionChecker(self.arm, screw_axes(self.arm), box, step_ns // 2)
        self.step_ns = step_ns
        self.now_ns = START_NS
        self.position = self.arm.home.copy()
        self.inputs = Inputs(None)
        self.statuses: list[ArmStatus] = []

    @property
    def pose(self) -> np.ndarray:
        """T_base_ee (4, 4) now."""
        return self.kinematics.forward(self.position)

    @property
    def state(self) -> RobotState:
        """The joint state now; it reports no velocity."""
        zeros = np.zeros(len(self.position))
        return RobotState(self.now_ns, self.arm.joints, self.position, zeros, zeros)

    def chunk(
        self, places: np.ndarray, orientation: np.ndarray, period: float, gripper: float = 1.0
    ) -> ActionChunk:
        """Return a chunk made now: places (H, 3), m, `period` seconds apart; one quaternion."""
        count = len(places)
        times = self.now_ns + np.round(np.arange(count) * period * 1e9).astype(np.int64)
        turns, openings = np.tile(orientation, (count, 1)), np.full(count, gripper)
        return ActionChunk(
            stamp_ns=self.now_ns,
            frame_id=self.arm.base_frame,
            sequence=0,
            plan_id='',
            cloud_stamp_ns=None,
            policy='line',
            times_ns=times,
            position=places,
            orientation=turns,
            gripper=openings,
        )

    def tick(self) -> GovernorOutput:
        """Do one tick, check what is sent, and let the controller do it."""
        inputs = dataclasses.replace(self.inputs, joint_state=self.state)
        output = self.follower.tick(self.now_ns, inputs)
        self.statuses.append(output.status)
        if output.trajectory is None:
            self.now_ns += self.step_ns
            return output
        self.checker.check(output.trajectory, self.now_ns)
        self.now_ns += self.step_ns
        self.position = self.checker.position(self.now_ns)
        return output
