"""Judges a run of a task by the physics: success, or why it has failed."""

from __future__ import annotations

from enum import StrEnum

from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.core.truth import Truth


class Verdict(StrEnum):
    """Where a run stands; all but RUNNING are final."""

    RUNNING = 'running'
    SUCCESS = 'success'
    WRONG_OBJECT = 'wrong object'
    DROPPED = 'dropped'
    NOT_PUSHED = 'not pushed'
    TIMEOUT = 'timeout'


class SuccessChecker:
    """Follows one run from its start; feed it at least every 0.1 s of simulated time.

    The goal must hold at every moment that it sees for `hold_s` in a row. A broken rule ends the
    run, and so does the time limit.
    """

    def __init__(self, instance: TaskInstance) -> None:
        self.instance = instance
        self.verdict = Verdict.RUNNING
        self._started_ns: int | None = None
        self._holds_since_ns: int | None = None

    def update(self, truth: Truth) -> Verdict:
        """Return the verdict after this moment; once it is final it stays."""
        if self._started_ns is None:
            self._started_ns = truth.stamp_ns
        if self.verdict is Verdict.RUNNING:
            self.verdict = self._judge(truth, self._started_ns)
        return self.verdict

    def is_pending(self, until_ns: int) -> bool:
        """Return whether time alone may change the verdict: the goal holds, or the limit passes.

        until_ns: the limit, if it is not later than that.
        """
        if self.verdict is not Verdict.RUNNING or self._started_ns is None:
            return False
        return self._holds_since_ns is not None or self._is_late(until_ns, self._started_ns)

    def _is_late(self, stamp_ns: int, started_ns: int) -> bool:
        return stamp_ns - started_ns > self.instance.time_limit_s * 1e9

    def _judge(self, truth: Truth, started_ns: int) -> Verdict:
        for failure, rule in self.instance.rules:
            if not rule.holds(truth):
                return Verdict(failure)
        if all(condition.holds(truth) for condition in self.instance.goal):
            since = truth.stamp_ns if self._holds_since_ns is None else self._holds_since_ns
            self._holds_since_ns = since
            if truth.stamp_ns - since >= self.instance.hold_s * 1e9:
                return Verdict.SUCCESS
        else:
            self._holds_since_ns = None
        late = self._is_late(truth.stamp_ns, started_ns)
        return Verdict.TIMEOUT if late else Verdict.RUNNING
