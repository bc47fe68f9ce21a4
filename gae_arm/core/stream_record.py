"""What became of a stream's frames: how many were used, how late, what was dropped and why."""

from __future__ import annotations

from collections import Counter, deque

import numpy as np

KEPT = 256


class StreamRecord:
    """Counts since the start, and the latencies of the last frames.

    dropped: counts by cause; may be shared with who counts there too.
    """

    def __init__(self, dropped: Counter[str] | None = None) -> None:
        self.used = 0
        self.dropped = Counter() if dropped is None else dropped
        self.last_drop = ''
        self._latency: deque[float] = deque(maxlen=KEPT)
        self._reported = (0, 0, 0)

    def use(self, latency_ns: int) -> None:
        """Note a frame that was used, and the time from its exposure until it was done."""
        self.used += 1
        self._latency.append(latency_ns / 1e6)

    def drop(self, cause: str, text: str) -> None:
        """Note a frame that was not, by its cause, with a sentence for a person."""
        self.dropped[cause] += 1
        self.last_drop = text

    def since_last(self, now_ns: int) -> tuple[float, int, int]:
        """Return rate (Hz), frames used and frames dropped since the last call."""
        total = (now_ns, self.used, self.dropped.total())
        (passed_ns, used, dropped), self._reported = np.subtract(total, self._reported), total
        return float(used / max(passed_ns / 1e9, 1e-3)), int(used), int(dropped)

    def values(self) -> dict[str, object]:
        """Return what /diagnostics shows."""
        out: dict[str, object] = {'used': self.used}
        if self._latency:
            p50, p99 = np.percentile(self._latency, [50, 99])
            out |= {'latency_p50_ms': float(p50), 'latency_p99_ms': float(p99)}
        return out | {f'dropped_{cause}': count for cause, count in sorted(self.dropped.items())}
