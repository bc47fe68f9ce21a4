"""Distances that a motion must keep: measured at a few poses, bounded everywhere in between.

A rule measures its margins at one joint position: metres left until something is broken. Margin k
changes by at most reach_ki metres per radian of joint i, so what was measured at p promises

    margin_k(q) >= margin_k(p) - sum_i reach_ki |q_i - p_i|

and a few measurements certify a whole motion, not only its sampled points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gae_arm.arm_control import clearance_kernel
from gae_arm.arm_control.cause import Cause
from gae_arm.core.motion import HaltReason

MEASUREMENTS = 16
POINTS = 24
"""Points of a motion that are looked at; what lies between counts as stray."""
CLOSING_SHARE = 0.5
"""Share of the remaining margin that the arm may use up within one look-ahead."""
RETREAT = 0.005
"""m by which a motion out of a breach may seem to make it worse: nothing is certain to the last."""
CREEP = 0.2
"""Speed scale for moving away from an obstacle that is nearer than `stop_distance`."""


class Rule:
    """Distances to keep: measured where the arm will stand, certified on the way there.

    reason: what a breach is called.
    reach: (K, N), m/rad, by which K margins change at most per radian of N joints.
    slow: m of margin below which the arm slows down whichever way it moves; 0.0: only a motion that
        uses the margin up is slowed.
    slack: m by which a margin may, on the way, be smaller than is certain. A rule that keeps bodies
        2 cm apart and has 2 cm of slack is certain that they never touch.
    budget: measurements per motion; what they cannot certify is refused.
    """

    reason = HaltReason.NONE
    reach: np.ndarray
    slow = 0.0
    slack = 0.0
    budget = 6

    def margins(self, q: np.ndarray) -> np.ndarray:
        """Return the metres left, (K,), at joint positions (N,); negative: broken, as is NaN."""
        raise NotImplementedError

    def sentence(self, k: int, margin: float) -> str:
        """Return for a person what a value of margin k means."""
        raise NotImplementedError


@dataclass(frozen=True)
class Motion:
    """Points of a motion, and a bound on how far the arm strays from them in between.

    positions: (P, N), rad. stray: (P, N), rad. The last point is where the arm stands.
    """

    positions: np.ndarray
    stray: np.ndarray

    @classmethod
    def of(cls, states: np.ndarray, step: float) -> Motion:
        """Return the motion of States (L, 3, N) that are `step` seconds apart.

        Speed between two of them is at most the larger one at both, and a parabola's sagitta. What
        lies between two points that are looked at is at most half of the way from one of them.
        """
        return cls(*clearance_kernel.between(states, step, _chosen(len(states))))


@lru_cache
def _chosen(count: int) -> np.ndarray:
    """Return which of `count` points are looked at, at most `POINTS`, int64 (P,)."""
    return np.unique(np.linspace(0, count - 1, min(count, POINTS)).astype(np.int64))


class _Measured:
    """One rule and what was measured of it lately."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.forget()

    def forget(self) -> None:
        """Forget all measurements: what is around the arm has changed."""
        # One kind of array for all rules: the kernels are compiled once for each.
        self._reach = np.array(self.rule.reach, np.float64, order='C')
        margins, joints = self._reach.shape
        self._q = np.zeros((MEASUREMENTS, joints))
        self._margins = np.full((MEASUREMENTS, margins), -np.inf)
        self._next = 0

    def compile(self, motion: Motion) -> None:
        """Have the kernels compiled or loaded."""
        here = motion.positions[0]
        self._ample(here, here)
        self.bound(motion.positions)

    def bound(self, positions: np.ndarray) -> np.ndarray:
        """Return (P, K): the margins that are certain at positions (P, N)."""
        return clearance_kernel.certain(positions, self._q, self._margins, self._reach)

    def measure(self, q: np.ndarray) -> np.ndarray:
        """Measure and remember; return (K,), NaN as -inf."""
        margins = np.asarray(self.rule.margins(q), np.float64)
        margins = np.where(np.isnan(margins), -np.inf, margins)
        self._q[self._next], self._margins[self._next] = q, margins
        self._next = (self._next + 1) % MEASUREMENTS
        return margins

    def refusal(self, motion: Motion) -> Cause | None:
        """Return why the motion is not certain to keep this rule, None if it is.

        The last point, where the arm stands, keeps it in full, the others but for the slack. Where
        the rule is broken already, the motion must not make it worse by more than `RETREAT`; that
        it goes outwards at all, `speed_scale` sees to.
        """
        positions = motion.positions
        stray = motion.stray @ self._reach.T - self.rule.slack
        stray[-1] = np.maximum(stray[-1], 0.0)
        bound = self.bound(positions) - stray
        floor = self._floor(positions[0], bound[0] + stray[0])
        for _ in range(self.rule.budget + 1):
            spare = bound - floor
            worst, k = divmod(int(spare.argmin()), len(floor))
            if spare[worst, k] >= 0:
                return None
            margins = self.measure(positions[worst])
            if (margins < floor).any():
                return self.cause(margins, floor)
            travel = np.abs(positions - positions[worst]) @ self._reach.T
            bound = np.maximum(bound, margins - travel - stray)
        return self.cause(margins, floor, '; too near for this speed')

    def cause(self, margins: np.ndarray, floor: np.ndarray, addition: str = '') -> Cause:
        """Return the cause with the sentence of the margin that is nearest to its floor."""
        k = int((margins - floor).argmin())
        return Cause(self.rule.reason, self.rule.sentence(k, float(margins[k])) + addition)

    def speed_scale(self, here: np.ndarray, there: np.ndarray) -> tuple[float, Cause | None]:
        """Return the share of its speed that the arm may have, and why if it is below 1.

        here: (N,), where the arm is. there: (N,), where it would be after one look-ahead.
        """
        if self._ample(here, there):
            return 1.0, None
        then = self.measure(there)
        if self._ample(here, there):
            return 1.0, None
        now = self.measure(here)
        least, slow = float(now.min()), self.rule.slow
        if least == -np.inf:
            return 0.0, self.cause(now, np.zeros_like(now))
        scale = min(1.0, max(0.0, least / slow)) if slow > 0 else 1.0
        if then.min() > least:
            scale = max(scale, CREEP)
        used = then < now
        shares = CLOSING_SHARE * np.maximum(now[used], 0.0) / (now[used] - then[used])
        scale = min(scale, float(shares.min(initial=1.0)))
        return scale, None if scale == 1 else self.cause(now, np.zeros_like(now))

    def _ample(self, here: np.ndarray, there: np.ndarray) -> bool:
        """Return whether what is known already allows full speed."""
        memory = self._q, self._margins, self._reach
        return bool(clearance_kernel.ample(here, there, *memory, self.rule.slow, CLOSING_SHARE))

    def _floor(self, q: np.ndarray, certain: np.ndarray) -> np.ndarray:
        """Return the margins (K,) to keep from q on: 0, or hardly less than what is broken there.

        certain: (K,), what is known of the margins at q.
        """
        floor = np.zeros_like(certain)
        if certain.min() >= 0:
            return floor
        now = self.measure(q)
        broken = (now < 0) & (now > -np.inf)
        floor[broken] = now[broken] - RETREAT
        return floor


