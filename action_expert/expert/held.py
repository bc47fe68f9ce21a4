"""A hand that holds something: gently where that comes to a stop, and led by what is on rails.

A drawer goes along its rails, whatever a plan says that errs by centimetres, and an arm that
insists is stopped. So where the hand is kept beside its guide, the guide goes there; along it, the
hand is led on. This is admittance control, with the way that the arm is off its guide as the force.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from action_expert.guide_clock import GuideClock, Led
from action_expert.shift import apart

FREE, FREE_TURN = 0.004, 0.04
"""m, rad: an arm that nothing keeps is so far beside its guide."""
YIELDING, FADING = 4.0, 0.7
"""1/s: how fast the guide goes to where the hand is kept, and back when it is not."""
TANGENT = 0.05
"""s before and after, between which the guide's direction is taken."""
LEAD = 0.1
"""s at full speed: so far at most a hand that holds something is led on, or it presses too hard."""
GENTLE_LEAD, GENTLE_PACE = 0.035, 0.4
"""The same, and the share of full speed, for what is dragged or put down: it comes to a stop where
nobody knows exactly."""
HELD, CLOSED = 0.02, 0.5
"""Openings: wider than asked for, the fingers are about something; asked to be closed at all."""


class Doing(Enum):
    """What a hand does with what it holds, if it holds anything."""

    CARRY = 'carry'
    DRAG = 'drag'
    PUT_DOWN = 'put down'


class Held:
    """The shift (6,), base frame, by which a held hand is led beside its guide; see `beside`.

    lead: s at full speed, by which the guide's clock leads an empty hand at most.
    """

    def __init__(self, lead: float) -> None:
        self.shift = np.zeros(6)
        self._lead = lead

    def update(
        self,
        clock: GuideClock,
        led: Led,
        T_base_ee: np.ndarray,
        opening: float,
        step: float,
        doing: Doing,
    ) -> None:
        """Take in where the hand is, (4, 4), `step` seconds after the last time.

        led: where it is led. opening: measured. doing: with what it holds. Sets the clock's lead
        and pace.
        """
        asked = float(clock.guide.openings(np.array([clock.time]))[0])
        closed = asked < CLOSED and clock.fingers_asked is None
        holds = closed and opening > asked + HELD
        # With fingers that have slipped off, too.
        gently = closed and doing is not Doing.CARRY
        most = GENTLE_LEAD if gently else LEAD if holds else self._lead
        clock.lead = min(self._lead, most)
        clock.pace = GENTLE_PACE if gently else 1.0
        if not (closed and doing is Doing.DRAG):
            # What is carried goes anywhere; what stands in its way is no rail.
            self.shift -= self.shift * min(1.0, YIELDING * step)
            return
        if not holds:
            return
        kept = _beyond(_beside(clock, led, T_base_ee))
        if kept.any():
            self.shift += kept * min(1.0, YIELDING * step)
        else:
            self.shift -= self.shift * min(1.0, FADING * step)


def _beside(clock: GuideClock, led: Led, T_base_ee: np.ndarray) -> np.ndarray:
    """Return how the hand is beside where it is led, at the nearest pose, (6,); not along it."""
    time = float(clock.guide.time_of(np.array([clock.way]))[0])
    before, T_near, after = led(time + TANGENT * np.array([-1.0, 0.0, 1.0]))
    out = apart(T_near, T_base_ee)
    along = after[:3, 3] - before[:3, 3]
    length = float(np.linalg.norm(along))
    if length > 0:
        along = along / length
        out[:3] -= (out[:3] @ along) * along
    return out


def _beyond(beside: np.ndarray) -> np.ndarray:
    """Return a shift (6,) less what is usual."""
    out = beside.copy()
    for part, free in ((slice(0, 3), FREE), (slice(3, 6), FREE_TURN)):
        size = float(np.linalg.norm(beside[part]))
        out[part] *= max(0.0, 1 - free / max(size, 1e-9))
    return out
