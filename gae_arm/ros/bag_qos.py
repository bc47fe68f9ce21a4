"""QoS of recorded topics: what discovery tells of publishers, and profiles to record and replay."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSProfile,
    QoSReliabilityPolicy,
)
from rclpy.topic_endpoint_info import TopicEndpointInfo

RECORD_DEPTH = 200
"""Messages that may wait while the recorder is busy with others."""
LEAST_DEPTH = 10

Words = tuple[str, str, str, int]
"""Reliability, durability, history and depth as a bag has them."""


def offered(publisher: TopicEndpointInfo) -> Words:
    """Return what a publisher offers; history and depth are not told by discovery."""
    qos = publisher.qos_profile
    words = (qos.reliability.name, qos.durability.name, qos.history.name)
    reliability, durability, history = (word.lower() for word in words)
    return reliability, durability, history, int(qos.depth)


def to_hear(publishers: Sequence[TopicEndpointInfo]) -> QoSProfile:
    """Return the strictest profile that hears all of them."""
    profiles = [publisher.qos_profile for publisher in publishers]
    reliable = all(p.reliability == QoSReliabilityPolicy.RELIABLE for p in profiles)
    latched = all(p.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL for p in profiles)
    return _profile(reliable, latched, RECORD_DEPTH)


def to_play(profiles: Sequence[Words]) -> QoSProfile:
    """Return a profile that everybody hears who heard what these offered: the strictest of them."""
    reliable = any(words[0] != 'best_effort' for words in profiles) or not profiles
    latched = any(words[1] == 'transient_local' for words in profiles)
    depth = max([words[3] for words in profiles], default=0)
    return _profile(reliable, latched, max(depth, LEAST_DEPTH))


def _profile(reliable: bool, latched: bool, depth: int) -> QoSProfile:
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=QoSReliabilityPolicy.RELIABLE if reliable else QoSReliabilityPolicy.BEST_EFFORT,
        durability=QoSDurabilityPolicy.TRANSIENT_LOCAL if latched else QoSDurabilityPolicy.VOLATILE,
    )
