"""Hears topics of the running graph as bytes, without decoding them, and hands them to a bag."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter

from gae_arm.core.errors import GaeError
from gae_arm.recording.bag_metadata import BagTopic
from gae_arm.recording.bag_sink import BagSink
from gae_arm.recording.bag_topics import absolute
from gae_arm.recording.offered_qos import OfferedQos
from gae_arm.ros import bag_qos, topics
from gae_arm.ros.executor import Executor
from gae_arm.ros.graph_inspection import stack_topics
from gae_arm.ros.message_types import message_class
from gae_arm.ros.parameter_collector import ParameterCollector

LOOK_SECONDS = 0.2
LEFT_OUT = (topics.POINTS_VIEW,)
"""Made only while somebody looks: recording it would change what is recorded."""
SETTLED = ('point_cloud', 'action_expert', 'arm_control', 'vla_planner')
"""Nodes whose parameters a re-run needs."""


class RecorderNode(Node):
    """Node `recorder`: records the stack's topics, in any namespace, or those that are named.

    lost: messages by topic that a publisher sent and that never came, by its numbering; counted
    where one publisher has the topic. heard: messages by topic.
    """

    def __init__(
        self, sink: BagSink, names: Sequence[str] = (), use_sim_time: bool = False
    ) -> None:
        parameters = [Parameter('use_sim_time', value=use_sim_time)]
        super().__init__('recorder', parameter_overrides=parameters)
        self.lost: Counter[str] = Counter()
        self.heard: Counter[str] = Counter()
        self._sink = sink
        self._names = {absolute(name) for name in names}
        self._simulated = use_sim_time
        self._last: dict[str, int] = {}
        self._refused: set[str] = set()
        self._collector = ParameterCollector(self, SETTLED, self._keep_parameters)
        self._next_look = 0.0

    def look(self) -> None:
        """Subscribe to what has come to the graph; call it often."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_SECONDS
        self._collector.look()
        for name, type_name in self._wanted():
            if name not in self.heard and name not in self._refused:
                self._hear(name, type_name)

    def _wanted(self) -> list[tuple[str, str]]:
        """Return names and types of the topics on the graph that are to be recorded."""
        if self._names:
            there = self.get_topic_names_and_types()
            return [(name, types[0]) for name, types in there if name in self._names]
        return [
            (name, topic.type_name) for name, topic in stack_topics(self) if topic not in LEFT_OUT
        ]

    def _hear(self, name: str, type_name: str) -> None:
        publishers = self.get_publishers_info_by_topic(name)
        others = {p.topic_type for p in publishers} - {type_name}
        if not publishers:
            return
        try:
            if others:
                raise GaeError(f'it is {sorted(others)}, expected {type_name}')
            cls = message_class(type_name)
            qos = tuple(dict.fromkeys(OfferedQos(*bag_qos.offered(p)) for p in publishers))
            topic = BagTopic(name, type_name, qos, str(publishers[0].topic_type_hash))
        except GaeError as error:
            self._refused.add(name)
            self.get_logger().warning(f'{name} is not recorded: {error}')
            return
        self.heard[name] = 0
        self._sink.do(partial(self._sink.writer.add_topic, topic))
        take: Callable[[bytes, dict[str, Any]], None] = partial(self._take, name)
        profile = bag_qos.to_hear(publishers)
        self.create_subscription(cls, name, _with_info(take), profile, raw=True)

    def _take(self, name: str, data: bytes, info: dict[str, Any]) -> None:
        number = int(info['publication_sequence_number'] or 0)
        publish_ns, log_ns = int(info['source_timestamp']), int(info['received_timestamp'])
        if self._simulated:
            publish_ns = log_ns = self.get_clock().now().nanoseconds
        self.heard[name] += 1
        self._note_gap(name, number)
        self._sink.write(name, log_ns, data, publish_ns, number)

    def _note_gap(self, name: str, number: int) -> None:
        """Count what is missing since the last message; a lower number is another publisher."""
        last = self._last.get(name)
        if last is not None and number > last + 1 and self.count_publishers(name) == 1:
            self.lost[name] += number - last - 1
        self._last[name] = number

    def _keep_parameters(self, node: str, values: dict[str, Any]) -> None:
        self._sink.do(partial(self._sink.writer.add_parameters, node, values))


def record(
    sink: BagSink, names: Sequence[str], use_sim_time: bool, goes_on: Callable[[RecorderNode], bool]
) -> RecorderNode:
    """Record until `goes_on`, asked all the time, says no, or a signal comes; return the node.

    Call it without rclpy initialised, in the main thread. The sink is left open.
    """
    rclpy.init()
    executor = Executor()
    node = RecorderNode(sink, names, use_sim_time)
    executor.add_node(node)
    try:
        while goes_on(node) and not sink.ended:
            node.look()
            executor.spin_once(timeout_sec=0.05)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
    return node


def _with_info(take: Callable[[bytes, dict[str, Any]], None]) -> Any:
    """Return a callback with the two arguments that make rclpy hand over the message's info."""

    def callback(data: bytes, info: dict[str, Any]) -> None:
        take(data, info)

    return callback
