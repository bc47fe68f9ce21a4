"""What a running graph looks like from outside: who speaks, at what rate, how fresh, to whom.

The stack's topics are found under any namespace: `/left/joint_states` counts as `joint_states`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSCompatibility, qos_check_compatible
from rclpy.serialization import deserialize_message
from rclpy.topic_endpoint_info import TopicEndpointInfo

from gae_arm.ros import qos, topics
from gae_arm.ros.observer import Observer
from gae_arm.ros.stamps import time_from_msg
from gae_arm.ros.topics import Topic

DISCOVERY_SECONDS = 3.0


@dataclass
class TopicReport:
    """One topic of the stack as seen on the graph.

    types: type names that its endpoints have. rate: Hz. age: seconds from the stamp to the
    arrival, median and largest. mismatches: publisher and subscriber that cannot connect, why.
    """

    name: str
    topic: Topic
    publishers: int
    subscribers: int
    types: tuple[str, ...]
    mismatches: list[str] = field(default_factory=list)
    messages: int = 0
    rate: float = 0.0
    age: tuple[float, float] | None = None


@dataclass(frozen=True)
class GraphReport:
    """nodes: full names without the inspector. topics: those of the stack that exist."""

    nodes: tuple[str, ...]
    topics: tuple[TopicReport, ...]


def inspect(seconds: float) -> GraphReport:
    """Watch the graph for `seconds`; call it without rclpy initialised."""
    with Observer('doctor') as observer:
        node = observer.node
        observer.spin(DISCOVERY_SECONDS)
        reports = [_report(node, name, topic) for name, topic in stack_topics(node)]
        arrivals = [_listen(node, report) for report in reports]
        observer.spin(seconds)
        for report, seen in zip(reports, arrivals, strict=True):
            _fill(report, seen)
        own = node.get_fully_qualified_name()
        names = sorted({f'{ns.rstrip("/")}/{n}' for n, ns in node.get_node_names_and_namespaces()})
    return GraphReport(tuple(n for n in names if n != own), tuple(reports))


def stack_topics(node: Node) -> list[tuple[str, Topic]]:
    """Return the full names on the graph that are topics of the stack; rosout and such are not."""
    found = []
    for name, _ in sorted(node.get_topic_names_and_types()):
        for topic in topics.ALL:
            if name == topic.name or name.endswith('/' + topic.name.lstrip('/')):
                found.append((name, topic))
                break
    return found


def _report(node: Node, name: str, topic: Topic) -> TopicReport:
    publishers = node.get_publishers_info_by_topic(name)
    subscribers = node.get_subscriptions_info_by_topic(name)
    types = tuple(sorted({end.topic_type for end in (*publishers, *subscribers)}))
    mismatches = [problem for p in publishers for s in subscribers if (problem := _mismatch(p, s))]
    return TopicReport(name, topic, len(publishers), len(subscribers), types, mismatches)


def _mismatch(publisher: TopicEndpointInfo, subscriber: TopicEndpointInfo) -> str:
    verdict, reason = qos_check_compatible(publisher.qos_profile, subscriber.qos_profile)
    if verdict == QoSCompatibility.OK:
        return ''
    return f'{publisher.node_name} -> {subscriber.node_name}: {reason.strip()}'


def _listen(node: Node, report: TopicReport) -> list[tuple[float, float | None]]:
    """Subscribe as leniently as can be; return the list that (arrival, age) go to."""
    seen: list[tuple[float, float | None]] = []
    topic = report.topic
    if report.publishers == 0 or topic.type_name not in report.types:
        return seen

    def arrived(data: bytes) -> None:
        age = None
        if topic.max_age is not None:
            stamp = _stamp(deserialize_message(data, topic.type))
            age = (node.get_clock().now().nanoseconds - stamp) / 1e9
        seen.append((time.monotonic(), age))

    node.create_subscription(topic.type, report.name, arrived, qos.SENSOR, raw=True)
    return seen


def _stamp(msg: object) -> int:
    """Return the stamp of a message with a header, or of the first transform."""
    if hasattr(msg, 'transforms'):
        return time_from_msg(msg.transforms[0].header.stamp) if msg.transforms else 0
    return time_from_msg(msg.header.stamp)  # type: ignore[attr-defined]


def _fill(report: TopicReport, seen: list[tuple[float, float | None]]) -> None:
    report.messages = len(seen)
    if len(seen) > 1:
        report.rate = (len(seen) - 1) / (seen[-1][0] - seen[0][0])
    ages = [age for _, age in seen if age is not None]
    if ages:
        report.age = (float(np.median(ages)), float(np.max(ages)))
