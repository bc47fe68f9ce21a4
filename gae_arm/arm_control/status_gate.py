"""Which statuses are worth a message: a new state or reason at once, new values now and then."""

from __future__ import annotations

from gae_arm.core.motion import ArmStatus

LEAST_CHANGE = 0.05
"""Smaller changes of the speed scale are not worth a message of their own."""


class StatusGate:
    """Lets statuses through; interval_ns: between two that differ in their values alone."""

    def __init__(self, interval_ns: int = 100_000_000) -> None:
        self._interval_ns = interval_ns
        self._last: ArmStatus | None = None

    def passes(self, status: ArmStatus) -> bool:
        """Return whether to publish this one; then it counts as published."""
        if not self._news(status):
            return False
        self._last = status
        return True

    def _news(self, status: ArmStatus) -> bool:
        last = self._last
        if last is None or (status.state, status.reason) != (last.state, last.reason):
            return True
        if abs(status.stamp_ns - last.stamp_ns) < self._interval_ns:
            return False
        slower = abs(status.speed_scale - last.speed_scale) > LEAST_CHANGE
        return slower or status.message != last.message
