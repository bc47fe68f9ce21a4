"""A thread that writes a bag, so that a slow disk does not make who listens miss messages."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from queue import Empty, SimpleQueue

from gae_arm.core.errors import GaeError
from gae_arm.recording.bag_writer import BagWriter

BACKLOG = 256 * 1024 * 1024
"""Bytes that may wait for the disk; what comes when there are more is counted as lost."""
FLUSH_SECONDS = 1.0

Work = tuple[Callable[[], object], int]


class BagSink:
    """Writes in a thread of its own what others hand in.

    overrun: messages by topic for which there was no room in the backlog. error: why nothing more
    is written; None while all is well. Close it to have the bag whole.
    """

    def __init__(self, writer: BagWriter, backlog: int = BACKLOG) -> None:
        self.writer = writer
        self.overrun: Counter[str] = Counter()
        self.error: GaeError | None = None
        self._backlog = backlog
        self._waiting = 0
        self._lock = threading.Lock()
        self._inbox: SimpleQueue[Work | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name='bag_sink', daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether nothing more will be written: the disk is full, or something failed."""
        return self.writer.full or self.error is not None

    def do(self, work: Callable[[], object]) -> None:
        """Have the thread do something with the writer, in its turn."""
        self._inbox.put((work, 0))

    def write(self, topic: str, log_ns: int, data: bytes, publish_ns: int, sequence: int) -> None:
        """Have a message written; see BagWriter.write. Never waits."""
        size = len(data)
        with self._lock:
            if self._waiting + size > self._backlog:
                self.overrun[topic] += 1
                return
            self._waiting += size
        self._inbox.put(
            (lambda: self.writer.write(topic, log_ns, data, publish_ns, sequence), size)
        )

    def close(self) -> None:
        """Write what waits, end the bag, end the thread; again is fine."""
        self._inbox.put(None)
        self._thread.join()

    def _run(self) -> None:
        flushed = time.monotonic()
        while True:
            try:
                item = self._inbox.get(timeout=FLUSH_SECONDS)
            except Empty:
                item = (lambda: None, 0)
            if item is None:
                break
            work, size = item
            self._attempt(work)
            with self._lock:
                self._waiting -= size
            if time.monotonic() - flushed > FLUSH_SECONDS:
                flushed = time.monotonic()
                self._attempt(self.writer.flush)
        self._end()

    def _end(self) -> None:
        try:
            self.writer.close()
        except GaeError as error:
            self.error = self.error or error

    def _attempt(self, work: Callable[[], object]) -> None:
        if self.ended:
            return
        try:
            work()
        except GaeError as error:
            self.error = self.error or error
