"""A bag as the stack would have recorded it: an arm follows a plan exactly, without physics."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from rclpy.serialization import serialize_message
from std_msgs.msg import Float64MultiArray, String

from action_expert.carrier import PlanCarrier
from action_expert.following import PolicySettings
from action_expert.policies import make_policy
from gae_arm.arm_control.ik import DifferentialIk
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.cloud import Cloud
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.plan_check import PlanCheckSettings
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.core.progress import PlanState
from gae_arm.core.trajectory import JointTrajectory
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.robot_mask import RobotMask
from gae_arm.point_cloud.workspace import WorkspaceSettings
from gae_arm.recording.bag_metadata import BagTopic
from gae_arm.recording.bag_writer import BagWriter
from gae_arm.recording.offered_qos import OfferedQos
from gae_arm.ros import topics
from gae_arm.ros.camera_msgs import frame_to_msgs
from gae_arm.ros.cloud_msgs import cloud_to_msg
from gae_arm.ros.motion_msgs import chunk_to_msg, state_to_msg
from gae_arm.ros.plan_msgs import plan_to_msg, progress_to_msg
from gae_arm.ros.trajectory_msgs import trajectory_to_msg
from gae_arm.ros.transforms import tf_to_msg

START_NS = 1_700_000_000_000_000_000
MS = 1_000_000
CAMERA = 'camera_color_optical_frame'
T_BASE_CAMERA = geometry.look_at([1.1, 0.0, 0.7], [0.45, 0.0, 0.0])
INTRINSICS = CameraIntrinsics(64, 48, np.array([[60.0, 0, 31.5], [0, 60.0, 23.5], [0, 0, 1]]))
SETTINGS = PolicySettings(actions=8, speed=0.4)
INSTRUCTION = 'put the cube away'
LATCHED = (topics.WAYPOINT_PLAN, topics.PLAN_PROGRESS, topics.TF_STATIC, topics.INSTRUCTION)


def plan_at(stamp_ns, name='first', instruction=INSTRUCTION):
    """Down to grasp, up, and aside: in the camera's frame."""
    way = [(0.5, 0.0, 0.25, 1.0), (0.5, 0.0, 0.1, 0.0), (0.5, 0.1, 0.3, None)]
    waypoints = tuple(Waypoint(np.array(w[:3]), None, w[3]) for w in way)
    base = WaypointPlan(
        name, stamp_ns, 'panda_link0', instruction, waypoints, stamp_ns + 60_000 * MS
    )
    return plan_in_frame(base, CAMERA, geometry.invert(T_BASE_CAMERA))


@functools.cache
def mask_of_panda():
    """Made once: it takes a second."""
    return RobotMask.of_arm(load_arm(arm_file('panda')), WorkspaceSettings().robot_margin)


def topic_of(topic, name=None):
    qos = OfferedQos(
        topic.qos.reliability.name.lower(), topic.qos.durability.name.lower(), 'keep_last', 5
    )
    return BagTopic(name or f'/{topic.name.lstrip("/")}', topic.type_name, (qos,))


