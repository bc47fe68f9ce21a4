"""A gripper's action or topic: openings become goals; which goal is sent when, others decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from control_msgs.action import GripperCommand, ParallelGripperCommand
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from gae_arm.ros import qos

Ended = Callable[[bool, str], None]
"""Told when a goal is over: whether it was carried out (tried), and a sentence."""


class GripperTopic:
    """Commands by Float64MultiArray, as a forward_command_controller takes them."""

    def __init__(self, node: Node, name: str, ended: Ended) -> None:
        self._publisher = node.create_publisher(Float64MultiArray, name, qos.COMMAND)
        self._ended = ended

    def send(self, position: float) -> None:
        """Send the fingers there, m or rad."""
        self._publisher.publish(Float64MultiArray(data=[position]))
        self._ended(True, 'sent')

    def cancel(self) -> None:
        """Nothing is under way: the next message replaces this one."""


class GripperAction:
    """Commands by an action of control_msgs, one goal at a time.

    parallel: ParallelGripperCommand (Jazzy and later), else GripperCommand.
    """

    def __init__(
        self, node: Node, name: str, parallel: bool, joint: str, effort: float, ended: Ended
    ) -> None:
        kind = ParallelGripperCommand if parallel else GripperCommand
        self._client = ActionClient(node, kind, name)
        self._parallel, self._joint, self._effort = parallel, joint, effort
        self._name, self._ended = name, ended
        self._handle: Any = None

    def send(self, position: float) -> None:
        """Send the fingers there, m or rad; `ended` is told what came of it."""
        if not self._client.server_is_ready():
            self._ended(False, f'nobody serves the action {self._name}')
            return
        self._client.send_goal_async(self._goal(position)).add_done_callback(self._answered)

    def cancel(self) -> None:
        """Ask for the end of the goal that is under way; `ended` is told when it has come."""
        if self._handle is not None:
            self._handle.cancel_goal_async()

    def _goal(self, position: float) -> Any:
        if not self._parallel:
            goal = GripperCommand.Goal()
            goal.command.position, goal.command.max_effort = position, self._effort
            return goal
        names = [self._joint] if self._joint else []
        command = JointState(name=names, position=[position])
        if self._effort > 0:
            command.effort = [self._effort]
        return ParallelGripperCommand.Goal(command=command)

    def _answered(self, future: Future) -> None:
        handle = future.result()
        if not handle.accepted:
            self._ended(False, f'{self._name} does not accept the goal')
            return
        self._handle = handle
        handle.get_result_async().add_done_callback(lambda done: self._finished(handle, done))

    def _finished(self, handle: Any, future: Future) -> None:
        if handle is self._handle:
            self._handle = None
        result = future.result().result
        reached = 'reached its goal' if result.reached_goal else 'ended before its goal'
        self._ended(True, f'{self._name} {reached}{", stalled" if result.stalled else ""}')
