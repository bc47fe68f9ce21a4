"""A launch file that runs beside this process, and ends with it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from gae_arm.core.environment import environment
from gae_arm.core.errors import GaeError
from gae_arm.core.paths import share_folder

STOP_SECONDS = 30.0
"""The runner sends a node SIGINT, after 5 s SIGTERM, after 5 s SIGKILL."""
SHOWN_LINES = 15
DEATH = 'process has died'
FAULT = re.compile(r'\[(ERROR|FATAL)\]|has died|^\[[^]]+\] [\w.]*(Error|Exception)\b')


class RunningGraph:
    """A launch in progress; its output is kept."""

    def __init__(self, file: str, arguments: Mapping[str, str], log: Path) -> None:
        self._log = log
        self._size, self._died = 0, False
        words = [f'{name}:={value}' for name, value in arguments.items()]
        with log.open('w') as output:
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'gae_arm.commands.main', 'launch', file, *words],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the process of the launch, whose children the nodes are."""
        return self._process.pid

    def is_well(self) -> bool:
        """Return whether the launch runs and no process of it has died: they are started again."""
        size = self._log.stat().st_size
        if size != self._size:
            self._size, self._died = size, DEATH in self._log.read_text(errors='replace')
        return self._process.poll() is None and not self._died

    def stop(self) -> None:
        """End every process of the launch."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # The kernel then tells the nodes to end.
            self._process.kill()
            self._process.wait()

    def check(self) -> None:
        """Raise GaeError if a process of the launch has died, though the launch goes on."""
        if not self.is_well():
            raise GaeError('a node has died')

    def faults(self) -> str:
        """Return the last lines of the output that speak of faults; the last of all without."""
        lines = self._log.read_text(errors='replace').splitlines()
        faults = [line for line in lines if FAULT.search(line)]
        return '\n'.join((faults or lines)[-SHOWN_LINES:])


@contextlib.contextmanager
def running_graph(file: str, arguments: Mapping[str, str]) -> Iterator[RunningGraph]:
    """Run a launch file on this machine only, in a domain that nobody else uses.

    In the block this process belongs to the domain, too: make the observer in here. Errors: see
    `launched`.
    """
    with own_domain(), launched(file, arguments) as graph:
        yield graph


@contextlib.contextmanager
def launched(file: str, arguments: Mapping[str, str]) -> Iterator[RunningGraph]:
    """Run a launch file in the domain of this process.

    Errors from within say what the nodes said. Raises GaeError if a node has died.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='gae_graph_'))
        graph = RunningGraph(file, arguments, Path(folder) / 'launch.log')
        stack.callback(graph.stop)
        try:
            yield graph
            graph.check()
        except GaeError as error:
            raise GaeError(f'{error}\nthe nodes said:\n{graph.faults()}') from error


@contextlib.contextmanager
def own_domain() -> Iterator[None]:
    """Belong to a ROS domain of this machine that no other process uses."""
    from domain_coordinator import domain_id

    with domain_id() as domain:
        wanted = {'ROS_DOMAIN_ID': str(domain), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
        if 'FASTRTPS_DEFAULT_PROFILES_FILE' not in os.environ:
            profile = share_folder() / 'config' / 'fastdds.xml'
            wanted['FASTRTPS_DEFAULT_PROFILES_FILE'] = str(profile)
        with environment(wanted):
            yield
