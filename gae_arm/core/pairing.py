"""Which messages of a camera's streams belong to one exposure, and what became of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from gae_arm.core import checks

KEPT = 5
RESTART_NS = 1_000_000_000


class FramePairer:
    """Brings together one message of every stream, by their stamps.

    streams: names, the first leads. slop_ns: stamps may differ by this; 0: exactly equal.
    dropped: counts by cause: 'duplicate' (stamp seen before), 'late' (the stream is past it),
    'unpaired' (no partner came).

    A stamp more than a second before the last set means that the clock was set back, by a bag
    played anew or a restarted driver: then all begins afresh.
    """

    def __init__(self, streams: Sequence[str], slop_ns: int = 0) -> None:
        self.streams = checks.names('streams', streams)
        self.slop_ns = checks.integer('slop_ns', slop_ns, 0, 10**9)
        self.dropped: Counter[str] = Counter()
        self._begin()

    def _begin(self) -> None:
        self._last_ns = dict.fromkeys(self.streams, -1)
        self._waiting: dict[str, dict[int, Any]] = {stream: {} for stream in self.streams}

    def add(self, stream: str, stamp_ns: int, item: Any) -> dict[str, Any] | None:
        """Take in one message; return a complete set, by stream, if this was its last part."""
        checks.known('stream', stream, self.streams)
        if stamp_ns < self._last_ns[stream] - RESTART_NS:
            self._begin()
        if stamp_ns <= self._last_ns[stream] or stamp_ns in self._waiting[stream]:
            self.dropped['late' if stamp_ns < self._last_ns[stream] else 'duplicate'] += 1
            return None
        self._waiting[stream][stamp_ns] = item
        matched = self._match(stamp_ns)
        if matched is None:
            self._forget_oldest(stream)
            return None
        self._last_ns = matched
        found = {name: self._waiting[name].pop(stamp) for name, stamp in matched.items()}
        self._drop_passed()
        return found

    def _match(self, stamp_ns: int) -> dict[str, int] | None:
        """Return the stamp of every stream that lies nearest and within the slop, or None."""
        matched = {}
        for name, waiting in self._waiting.items():
            near = min(waiting, key=lambda other: abs(other - stamp_ns), default=None)
            if near is None or abs(near - stamp_ns) > self.slop_ns:
                return None
            matched[name] = near
        return matched

    def _forget_oldest(self, stream: str) -> None:
        waiting = self._waiting[stream]
        if len(waiting) > KEPT:
            del waiting[min(waiting)]
            self.dropped['unpaired'] += 1

    def _drop_passed(self) -> None:
        for name, waiting in self._waiting.items():
            for old in [stamp for stamp in waiting if stamp <= self._last_ns[name]]:
                del waiting[old]
                self.dropped['unpaired'] += 1
