"""An arm under `arm_control` as its users see it, and a policy that leads it along lines."""

from __future__ import annotations

import functools
import itertools

import numpy as np
from gae_msgs.msg import ArmStatus
from std_srvs.srv import Trigger

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.motion import ActionChunk, ArmState, HaltReason, RobotState
from gae_arm.core.paths import arm_file
from gae_arm.ros import topics
from gae_arm.ros.motion_msgs import chunk_to_msg, state_from_msg

STILL = 0.02
"""rad/s: joints slower than this stand."""
SEND_EVERY = 0.1
SPACING = 0.05


@functools.cache
def kinematics(name: str) -> Kinematics:
    return Kinematics(load_arm(arm_file(name)))


class ControlledArm:
    """Topics and services of one arm; everything heard is kept."""

    def __init__(self, launched, probe, name='panda', ready=True):
        self.launched, self.probe = launched, probe
        self.kinematics = kinematics(name)
        self.arm = self.kinematics.arm
        self.states = probe.listen(topics.JOINT_STATES)
        self.statuses = probe.listen(topics.ARM_STATUS)
        self.commands = probe.listen(topics.JOINT_TRAJECTORY)
        self.gripper = probe.listen(topics.GRIPPER_COMMAND)
        self.chunks = topics.ACTION_CHUNK.publisher(probe.node)
        self.joint_command = topics.JOINT_COMMAND.publisher(probe.node)
        self.plans = topics.WAYPOINT_PLAN.publisher(probe.node)
        self.sequence = itertools.count()
        if ready:
            self.wait_ready()

    def wait_ready(self) -> None:
        for publisher in (self.chunks, self.joint_command, self.plans):
            self.probe.wait_for(publisher.get_subscription_count, 'arm_control', 120.0)
        self.wait_status(ArmState.HOLDING, HaltReason.NO_COMMAND)

    # -- what it does

    @property
    def state(self) -> RobotState:
        return state_from_msg(self.states[-1])

    @property
    def position(self) -> np.ndarray:
        return self.state.select(self.arm.joints)

    @property
    def pose(self) -> np.ndarray:
        return self.kinematics.forward(self.position)

    @property
    def status(self) -> ArmStatus:
        return self.statuses[-1]

    def speed(self, msg=None) -> float:
        """Largest speed of an arm joint, rad/s."""
        state = state_from_msg(msg or self.states[-1])
        return float(np.abs(state.velocity[: len(self.arm.joints)]).max())

    def is_status(self, state, reason) -> bool:
        return bool(self.statuses) and (self.status.state, self.status.reason) == (state, reason)

    def wait_status(self, state, reason, timeout=60.0) -> str:
        """Wait until the arm's status is this one; return its sentence."""
        try:
            self.probe.wait_for(lambda: self.is_status(state, reason), reason.name, timeout)
        except Exception as error:
            raise AssertionError(f'{error}; the status is {self.statuses[-1:]}') from error
        return self.status.message

    def wait_reason(self, reason, timeout=20.0) -> str:
        """Wait until the arm stands halted for this reason; return the sentence."""
        message = self.wait_status(ArmState.HALTED, reason, timeout)
        self.wait_still()
        return message

    def wait_still(self) -> None:
        self.states.clear()
        self.probe.wait_for(lambda: self.states and self.speed() < STILL, 'the arm to stand', 5.0)

    # -- what it is asked for

    def chunk(self, goal, speed=0.25, gripper=1.0, plan_id='', count=16) -> ActionChunk:
        """A chunk made now: straight from the end effector to a place, m, at a speed, m/s."""
        T = self.pose
        way = np.asarray(goal) - T[:3, 3]
        share = np.arange(count) * SPACING * speed / max(np.linalg.norm(way), 1e-9)
        now_ns = self.probe.now_ns()
        return ActionChunk(
            stamp_ns=now_ns,
            frame_id=self.arm.base_frame,
            sequence=next(self.sequence),
            plan_id=plan_id,
            cloud_stamp_ns=None,
            policy='line',
            times_ns=now_ns + np.round(np.arange(count) * SPACING * 1e9).astype(np.int64),
            position=T[:3, 3] + np.minimum(share, 1.0)[:, None] * way,
            orientation=np.tile(geometry.matrix_to_quaternion(T[:3, :3]), (count, 1)),
            gripper=np.full(count, gripper),
        )

    def lead(self, goal, condition, what, timeout=20.0, **options):
        """Send a new chunk every 100 ms, as a policy does, until a condition holds."""
        sent_ns = 0

        def step():
            nonlocal sent_ns
            if not self.states:
                return False
            if self.probe.now_ns() - sent_ns > SEND_EVERY * 1e9:
                sent_ns = self.probe.now_ns()
                self.chunks.publish(chunk_to_msg(self.chunk(goal, **options)))
            return condition()

        try:
            return self.probe.wait_for(step, what, timeout)
        except Exception as error:
            raise AssertionError(f'{error}; the status is {self.statuses[-1:]}') from error

    def at(self, goal, tolerance=0.005) -> bool:
        return bool(np.linalg.norm(self.pose[:3, 3] - goal) < tolerance)

    def go(self, goal, **options) -> None:
        self.lead(goal, lambda: self.at(goal), f'the end effector at {goal}', **options)

    def start_moving(self, goal, least=0.1, **options) -> None:
        """Send chunks until a joint is faster than `least`, rad/s."""
        self.lead(goal, lambda: self.speed() > least, 'the arm to move', **options)

    def call(self, name) -> Trigger.Response:
        return self.probe.call(Trigger, name, Trigger.Request())
