"""Distances that a motion must keep: measured at a few poses, bounded everywhere in between.

A rule measures its margin at one joint position: metres left until it is broken. No part of the
arm moves further than `sum_i reach_i |q_i - p_i|` between joint positions p and q, where reach_i is
the largest distance of anything behind joint i from its axis. So a margin m measured at p promises

    margin(q) >= m - sum_i reach_i |q_i - p_i|

and a few measurements certify a whole motion, not only its sampled points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gae_arm.arm_control.cause import Cause
from gae_arm.core.motion import HaltReason

MEASUREMENTS = 24
CLOSING_SHARE = 0.5
"""Share of the remaining margin that the arm may use up within one look-ahead."""
RETREAT = 0.005
"""m by which a motion out of a breach may seem to make it worse: nothing is certain to the last."""
CREEP = 0.2
"""Speed scale for moving away from an obstacle that is nearer than `stop_distance`."""


class Rule:
    """A distance to keep: measured where the arm will stand, certified on the way there.

    reason: what a breach is called.
    slow: m of margin below which the arm slows down whichever way it moves; 0.0: only a motion that
        uses the margin up is slowed.
    slack: m by which the margin may, on the way, be smaller than is certain. A rule that keeps
        bodies 2 cm apart and has 2 cm of slack is certain that they never touch.
    budget: measurements per motion; what they cannot certify is refused.
    reach: (N,), m/rad, of this rule; None: that of the arm.
    """

    reason = HaltReason.NONE
    slow = 0.0
    slack = 0.0
    budget = 6
    reach: np.ndarray | None = None

    def margin(self, q: np.ndarray) -> float:
        """Return the metres left at joint positions (N,); negative: broken. NaN counts as that."""
        raise NotImplementedError

    def sentence(self, margin: float) -> str:
        """Return for a person what a margin means; of the last one measured, if names matter."""
        raise NotImplementedError


@dataclass(frozen=True)
class Motion:
    """Points of a motion with a bound on how far the arm strays between them.

    positions: (P, N), rad. stray: (P, N), rad.
    """

    positions: np.ndarray
    stray: np.ndarray

    @classmethod
    def of(cls, states: np.ndarray, step: float) -> Motion:
        """Return the motion of States (L, 3, N) that are `step` seconds apart.

        Speed between points is at most the larger one at the points, and a parabola's sagitta.
        """
        speed, acceleration = np.abs(states[:, 1]), states[:, 2]
        stray = np.zeros_like(speed)
        top = np.maximum(speed[1:], speed[:-1])
        half_way = (top + np.abs(np.diff(acceleration, axis=0)) * (step / 8)) * (step / 2)
        stray[:-1] = half_way
        stray[1:] = np.maximum(stray[1:], half_way)
        return cls(states[:, 0], stray)


class _Measured:
    """One rule and what was measured of it lately."""

    def __init__(self, rule: Rule, reach: np.ndarray) -> None:
        self.rule = rule
        self._reach = reach if rule.reach is None else rule.reach
        self.forget()

    def forget(self) -> None:
        """Forget all measurements: what is around the arm has changed."""
        self._q = np.zeros((MEASUREMENTS, len(self._reach)))
        self._margin = np.full(MEASUREMENTS, -np.inf)
        self._next = 0
        self._latest = -np.inf

    def bound(self, positions: np.ndarray) -> np.ndarray:
        """Return (P,): the margin that is certain at positions (P, N)."""
        travel = np.abs(positions[:, None] - self._q[None]) @ self._reach
        return (self._margin - travel).max(axis=1)

    def measure(self, q: np.ndarray) -> float:
        """Measure and remember; NaN becomes -inf."""
        margin = float(self.rule.margin(q))
        margin = margin if margin == margin else -np.inf
        self._latest = margin
        self._q[self._next], self._margin[self._next] = q, margin
        self._next = (self._next + 1) % MEASUREMENTS
        return margin

    def floor(self, q: np.ndarray) -> float:
        """Return the margin that a motion from q must keep: 0, or hardly less than it is at q."""
        if self.bound(q[None])[0] >= 0:
            return 0.0
        margin = self.measure(q)
        return margin - RETREAT if -np.inf < margin < 0 else 0.0

    def refusal(self, motion: Motion) -> Cause | None:
        """Return why the motion is not certain to keep this rule, None if it is.

        The last point, where the arm stands, keeps it in full, the others but for the slack. Where
        the rule is broken already, the motion must not make it worse by more than `RETREAT`; that
        it goes outwards at all, `speed_scale` sees to.
        """
        floor = self.floor(motion.positions[0])
        certain = self.bound(motion.positions[-1:])[0]
        if certain < floor and self.measure(motion.positions[-1]) < floor:
            return self._cause('')
        stray = motion.stray @ self._reach - self.rule.slack
        for _ in range(self.rule.budget + 1):
            bound = self.bound(motion.positions) - stray
            worst = int(bound.argmin())
            if bound[worst] >= floor:
                return None
            if self.measure(motion.positions[worst]) < floor:
                return self._cause('')
        return self._cause('; too near for this speed')

    def _cause(self, addition: str) -> Cause:
        return Cause(self.rule.reason, self.rule.sentence(self._latest) + addition)

    def speed_scale(self, here: np.ndarray, there: np.ndarray) -> tuple[float, float]:
        """Return the share of its speed that the arm may have, and the margin at `here`.

        here: (N,), where the arm is. there: (N,), where it would be after one look-ahead.
        """
        travel = float(np.abs(there - here) @ self._reach)
        certain = float(self.bound(here[None])[0])
        if certain >= self.rule.slow and CLOSING_SHARE * certain >= travel:
            return 1.0, certain
        # Measured last, so that the rule's sentence names what is near now.
        then, now = self.measure(there), self.measure(here)
        if now == -np.inf:
            return 0.0, now
        scale = min(1.0, max(0.0, now / self.rule.slow)) if self.rule.slow > 0 else 1.0
        if then > now:
            return max(scale, CREEP), now
        if then < now:
            scale = min(scale, CLOSING_SHARE * max(now, 0.0) / (now - then))
        return scale, now


class ClearanceGuard:
    """All rules of one arm. reach: (N,), m/rad, as above."""

    def __init__(self, rules: Sequence[Rule], reach: np.ndarray) -> None:
        self._rules = [_Measured(rule, np.asarray(reach, np.float64)) for rule in rules]

    def forget(self, reason: HaltReason) -> None:
        """Forget what was measured of the rules of a reason: their surroundings have changed."""
        for measured in self._rules:
            if measured.rule.reason == reason:
                measured.forget()

    def speed_scale(self, here: np.ndarray, there: np.ndarray) -> tuple[float, Cause | None]:
        """Return the smallest speed scale of all rules, 0 to 1, and its cause if it is below 1."""
        scale, cause = 1.0, None
        for measured in self._rules:
            share, margin = measured.speed_scale(here, there)
            if share < scale:
                scale = share
                cause = Cause(measured.rule.reason, measured.rule.sentence(margin))
        return scale, cause

    def refusal(self, motion: Motion) -> Cause | None:
        """Return which rule a motion might break, None if it certainly keeps them all."""
        causes = (measured.refusal(motion) for measured in self._rules)
        return next((cause for cause in causes if cause is not None), None)

    def breach(self, q: np.ndarray) -> Cause | None:
        """Return which rule is broken at joint positions (N,), None if none is."""
        for measured in self._rules:
            margin = measured.measure(q)
            if margin < 0:
                return Cause(measured.rule.reason, measured.rule.sentence(margin))
        return None
