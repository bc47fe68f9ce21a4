"""After its last plan a run goes on until nothing moves any more, and for a while at most."""

from __future__ import annotations

SETTLING_S = 2.0
"""After the last plan, so long the physics may take until the task counts as not done."""
REST_S, REST = 0.3, 1e-3
"""s, and m/s or rad/s: nothing moves any more once all has been slower for so long."""


class Settling:
    """Watches from the end of the last plan on.

    now_ns: when that was. commanded_ns: up to when the arm has commands. end_ns: when it is over at
    the latest.
    """

    def __init__(self, now_ns: int, commanded_ns: int) -> None:
        self.end_ns = now_ns + round(SETTLING_S * 1e9)
        self._commanded_ns = commanded_ns
        self._rests_since_ns = now_ns

    def is_over(self, now_ns: int, speed: float, pending: bool) -> bool:
        """Return whether waiting changes nothing any more.

        speed: of the fastest joint or thing, m/s or rad/s. pending: whether time alone may decide.
        """
        if speed > REST or pending:
            self._rests_since_ns = now_ns
        rests = now_ns - self._rests_since_ns >= REST_S * 1e9 and now_ns >= self._commanded_ns
        return rests or now_ns >= self.end_ns
