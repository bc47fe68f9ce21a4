"""Hears /tf and /tf_static and answers where frames were."""

from __future__ import annotations

import time
from collections import deque

import numpy as np
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from tf2_msgs.msg import TFMessage

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.transform_tree import HISTORY_NS, TransformTree
from gae_arm.ros import topics
from gae_arm.ros.transforms import transform_from_msg


class TransformListener:
    """A TransformTree that fills itself; use it in the thread of the node's executor.

    lazy: /tf is only read when something is looked up, for who does that now and then; reading all
    of it as it comes costs 4% of a core.
    """

    def __init__(self, node: Node, lazy: bool = False) -> None:
        self._node = node
        self._tree = TransformTree()
        self._unread: deque[tuple[float, bytes]] = deque()
        if lazy:
            topics.TF.subscription(node, self._keep, raw=True)
        else:
            topics.TF.subscription(node, lambda msg: self._take(msg, static=False))
        topics.TF_STATIC.subscription(node, lambda msg: self._take(msg, static=True))

    def lookup(self, target: str, source: str, stamp_ns: int) -> np.ndarray:
        """Return T_target_source (4, 4) at a time; see TransformTree.lookup."""
        while self._unread:
            self._take(deserialize_message(self._unread.popleft()[1], TFMessage), static=False)
        return self._tree.lookup(target, source, stamp_ns)

    def _keep(self, data: bytes) -> None:
        """Keep a message for later, and none that the tree would forget at once."""
        now = time.monotonic()
        self._unread.append((now, data))
        while self._unread[0][0] < now - HISTORY_NS / 1e9:
            self._unread.popleft()

    def _take(self, msg: TFMessage, static: bool) -> None:
        for one in msg.transforms:
            try:
                self._tree.add(*transform_from_msg(one), static)
            except InvalidValueError as error:
                self._node.get_logger().error(f'/tf: {error}', throttle_duration_sec=1.0)
