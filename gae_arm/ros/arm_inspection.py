"""What the graph around a real arm shows: its driver, its camera, its frames, its controllers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from controller_manager_msgs.srv import ListControllers
from rclpy.serialization import deserialize_message
from std_msgs.msg import String
from std_srvs.srv import Trigger

from gae_arm.core.errors import GaeError
from gae_arm.core.motion import ArmStatus
from gae_arm.core.transform_tree import TransformUnknownError
from gae_arm.ros import topics
from gae_arm.ros.motion_msgs import status_from_msg
from gae_arm.ros.observer import Observer
from gae_arm.ros.stamps import time_from_msg
from gae_arm.ros.topics import Topic
from gae_arm.ros.transform_listener import TransformListener

ASK_SECONDS = 2.0


@dataclass
class Stream:
    """Messages of one topic: when they arrived, how old they were, s; the newest one."""

    topic: Topic
    arrivals: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    newest: Any = None

    @property
    def rate(self) -> float:
        """Hz; 0 for fewer than two messages."""
        if len(self.arrivals) < 2:
            return 0.0
        return (len(self.arrivals) - 1) / (self.arrivals[-1] - self.arrivals[0])

    @property
    def age(self) -> float:
        """Median, s; 0 without messages."""
        return float(np.median(self.ages)) if self.ages else 0.0


class ArmInspection:
    """Looks at a running arm from outside; call it without rclpy initialised, in a `with`."""

    def __init__(self) -> None:
        self.observer = Observer('doctor_arm')
        self._transforms = TransformListener(self.observer.node)
        self._statuses: list[ArmStatus] = []
        topics.ARM_STATUS.subscription(
            self.observer.node, lambda msg: self._statuses.append(status_from_msg(msg))
        )

    def __enter__(self) -> ArmInspection:
        return self

    def __exit__(self, *error: Any) -> None:
        self.observer.__exit__(*error)

    def watch(self, wanted: Sequence[Topic], seconds: float) -> list[Stream]:
        """Listen to topics; return what came in `seconds`, counted from the first message."""
        streams = [Stream(topic) for topic in wanted]
        for stream in streams:
            stream.topic.subscription(self.observer.node, self._listener(stream), raw=True)
        self._wait(lambda: all(stream.arrivals for stream in streams))
        self.observer.spin(seconds)
        for stream in streams:
            if stream.newest is not None:
                stream.newest = deserialize_message(stream.newest, stream.topic.type)
        return streams

    def _listener(self, stream: Stream) -> Callable[[bytes], None]:
        def take(data: bytes) -> None:
            stream.arrivals.append(time.monotonic())
            if len(stream.arrivals) % 8 == 1:  # Reading each image takes longer than it lasts.
                msg = deserialize_message(data, stream.topic.type)
                now_ns = self.observer.now_ns()
                stream.ages.append((now_ns - time_from_msg(msg.header.stamp)) / 1e9)
            stream.newest = data

        return take

    def status(self) -> ArmStatus | None:
        """Return the newest status of arm_control, None if it says nothing."""
        return self._wait(lambda: self._statuses[-1] if self._statuses else None)

    def description(self) -> str | None:
        """Return the newest robot_description, None if nobody publishes one."""
        heard: list[String] = []
        topics.ROBOT_DESCRIPTION.subscription(self.observer.node, heard.append)
        msg = self._wait(lambda: heard[-1] if heard else None)
        return None if msg is None else msg.data

    def parameter(self, node: str, name: str) -> Any:
        """Return a parameter of another node; None if it, or the node, is not there."""
        try:
            return self.observer.parameter(node, name, ASK_SECONDS)
        except GaeError:
            return None

    def transform(self, target: str, source: str, stamp_ns: int) -> np.ndarray | str:
        """Return T_target_source (4, 4) at a time, or why there is none."""
        try:
            return self._transforms.lookup(target, source, stamp_ns)
        except TransformUnknownError as error:
            return str(error)

    def controllers(self, manager: str) -> dict[str, str] | None:
        """Return the state of every controller by name; None if the manager does not answer."""
        try:
            answer = self.observer.call(
                ListControllers,
                f'{manager}/list_controllers',
                ListControllers.Request(),
                ASK_SECONDS,
            )
        except GaeError:
            return None
        return {controller.name: controller.state for controller in answer.controller}

    def ends(self, topic: str) -> tuple[list[str], list[str]]:
        """Return the names of the nodes that publish a topic, and of those that hear it."""
        node = self.observer.node
        ends = node.get_publishers_info_by_topic(topic), node.get_subscriptions_info_by_topic(topic)
        speakers, listeners = (
            [f'{end.node_namespace.rstrip("/")}/{end.node_name}' for end in one] for one in ends
        )
        return speakers, listeners

    def trigger(self, service: str) -> Trigger.Response | None:
        """Call a service that takes no arguments; None if nobody answers."""
        try:
            return self.observer.call(Trigger, service, Trigger.Request(), ASK_SECONDS)
        except GaeError:
            return None

    def status_when(self, condition: Callable[[ArmStatus], bool]) -> ArmStatus | None:
        """Wait for a status for which something holds; return the newest one if none came."""
        return self._wait(lambda: next(filter(condition, self._statuses[-1:]), None)) or (
            self._statuses[-1] if self._statuses else None
        )

    def _wait(self, condition: Callable[[], Any]) -> Any:
        try:
            return self.observer.wait_for(condition, 'an answer', ASK_SECONDS)
        except GaeError:
            return None
