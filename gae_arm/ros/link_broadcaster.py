"""Poses of the links on /tf and /tf_static, as a robot_state_publisher sends them."""

from __future__ import annotations

import numpy as np
from rclpy.node import Node

from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.motion import RobotState
from gae_arm.ros import topics
from gae_arm.ros.transforms import tf_to_msg


class LinkBroadcaster:
    """Sends where the links of a URDF are; usable from any thread."""

    def __init__(self, node: Node, urdf: str) -> None:
        self._tree = KinematicTree(urdf)
        self._moving = np.flatnonzero(self._tree.moving)
        self._frames = [self._tree.frames[i] for i in self._moving]
        self._publisher = topics.TF.publisher(node)

    def publish(self, state: RobotState, stamp_ns: int) -> None:
        """Send the links that move, at this joint state."""
        positions = dict(zip(state.joint_names, state.position.tolist(), strict=True))
        T_parent_child = self._tree.joint_transforms(positions)[self._moving]
        self._publisher.publish(tf_to_msg(stamp_ns, self._frames, T_parent_child))

    def fixed(self) -> list[tuple[tuple[str, str], np.ndarray]]:
        """Return (parent, child) and T_parent_child (4, 4) of the joints that do not move."""
        poses = self._tree.joint_transforms(dict.fromkeys(self._tree.joints, 0.0))
        fixed = np.flatnonzero(~self._tree.moving)
        return [(self._tree.frames[i], poses[i]) for i in fixed]
