"""Real nodes started by the launch runner, and a node of the test's own to talk to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gae_arm.ros.observer import Observer
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


class Probe(Observer):
    """An observer that remembers what it hears: waits for conditions, never for time."""

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


@contextmanager
def graph(tmp: Path, *words: str) -> Iterator[tuple[Launched, Probe]]:
    """Run a launch file with a probe beside it; stop both at the end, and show the log."""
    launched = Launched(tmp / 'launch.log', *words)
    try:
        with Probe('probe', lambda: launched.process.poll() is None) as probe:
            yield launched, probe
    finally:
        launched.stop()
        print(launched.output)
