"""Hears /tf and /tf_static and answers where frames were."""

from __future__ import annotations

import numpy as np
from rclpy.node import Node
from tf2_msgs.msg import TFMessage

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.geometry import quaternion_to_matrix, transform
from gae_arm.core.transform_tree import TransformTree
from gae_arm.ros import topics
from gae_arm.ros.stamps import time_from_msg


class TransformListener:
    """A TransformTree that fills itself; use it in the thread of the node's executor."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._tree = TransformTree()
        self.lookup = self._tree.lookup
        topics.TF.subscription(node, lambda msg: self._take(msg, static=False))
        topics.TF_STATIC.subscription(node, lambda msg: self._take(msg, static=True))

    def _take(self, msg: TFMessage, static: bool) -> None:
        for one in msg.transforms:
            p, q = one.transform.translation, one.transform.rotation
            orientation = np.array([q.x, q.y, q.z, q.w])
            try:
                if not np.linalg.norm(orientation) > 0:
                    raise InvalidValueError(
                        f'transform of {one.child_frame_id!r} has the quaternion '
                        f'{orientation.tolist()}'
                    )
                T = transform(quaternion_to_matrix(orientation), [p.x, p.y, p.z])
                stamp_ns = time_from_msg(one.header.stamp)
                self._tree.add(one.header.frame_id, one.child_frame_id, T, stamp_ns, static)
            except InvalidValueError as error:
                self._node.get_logger().error(f'/tf: {error}', throttle_duration_sec=1.0)
