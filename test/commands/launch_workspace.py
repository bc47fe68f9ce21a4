"""Tiny ROS packages in a temporary folder, and ways to run launch files against them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from process_ends import PATIENCE

ROOT = Path(__file__).parents[2]

# -I -S: no site packages, so that a child starts in milliseconds.
PYTHON = f'#!/usr/bin/env -S {sys.executable} -I -S\n'
EXECUTABLES = {
    # Writes what it was started with into the folder T_OUT, the parameter files included.
    'report': PYTHON
    + """
import json, os, sys
argv = sys.argv[1:]
for i in range(len(argv) - 1):
    if argv[i] == '--params-file':
        argv[i + 1] = open(argv[i + 1]).read()
environment = {k: v for k, v in os.environ.items() if k.startswith('T_') and k != 'T_OUT'}
what = {'argv': argv, 'env': environment, 'cwd': os.getcwd(), 'tty': sys.stdout.isatty()}
name = os.path.join(os.environ['T_OUT'], str(os.getpid()))
with open(name, 'w') as file:
    json.dump(what, file)
os.rename(name, name + '.json')
""",
    'say': '#!/bin/sh\necho "out $*"; echo "err $*" >&2\n',
    'exit': '#!/bin/sh\necho "exits with $1"; exit "$1"\n',
    # Ends with the code $1 as soon as something is written to the pipe $2.
    'exit_when': '#!/bin/sh\necho "waits $$"; read _ < "$2"; exit "$1"\n',
    'stay': '#!/bin/sh\ntrap \'echo "got INT"; exit 0\' INT\necho "up $$"\n'
    'while :; do sleep 600 & wait; done\n',
    'deaf': '#!/bin/sh\ntrap "echo got INT" INT\ntrap "echo got TERM" TERM\necho "up $$"\n'
    'while :; do sleep 600 & wait; done\n',
    # Ends when $1 reports are written.
    'after_reports': '#!/bin/sh\nuntil [ "$(ls "$T_OUT" | grep -c json)" -ge "$1" ]; do sleep 0.1\n'
    'done\n',
    'leave': '#!/bin/sh\nsleep 600 &\necho "left $!"\n',
    'spam': '#!/bin/sh\nwhile :; do echo spam; done\n',
    'broken': '#!/no/such/interpreter\n',
}


@dataclass(frozen=True)
class Result:
    """How a finished runner ended and what it said."""

    code: int
    out: str
    err: str


def _hears_signals() -> None:
    """Undo what a background shell or nohup above the tests does: they ignore some."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


class Running:
    """A runner that is running. Its screen is read line by line."""

    def __init__(self, popen: subprocess.Popen) -> None:
        self.popen, self.lines = popen, []

    def until(self, text: str, times: int = 1) -> str:
        """Return the next line that holds `text`, the `times`-th one from here."""
        for line in self.popen.stdout:
            self.lines.append(line)
            times -= text in line
            if times == 0:
                return line
        raise AssertionError(f'the runner ended without {text!r}:\n{"".join(self.lines)}')

    def number(self, text: str) -> int:
        """Return the number that ends the next line that holds `text`."""
        return int(self.until(text).split()[-1].strip('[]'))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the runner alone."""
        self.popen.send_signal(number)

    def end(self) -> Result:
        """Wait for the end."""
        self.lines += self.popen.stdout
        return Result(self.popen.wait(), ''.join(self.lines), self.popen.stderr.read())


class Workspace:
    """A prefix with the package `tiny`, a folder for launch files, and the environment for both."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.prefix, self.out = folder, folder / 'prefix', folder / 'out'
        self.out.mkdir()
        self.package('tiny', EXECUTABLES)
        below = os.environ.get('AMENT_PREFIX_PATH')
        self.environment = {
            **os.environ,
            'AMENT_PREFIX_PATH': f'{self.prefix}:{below}' if below else str(self.prefix),
            'ROS_LOG_DIR': str(folder / 'log'),
            'PYTHONPATH': os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')]),
            'T_OUT': str(self.out),
        }

    def package(self, name: str, executables: dict[str, str]) -> None:
        """Make a package with scripts and an empty launch folder."""
        index = self.prefix / 'share/ament_index/resource_index/packages'
        for path in (index, self.prefix / 'lib' / name, self.prefix / 'share' / name / 'launch'):
            path.mkdir(parents=True, exist_ok=True)
        (index / name).touch()
        for script, text in executables.items():
            path = self.prefix / 'lib' / name / script
            path.write_text(text)
            path.chmod(0o755)

    def file(self, text: str, name: str = 'main.launch.yaml') -> Path:
        """Write a launch file (or another file) and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def gae(self, *words: object) -> list[str]:
        """Return the command line of `gae launch`."""
        return [sys.executable, '-m', 'gae_arm.commands.main', 'launch', *map(str, words)]

    def run(self, *words: object, command: list[str] | None = None, **environment: str) -> Result:
        """Run `gae launch` (or another command) to its end."""
        done = subprocess.run(
            command or self.gae(*words),
            env={**self.environment, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def start(
        self, *words: object, wrapper: Sequence[str] = (), **environment: str
    ) -> Iterator[Running]:
        """Run `gae launch` (by a wrapper) beside the test; what is left at the end is killed."""
        popen = subprocess.Popen(
            [*wrapper, *self.gae(*words)],
            env={**self.environment, **environment},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_hears_signals,
        )
        guard = threading.Timer(PATIENCE, popen.kill)
        guard.start()
        try:
            yield Running(popen)
        finally:
            guard.cancel()
            popen.kill()
            popen.communicate()

    def reports(self) -> list[dict]:
        """Return what each `report` was started with, and forget it; parameters are parsed."""
        found = []
        for path in self.out.glob('*.json'):
            report = json.loads(path.read_text())
            path.unlink()
            for i, word in enumerate(report['argv'][:-1]):
                if word == '--params-file':
                    report['argv'][i + 1] = yaml.safe_load(report['argv'][i + 1])
            found.append(report)
        return sorted(found, key=lambda report: json.dumps(report, sort_keys=True))
