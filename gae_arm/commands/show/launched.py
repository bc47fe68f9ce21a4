"""A launch file that runs beside, its output in a file."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

TAIL = 15
"""Lines of the log that tell why it ended."""
PATIENCE_S = 20.0


class Launched:
    """Runs a launch file as long as the context lasts; all its nodes end with it."""

    def __init__(self, log: Path, *words: str) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, '-u', '-m', 'gae_arm.commands.main', 'launch', *words]
        with log.open('w') as file:
            # Ctrl-C is for the one who started it: nodes end in order, after it.
            self._process = subprocess.Popen(
                command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
            )

    def __enter__(self) -> Launched:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number in (signal.SIGINT, signal.SIGKILL):
            if self._process.poll() is None:
                self._process.send_signal(number)
                try:
                    self._process.wait(PATIENCE_S)
                except subprocess.TimeoutExpired:
                    continue

    def alive(self) -> bool:
        """Return whether it still runs."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """Return the end of its output."""
        return '\n'.join(self.log.read_text(errors='replace').splitlines()[-TAIL:])
