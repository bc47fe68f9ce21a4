"""A verb of the command line that runs beside a test."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def running_verb(log: Path, *words: object) -> Iterator[subprocess.Popen]:
    """Run a verb; it must end by itself or by SIGINT, with exit code 0."""
    command = [sys.executable, '-u', '-m', 'gae_arm.commands.main', *map(str, words)]
    with log.open('w') as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
