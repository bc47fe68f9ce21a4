"""What all nodes last said on /diagnostics, for who shows or measures it."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from gae_arm.ros import topics


class HealthInput:
    """Keeps the values of each status by its name, such as 'point_cloud: cloud'."""

    def __init__(self, node: Node) -> None:
        self.values: dict[str, dict[str, str]] = {}
        self._node = node
        self._subscription = topics.DIAGNOSTICS.subscription(node, self._take)

    def close(self) -> None:
        """Hear no more."""
        self._node.destroy_subscription(self._subscription)

    def _take(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            self.values[status.name] = {value.key: value.value for value in status.values}