class ClearanceGuard:
    """All rules of one arm."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [_Measured(rule) for rule in rules]

    def compile(self) -> None:
        """Have the kernels compiled or loaded: seconds, which no tick may take."""
        for measured in self._rules[:1]:
            joints = measured.rule.reach.shape[1]
            measured.compile(Motion.of(np.zeros((2, 3, joints)), 0.0))

    def forget(self, reason: HaltReason) -> None:
        """Forget what was measured of the rules of a reason: their surroundings have changed."""
        for measured in self._rules:
            if measured.rule.reason == reason:
                measured.forget()

    def speed_scale(self, here: np.ndarray, there: np.ndarray) -> tuple[float, Cause | None]:
        """Return the smallest speed scale of all rules, 0 to 1, and its cause if it is below 1."""
        scales = [(1.0, None), *(measured.speed_scale(here, there) for measured in self._rules)]
        return min(scales, key=lambda scale: scale[0])

    def refusal(self, states: np.ndarray, step: float) -> Cause | None:
        """Return which rule a motion might break, None if it certainly keeps them all.

        states: float64 (L, 3, N), q, v, a at points `step` seconds apart; it ends standing.
        """
        if not self._rules:
            return None
        motion = Motion.of(states, step)
        causes = (measured.refusal(motion) for measured in self._rules)
        return next((cause for cause in causes if cause is not None), None)

    def breach(self, q: np.ndarray) -> Cause | None:
        """Return which rule is broken at joint positions (N,), None if none is."""
        for measured in self._rules:
            margins = measured.measure(q)
            if margins.min() < 0:
                return measured.cause(margins, np.zeros_like(margins))
        return None
