"""Plays a bag into the graph at its own pace, with /clock, as it was published."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import rclpy
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rosgraph_msgs.msg import Clock

from gae_arm.core.errors import ConfigError, MissingDependencyError
from gae_arm.recording.bag_message import BagMessage
from gae_arm.recording.bag_metadata import BagTopic
from gae_arm.recording.bag_reader import Bag
from gae_arm.ros import bag_qos, topics
from gae_arm.ros.executor import Executor
from gae_arm.ros.message_types import message_class
from gae_arm.ros.stamps import time_to_msg

CLOCK_NS = 5_000_000
"""Between two messages on /clock."""
MOST_SLEEP = 0.05
MATCH_SECONDS = 5.0
DISCOVERY_SECONDS = 1.0


@dataclass(frozen=True)
class PlaySettings:
    """rate: seconds of the bag a second, > 0. loop: begin again at the end. clock: publish /clock.

    names: recorded topics to play, None for all. remaps: recorded name to the name to publish.
    """

    rate: float = 1.0
    loop: bool = False
    clock: bool = True
    names: Collection[str] | None = None
    remaps: Mapping[str, str] | None = None


class PlayerNode(Node):
    """Node `player`. skipped: topics that are not played, and why."""

    def __init__(self, bag: Bag, settings: PlaySettings) -> None:
        super().__init__('player')
        self._bag, self._settings = bag, settings
        self.skipped: dict[str, str] = {}
        self._players: dict[str, Publisher] = {}
        for topic in bag.topics.values():
            if settings.names is None or topic.name in settings.names:
                self._add(topic)
        if not self._players:
            raise ConfigError(f'{bag.path}: nothing to play; it has: {sorted(bag.topics)}')
        own_clock = settings.clock and topics.CLOCK.name not in self._players
        self._clock_topic = topics.CLOCK.publisher(self) if own_clock else None

    def _add(self, topic: BagTopic) -> None:
        name = (self._settings.remaps or {}).get(topic.name, topic.name)
        profiles = [(q.reliability, q.durability, q.history, q.depth) for q in topic.qos]
        try:
            cls = message_class(topic.type_name)
        except MissingDependencyError as error:
            self.skipped[topic.name] = str(error)
            return
        self._players[topic.name] = self.create_publisher(cls, name, bag_qos.to_play(profiles))

    def is_matched(self) -> bool:
        """Return whether everybody on the graph who hears one of the topics is connected."""
        return all(
            player.get_subscription_count() >= self.count_subscribers(player.topic_name)
            for player in self._players.values()
        )

    def play(self, goes_on: Callable[[int, int], bool]) -> int:
        """Publish the messages at their times; return how many.

        goes_on: asked before each message, with its log time and the number of those played.
        """
        played = 0
        while True:
            start: tuple[int, float] | None = None
            clock_ns = 0
            for message in self._bag.messages():
                if message.topic not in self._players:
                    continue
                if start is None:
                    start = message.log_ns, time.monotonic()
                if not self._wait_until(message.log_ns, *start) or not goes_on(
                    message.log_ns, played
                ):
                    return played
                if message.log_ns >= clock_ns + CLOCK_NS:
                    clock_ns = message.log_ns
                    self._tell_time(clock_ns)
                self._publish(message)
                played += 1
            if not self._settings.loop or start is None:
                self._let_arrive()
                return played

    def _let_arrive(self) -> None:
        for player in self._players.values():
            player.wait_for_all_acked(Duration(seconds=1))

    def _publish(self, message: BagMessage) -> None:
        self._players[message.topic].publish(message.data)

    def _tell_time(self, stamp_ns: int) -> None:
        if self._clock_topic is not None:
            self._clock_topic.publish(Clock(clock=time_to_msg(stamp_ns)))

    def _wait_until(self, log_ns: int, first_ns: int, begin: float) -> bool:
        """Sleep until a message is due, telling the time meanwhile; False if ROS ended."""
        due = begin + (log_ns - first_ns) * 1e-9 / self._settings.rate
        while (left := due - time.monotonic()) > 0 and self.context.ok():
            time.sleep(min(left, MOST_SLEEP))
            if left > MOST_SLEEP:
                passed = (time.monotonic() - begin) * self._settings.rate
                self._tell_time(min(first_ns + round(passed * 1e9), log_ns))
        return bool(self.context.ok())


def play(bag: Bag, settings: PlaySettings, goes_on: Callable[[int, int], bool]) -> PlayerNode:
    """Play a bag until its end, a signal, or `goes_on` says no; return the node.

    Call it without rclpy initialised, in the main thread. Waits first until those who listen are
    connected.
    """
    rclpy.init()
    try:
        node = PlayerNode(bag, settings)
        try:
            _connect(node)
            node.play(goes_on)
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        finally:
            node.destroy_node()
        return node
    finally:
        rclpy.try_shutdown()


def _connect(node: PlayerNode) -> None:
    executor = Executor()
    executor.add_node(node)
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < MATCH_SECONDS:
        executor.spin_once(timeout_sec=0.05)
        if passed > DISCOVERY_SECONDS and node.is_matched():
            break
    executor.shutdown()
