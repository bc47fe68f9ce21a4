"""The QoS of every kind of topic, in one place.

A best-effort publisher and a reliable subscriber never connect, so both ends take theirs here.
"""

from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSProfile,
    QoSReliabilityPolicy,
)


def _profile(depth: int, reliable: bool, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=QoSReliabilityPolicy.RELIABLE if reliable else QoSReliabilityPolicy.BEST_EFFORT,
        durability=QoSDurabilityPolicy.TRANSIENT_LOCAL if latched else QoSDurabilityPolicy.VOLATILE,
    )


SENSOR = _profile(depth=5, reliable=False)
"""Streams where the newest counts: images, clouds, joint states."""

COMMAND = _profile(depth=1, reliable=True)
"""What moves the arm: the newest command, and none lost."""

LATCHED = _profile(depth=1, reliable=True, latched=True)
"""State that a late joiner needs: plan, status, robot_description."""

EVENTS = _profile(depth=100, reliable=True)
"""/tf and /diagnostics, as their tools expect."""
