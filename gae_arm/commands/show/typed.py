"""Instructions that a person types, taken when there is time for them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TextIO

EMPTY = 'an empty line says nothing: say what the arm shall do; Ctrl-C ends it'
ENDED = 'nothing more can be typed; the page still listens, Ctrl-C ends it'


class Typed:
    """Reads lines in a thread of its own, so that nothing waits for them.

    source: None where there is no input at all. say: told why a line is no instruction; the end of
    the input is none either: who runs in the background has nothing to type on.
    """

    def __init__(self, source: TextIO | None, say: Callable[[str], None]) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._say = say
        threading.Thread(target=self._read, args=(source,), daemon=True).start()

    def take(self) -> str:
        """Return the next instruction, '' while there is none."""
        try:
            line = self._lines.get_nowait()
        except queue.Empty:
            return ''
        if not line:
            self._say(ENDED if line is None else EMPTY)
        return line or ''

    def _read(self, source: TextIO | None) -> None:
        try:
            for line in source or ():
                self._lines.put(line.strip())
        except (OSError, ValueError):
            pass  # Closed while it was read: that is its end, too.
        self._lines.put(None)
