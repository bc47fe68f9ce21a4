"""What a stream of clouds looks like: rate, latency, what was dropped and why."""

from __future__ import annotations

from collections import Counter, deque

import numpy as np

KEPT = 256


class StreamRecord:
    """Counts of one node since its start, and the latencies of the last clouds."""

    def __init__(self) -> None:
        self.published = 0
        self.dropped: Counter[str] = Counter()
        self.last_ns = 0
        self.last_drop = ''
        self._latency: deque[float] = deque(maxlen=KEPT)
        self._shares: dict[str, float] = {}

    def publish(self, latency_ns: int, now_ns: int, **shares: float) -> None:
        """Note a cloud: time from the exposure, and shares of the pixels by name."""
        self.published += 1
        self.last_ns = now_ns
        self._latency.append(latency_ns / 1e6)
        self._shares = shares

    def drop(self, cause: str, text: str) -> None:
        """Note a frame that made no cloud, by its cause, with a sentence for a person."""
        self.dropped[cause] += 1
        self.last_drop = text

    def values(self) -> dict[str, object]:
        """Return what /diagnostics shows."""
        out: dict[str, object] = {'published': self.published}
        if self._latency:
            p50, p99 = np.percentile(self._latency, [50, 99])
            out |= {'latency_p50_ms': float(p50), 'latency_p99_ms': float(p99)}
        out |= self._shares
        out |= {f'dropped_{cause}': count for cause, count in sorted(self.dropped.items())}
        return out
