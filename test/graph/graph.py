"""Real nodes started by the launch runner, and a node of the test's own to talk to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from gae_arm.ros.topics import Topic

TIMEOUT = 60.0


class Launched:
    """A launch file running in the runner, its output in a file."""

    def __init__(self, log: Path, *words: str) -> None:
        self.log = log
        command = [sys.executable, '-u', '-m', 'gae_arm.commands.main', 'launch', *words]
        self.process = subprocess.Popen(
            command, stdout=log.open('w'), stderr=subprocess.STDOUT, start_new_session=True
        )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send the signal to the runner and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(TIMEOUT)

    def node_pids(self, name: str) -> list[int]:
        """The processes of this launch that run the node `name`."""
        found = []
        for folder in Path('/proc').glob('[0-9]*'):
            try:
                words = (folder / 'cmdline').read_text().split('\0')
            except OSError:
                continue
            domain = os.environ['ROS_DOMAIN_ID']
            if f'__node:={name}' in words and f'ROS_DOMAIN_ID={domain}\0' in _environment(folder):
                found.append(int(folder.name))
        return found


def _environment(folder: Path) -> str:
    try:
        return (folder / 'environ').read_text() + '\0'
    except OSError:
        return ''


class Probe:
    """A node in the test: remembers what it hears, and waits for conditions, never for time.

    alive: says whether what the test waits for can still come.
    """

    def __init__(self, alive: Callable[[], bool] = lambda: True) -> None:
        self._alive = alive
        self.node = Node('probe')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)

    def wait_for(self, condition: Callable[[], Any], what: str, timeout: float = TIMEOUT) -> Any:
        """Spin until `condition` returns something true, and return that."""
        end = time.monotonic() + timeout
        while not (result := condition()):
            if not self._alive():
                pytest.fail(f'the launch ended while the test waited for {what}')
            if time.monotonic() > end:
                pytest.fail(f'waited {timeout} s in vain for {what}')
            self._executor.spin_once(timeout_sec=0.02)
        return result

    def listen(self, topic: Topic) -> list[Any]:
        """Subscribe; the list that is returned fills with messages while others wait."""
        heard: list[Any] = []
        topic.subscription(self.node, heard.append)
        return heard

    def publisher(self, topic: Topic) -> Any:
        """Make a publisher that somebody listens to."""
        publisher = topic.publisher(self.node)
        self.wait_for(publisher.get_subscription_count, f'a subscriber of {topic.name}')
        return publisher

    def call(self, service: type, name: str, request: Any) -> Any:
        """Call a service and return its response."""
        client = self.node.create_client(service, name)
        self.wait_for(client.service_is_ready, f'service {name}')
        future = client.call_async(request)
        self.wait_for(future.done, f'an answer of {name}')
        return future.result()

    def spin(self, seconds: float) -> None:
        """Listen for a while, where a test must show that nothing happens."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()


@contextmanager
def graph(tmp: Path, *words: str) -> Iterator[tuple[Launched, Probe]]:
    """Run a launch file with a probe beside it; stop both at the end, and show the log."""
    rclpy.init()
    launched = Launched(tmp / 'launch.log', *words)
    probe = Probe(lambda: launched.process.poll() is None)
    try:
        yield launched, probe
    finally:
        probe.close()
        rclpy.shutdown()
        launched.stop()
        print(launched.output)
