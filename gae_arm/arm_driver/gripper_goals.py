"""Which goal a gripper gets when: an action takes one at a time, openings come all the time."""

from __future__ import annotations

import math


class GripperGoals:
    """From openings that are wanted to goals that are sent. All times are the caller's, s.

    step: smallest change of the opening that makes a new goal. patience: s, after which a goal that
    nobody has ended counts as ended.
    """

    def __init__(self, step: float, patience: float = 10.0) -> None:
        self._step, self._patience = step, patience
        self._sent: float | None = None
        self._since = -math.inf
        self._busy = False
        self.wanted: float | None = None

    @property
    def outdated(self) -> bool:
        """Whether the goal that is under way is no longer what is wanted."""
        return self._busy and self._differs()

    def want(self, opening: float) -> None:
        """Take what is wanted now, 0.0 closed to 1.0 open."""
        self.wanted = opening

    def due(self, now: float) -> float | None:
        """Return the opening for which a goal is to be sent now; it counts as sent then."""
        if self._busy and now - self._since < self._patience:
            return None
        if not self._differs():
            return None
        self._sent, self._since, self._busy = self.wanted, now, True
        return self.wanted

    def ended(self, carried_out: bool) -> None:
        """Note that the goal is over: a refused one is tried again, one that was tried is not.

        Fingers that close on an object do not reach their goal: that is what they are for.
        """
        self._busy = False
        if not carried_out:
            self._sent = None

    def _differs(self) -> bool:
        if self.wanted is None:
            return False
        if self._sent is None:
            return True
        # The ends are reached in full, however small the step to them is.
        at_end = self.wanted in (0.0, 1.0) and self.wanted != self._sent
        return at_end or abs(self.wanted - self._sent) >= self._step
