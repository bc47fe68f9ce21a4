"""Health of a node on /diagnostics: one status with a level, a sentence and named values."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from gae_arm.ros import topics

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)


class Diagnostics:
    """Publishes a node's statuses on /diagnostics, from any thread."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = topics.DIAGNOSTICS.publisher(node)

    def publish(
        self, subject: str, level: bytes, message: str, values: Mapping[str, object] | None = None
    ) -> None:
        """Publish one status; `subject` completes the node's name, numbers get 4 digits."""
        status = DiagnosticStatus(
            level=level,
            name=f'{self._node.get_name()}: {subject}',
            message=message,
            hardware_id=self._node.get_fully_qualified_name(),
            values=[KeyValue(key=k, value=_text(v)) for k, v in (values or {}).items()],
        )
        msg = DiagnosticArray(status=[status])
        msg.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(msg)


class ProcessLoad:
    """The processor time of this process."""

    def __init__(self) -> None:
        self._last = (time.monotonic(), time.process_time())

    def cores(self) -> float:
        """Return how many cores were busy since the last call, on average."""
        now = (time.monotonic(), time.process_time())
        (passed, busy), self._last = np.subtract(now, self._last).tolist(), now
        return busy / max(passed, 1e-6)


def _text(value: object) -> str:
    return f'{value:.4g}' if isinstance(value, float) else str(value)
