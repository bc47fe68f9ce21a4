"""May a real arm move, and how fast: only after its pre-flight check, and slowly at first."""

from __future__ import annotations


class MotionPermit:
    """Whether the pre-flight check has passed; without `needed` there is nothing to pass.

    lasts_ns: a check counts so long, until the arm has been released once. All times are the
    caller's, ns. A permit lasts as long as its process.
    """

    def __init__(self, needed: bool, arm: str, lasts_ns: int) -> None:
        self._granted = not needed
        self._arm = arm
        self._lasts_ns = lasts_ns
        self._passed_ns: int | None = None

    @property
    def granted(self) -> bool:
        """Whether the arm has been released after its check."""
        return self._granted

    @property
    def advice(self) -> str:
        """Say what is to be done."""
        return f'gae doctor --arm {self._arm}, then gae resume'

    def passed(self, now_ns: int) -> None:
        """Note that the check has passed now."""
        self._passed_ns = now_ns

    def refusal(self, now_ns: int) -> str | None:
        """Return why the arm must not be released now, None if it may."""
        if self._granted:
            return None
        if self._passed_ns is None:
            return f'the pre-flight check has not passed: {self.advice}'
        age_ns = now_ns - self._passed_ns
        if not 0 <= age_ns <= self._lasts_ns:
            return f'the pre-flight check passed {age_ns * 1e-9:.0f} s ago: {self.advice}'
        return None

    def grant(self) -> None:
        """Note that the arm has been released."""
        self._granted = True
