"""A node that looks at a running graph from outside, for verbs, benchmarks and tests."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

import rclpy
from rcl_interfaces.srv import GetParameters
from rclpy._rclpy_pybind11 import RCLError
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.signals import SignalHandlerOptions

from gae_arm.core.errors import GaeError
from gae_arm.ros.executor import Executor

LONGEST_DEAF = 0.1
"""s: Ctrl-C is noticed between two waits."""
LOST = 5.0
"""s: an answer that has not come by then is lost."""
T = TypeVar('T')


class Observer:
    """Context in which ROS 2 is initialised and `node` hears, whenever the owner lets it.

    alive: says whether what is waited for can still come; asked while waiting. remappings: other
    names of topics, by ours.
    """

    def __init__(
        self,
        name: str,
        alive: Callable[[], bool] = lambda: True,
        remappings: Mapping[str, str] | None = None,
    ) -> None:
        # Ctrl-C comes as KeyboardInterrupt while the context still lives, so that a goal that is on
        # its way can be taken back.
        rclpy.init(signal_handler_options=SignalHandlerOptions.SIGTERM)
        words = [word for pair in (remappings or {}).items() for word in ('-r', ':='.join(pair))]
        self.node = Node(name, cli_args=['--ros-args', *words])
        self._alive = alive
        self._executor = Executor()
        self._executor.add_node(self.node)

    def __enter__(self) -> Observer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown()

    def now_ns(self) -> int:
        """Return the time of the node clock, nanoseconds."""
        return self.node.get_clock().now().nanoseconds

    def spin(self, seconds: float) -> None:
        """Listen for that long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._spin_once(min(left, LONGEST_DEAF))

    def wait_for(self, condition: Callable[[], T], what: str, timeout: float = 60.0) -> T:
        """Listen until `condition` returns something true, and return that.

        Raises GaeError when it takes longer than `timeout` seconds, or `alive` says no.
        """
        end = time.monotonic() + timeout
        while not (result := condition()):
            if not self._alive():
                raise GaeError(f'it ended while {what} was waited for')
            if time.monotonic() > end:
                raise GaeError(f'waited {timeout:g} s in vain for {what}')
            self._spin_once(0.02)
        return result

    def _spin_once(self, seconds: float) -> None:
        try:
            self._executor.spin_once(timeout_sec=seconds)
        except (ExternalShutdownException, RCLError):
            if rclpy.ok():
                raise
            raise KeyboardInterrupt from None  # SIGTERM, at any moment.

    def call(
        self,
        service: type,
        name: str,
        request: Any,
        timeout: float = 60.0,
        again: float = math.inf,
    ) -> Any:
        """Call a service and return its response.

        again: s without an answer, after which a request that may be made twice is made again. An
        answer is lost where a server does not see its client yet, as on a busy machine.
        """
        client = self.node.create_client(service, name)
        try:
            self.wait_for(client.service_is_ready, f'service {name}', timeout)
            ask = partial(client.call_async, request)
            return self.answered(ask, f'an answer of {name}', timeout, again)
        finally:
            self.node.destroy_client(client)

    def answered(
        self, ask: Callable[[], Any], what: str, timeout: float = 60.0, again: float = math.inf
    ) -> Any:
        """Return what is answered to the newest of some askings, each of which returns a future.

        Raises GaeError as `wait_for` does. again: s without an answer, after which it is asked
        again, and after twice as long once more.
        """
        asked, patience, future = -math.inf, again, None

        def answer() -> Any:
            nonlocal asked, patience, future
            if future is None or time.monotonic() - asked > patience:
                patience = again if future is None else 2 * patience
                asked, future = time.monotonic(), ask()
            return future if future.done() else None

        return self.wait_for(answer, what, timeout).result()

    def parameter(self, node: str, name: str, timeout: float = 60.0) -> Any:
        """Return the value of a parameter of another node; None if it has none of that name."""
        request = GetParameters.Request(names=[name])
        service = f'{node}/get_parameters'
        answer = self.call(GetParameters, service, request, timeout, again=LOST)
        # Nodes in C++ say "not set", those in Python nothing.
        return parameter_value_to_python(answer.values[0]) if answer.values else None

    def follow_clock_of(self, node: str, timeout: float = 60.0) -> None:
        """Take the time from /clock if another node does.

        Asked instead of seen: who has just come does not see all publishers yet.
        """
        if self.parameter(node, 'use_sim_time', timeout):
            self.node.set_parameters([Parameter('use_sim_time', value=True)])
            self.wait_for(self.now_ns, 'the time on /clock', timeout)