class MadeStack:
    """Runs in steps of 10 ms and writes what nodes would have said.

    names: other names for topics, by the stack's.
    """

    def __init__(self, folder, names=None, parameters=True, left_out=()):
        self.arm = load_arm(arm_file('panda'))
        self.policy = make_policy('spline', self.arm, SETTINGS)
        self.writer = BagWriter(folder, reserve=0)
        self.now_ns = START_NS
        self.q, self.opening, self.wanted = self.arm.home.copy(), 1.0, 1.0
        self.plans = {}
        self._names, self._left_out = names or {}, left_out
        self._ik = DifferentialIk(Kinematics(self.arm))
        self._mask = mask_of_panda()
        self._pipeline = CloudPipeline(WorkspaceSettings(), self._mask)
        self._rng = np.random.default_rng(0)
        self._carrier = PlanCarrier(
            self.policy, PlanCheckSettings(), lambda *_: T_BASE_CAMERA, None, 0, 0
        )
        self._cloud = None
        self._target = None
        if parameters:
            policy = dataclasses.asdict(SETTINGS)
            self.writer.add_parameters(
                '/action_expert', {'policy': 'spline', 'arm': 'panda'} | policy
            )
            self.writer.add_parameters('/point_cloud', {'arm': 'panda', 'mask_robot': True})
        frames = [('panda_link0', CAMERA)]
        self.say(topics.TF_STATIC, tf_to_msg(self.now_ns, frames, T_BASE_CAMERA[None]))

    def say(self, topic, msg, later_ms=1):
        """Write a message as if it had been heard so much later."""
        if topic in self._left_out:
            return
        described = topic_of(topic, self._names.get(topic.name))
        if described.name not in self.writer._topics:
            self.writer.add_topic(described)
        log_ns = self.now_ns + later_ms * MS
        self.writer.write(described.name, log_ns, serialize_message(msg), self.now_ns)

    def state(self):
        fingers = self.arm.gripper.positions(self.opening)
        position = np.concatenate([self.q, fingers])
        names = (*self.arm.joints, *self.arm.gripper.joints)
        zeros = np.zeros(len(names))
        return RobotState(self.now_ns, names, position, zeros, zeros)

    def take(self, plan):
        """Send a plan, as a planner would."""
        self.say(topics.WAYPOINT_PLAN, plan_to_msg(plan))
        self._carrier.take(plan, self.now_ns)

    def instruct(self, words):
        self.say(topics.INSTRUCTION, String(data=words))

    def frame(self):
        """A table with some noise."""
        rays = np.stack(np.meshgrid(np.arange(64), np.arange(48)), -1) - [31.5, 23.5]
        directions = (
            np.concatenate([rays / 60.0, np.ones((48, 64, 1))], -1) @ T_BASE_CAMERA[:3, :3].T
        )
        depth = -T_BASE_CAMERA[2, 3] / directions[..., 2]
        noisy = 1000 * depth + self._rng.normal(0, 2, depth.shape)
        color = self._rng.integers(0, 255, (48, 64, 3)).astype(np.uint8)
        return CameraFrame(self.now_ns, CAMERA, INTRINSICS, noisy.astype(np.uint16), color)

    def step(self):
        """Let 10 ms pass; a camera frame, a cloud and a chunk every 70 ms."""
        state = self.state()
        self.say(topics.JOINT_STATES, state_to_msg(state))
        if (self.now_ns - START_NS) // (10 * MS) % 7 == 0:
            self._see(state)
            self._act(state)
        self._move()
        self.now_ns += 10 * MS

    def _see(self, state):
        frame = self.frame()
        color, depth, info = frame_to_msgs(frame)
        for topic, msg in (
            (topics.COLOR, color), (topics.DEPTH, depth), (topics.CAMERA_INFO, info)
        ):  # fmt: skip
            self.say(topic, msg, 3)
        joints = dict(zip(state.joint_names, state.position.tolist(), strict=True))
        made = self._pipeline.process(frame, T_BASE_CAMERA, self._mask.link_transforms(joints))
        self._cloud = Cloud(frame.stamp_ns, 'panda_link0', made.points.copy())
        msg = cloud_to_msg(self._cloud.points, frame.stamp_ns, 'panda_link0')
        self.say(topics.POINTS, msg, 6)

    def _act(self, state):
        done = self._carrier.act(self.now_ns, state, self._cloud)
        self._target = None
        if done is not None:
            chunk, progress = done
            self.say(topics.ACTION_CHUNK, chunk_to_msg(chunk), 8)
            self.say(topics.PLAN_PROGRESS, progress_to_msg(progress), 8)
            self._target = chunk

    def _move(self):
        chunk = self._target
        if chunk is None:
            return
        ahead = min(2, len(chunk.times_ns) - 1)
        rotation = geometry.quaternion_to_matrix(chunk.orientation[ahead])
        pose = geometry.transform(rotation, chunk.position[ahead])
        self.q = self.q + 0.01 * self._ik.step(self.q, pose, 0.05).q_dot
        self.opening += np.clip(chunk.gripper[0] - self.opening, -0.02, 0.02)
        command = JointTrajectory(self.arm.joints, self.now_ns, np.array([0]), self.q[None])
        self.say(topics.JOINT_TRAJECTORY, trajectory_to_msg(command), 2)
        fingers = self.arm.gripper.positions(float(chunk.gripper[0]))
        self.say(topics.GRIPPER_COMMAND, Float64MultiArray(data=fingers.tolist()), 2)

    @property
    def is_done(self):
        progress = self.policy.progress()
        return progress.state == PlanState.DONE

    def run(self, seconds):
        for _ in range(round(seconds * 100)):
            self.step()

    def close(self):
        self.writer.close()
        return self.writer.folder


def make_stack_bag(folder, seconds=7.0, **keys):
    """A bag of one plan, sent half a second after the beginning."""
    stack = MadeStack(folder, **keys)
    stack.run(0.5)
    stack.take(plan_at(stack.now_ns))
    stack.run(seconds)
    return stack.close()
