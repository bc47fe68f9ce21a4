"""A real image as a camera's topics, and an arm that is only imagined: nothing moves.

Where a camera driver and an arm's driver would speak, this node does: the rest of the stack runs as
it is. The imagined joints do exactly what the governor lets out.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray, String

from gae_arm.arm_sim.trajectory import TrajectoryExecutor
from gae_arm.core.arm import load_arm
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.trajectory import TrajectoryRefusedError
from gae_arm.core.urdf import load_urdf
from gae_arm.ros import parameters, topics
from gae_arm.ros.camera_msgs import frame_to_msgs
from gae_arm.ros.link_broadcaster import LinkBroadcaster
from gae_arm.ros.motion_msgs import state_to_msg
from gae_arm.ros.run import run_node
from gae_arm.ros.stamps import time_to_msg
from gae_arm.ros.trajectory_msgs import trajectory_from_bytes
from gae_arm.ros.transforms import tf_to_msg
from gae_arm.shadow.scenes import load_scene
from gae_arm.shadow.settings import ShadowSourceSettings
from gae_arm.shadow.surroundings import look

JOINT_PERIOD, TF_PERIOD = 0.01, 0.05
MOST_POINTS = 1000


class ShadowSourceNode(Node):
    """Node `shadow_source`; see docs/shadow.md."""

    def __init__(self) -> None:
        super().__init__('shadow_source')
        settings = parameters.declare(self, ShadowSourceSettings)
        self._arm = load_arm(arm_file(settings.arm))
        q = np.array(self._arm.home)
        scene = load_scene(Path(settings.rgbd), settings.scene)
        around = look(scene, self._arm, q, settings.clear)
        self._images = frame_to_msgs(around.frame)
        self._driver = TrajectoryExecutor(
            self._arm.joints,
            self._arm.limits.lower,
            self._arm.limits.upper,
            q,
            interpolate_from_desired_state=True,
        )
        self._opening = self._wanted = 1.0
        travel = np.abs(self._arm.gripper.opened - self._arm.gripper.closed).max()
        self._step = JOINT_PERIOD * self._arm.gripper.velocity / float(travel)
        self._make_topics(scene.T_base_camera, settings.rate)

    def _make_topics(self, T_base_camera: np.ndarray | None, rate: float) -> None:
        urdf = load_urdf(self._arm)
        self._links = LinkBroadcaster(self, urdf)
        self._states = topics.JOINT_STATES.publisher(self)
        self._camera = [
            topic.publisher(self) for topic in (topics.COLOR, topics.DEPTH, topics.CAMERA_INFO)
        ]
        self._description = topics.ROBOT_DESCRIPTION.publisher(self)
        self._description.publish(String(data=urdf))
        self._static = topics.TF_STATIC.publisher(self)
        frames = [*self._links.fixed()]
        assert T_base_camera is not None  # `look` has refused it otherwise.
        camera_frame = self._images[1].header.frame_id
        frames.append(((self._arm.base_frame, camera_frame), T_base_camera))
        names, poses = zip(*frames, strict=True)
        self._static.publish(tf_to_msg(self._now_ns(), names, np.array(poses)))
        topics.JOINT_TRAJECTORY.subscription(self, self._obey, raw=True)
        topics.GRIPPER_COMMAND.subscription(self, self._take_gripper)
        self.create_timer(JOINT_PERIOD, self._report)
        self.create_timer(TF_PERIOD, self._publish_links)
        self.create_timer(1 / rate, self._show)

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds

    def _obey(self, data: bytes) -> None:
        now_ns = self._now_ns()
        with suppress(TrajectoryRefusedError):  # One that comes too late changes nothing.
            trajectory = trajectory_from_bytes(data, MOST_POINTS)
            self._driver.accept(trajectory, now_ns, *self._driver.sample(now_ns))

    def _take_gripper(self, msg: Float64MultiArray) -> None:
        self._wanted = self._arm.gripper.opening(msg.data)

    def _state(self) -> RobotState:
        now_ns = self._now_ns()
        position, velocity = self._driver.sample(now_ns)
        fingers = self._arm.gripper.positions(self._opening)
        zeros = np.zeros(len(fingers))
        return RobotState(
            now_ns,
            (*self._arm.joints, *self._arm.gripper.joints),
            np.concatenate([position, fingers]),
            np.concatenate([velocity, zeros]),
            np.zeros(len(position) + len(fingers)),
        )

    def _report(self) -> None:
        self._opening += float(np.clip(self._wanted - self._opening, -self._step, self._step))
        self._states.publish(state_to_msg(self._state()))

    def _publish_links(self) -> None:
        state = self._state()
        self._links.publish(state, state.stamp_ns)

    def _show(self) -> None:
        """Publish the image as one that was taken now."""
        stamp = time_to_msg(self._now_ns())
        for publisher, msg in zip(self._camera, self._images, strict=True):
            if msg is not None:
                msg.header.stamp = stamp
                publisher.publish(msg)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run_node(ShadowSourceNode, args)
