"""Where on its guide the arm is, and where it is to be next: progress that never runs backwards.

The guide's clock goes with the time of the states, ahead of the arm by what a real arm lags behind
its command, and no further than `lead`: an arm that is slowed down or held slows the clock down or
holds it, and the clock starts again gently. At a gripper event it waits until the arm has come, and
then until the fingers have got there, or stand against something: no time does instead, since
while the governor halts the arm the fingers do not move either. Where the guide turns back, as
after a press, it waits until the arm has come, or stands against something.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from action_expert.guide import BACK, Guide
from gae_arm.core import geometry
from gae_arm.core.settings import Settings, setting

CANDIDATES = 33
"""Points of the guide that are compared with where the arm is."""
LONGEST_STEP = 0.5
"""s: states further apart than this count as this far apart."""
STEP = 2e-3
"""s at full speed: less is noise, and no progress."""
SAME = 1e-6
"""m: distances from the guide that differ by less are equal."""
STANDING, LEAST_LEAD = 0.3, 0.025
"""s: an arm that stands for so long is led by no more than this, in s at full speed."""
AGAINST = 0.5
"""s: an arm that stands for so long before its guide turns back has come as far as it can."""
SOON = 0.3
"""s: so long before the guide turns back it is looked at whether the arm is led back, too."""
REACHED, MOVED = 0.05, 0.01
"""Openings: so near is what was asked for; so far are fingers that have moved."""


@dataclass(frozen=True)
class ClockSettings(Settings):
    """How progress on the guide is measured."""

    lead: float = setting(
        0.25, 'of the command before the arm, at most, s at full speed', low=0.03, high=2.0
    )
    ramp: float = setting(0.25, 'from standing to full speed after a hold, s', low=0.0, high=5.0)
    arrival_distance: float = setting(
        0.008, 'from a waypoint, where the arm has arrived, m', low=1e-4, high=0.1
    )
    arrival_angle: float = setting(
        0.08, 'from a waypoint, where the arm has arrived, rad', low=1e-3, high=1.0
    )
    grip: float = setting(
        0.2, 'that fingers stand before what they hold counts as grasped, s', low=0.0, high=5.0
    )


Led = Callable[[np.ndarray], np.ndarray]
"""Poses (M, 4, 4) at which an arm is led at times (M,) of a guide's clock."""


class GuideClock:
    """Follows one arm along one guide; the time is that of the states.

    time: on the guide's clock, what is commanded at the last state's stamp. way: what the arm has
    behind it, as measured, in the guide's measure. event: index of the next gripper event. done:
    whether the arm is at the end and all events are over. off: distance of the arm from the guide,
    m, its angle counted as `arrival_distance` per `arrival_angle`. lag: its distance, so counted,
    from what is commanded. still: time without progress, s. lead: as in `ClockSettings`; pace:
    share of full speed; whoever follows may allow less.
    """

    def __init__(self, guide: Guide, stamp_ns: int, settings: ClockSettings) -> None:
        self.guide = guide
        self.time = 0.0
        self.way = 0.0
        self.event = 0
        self.done = False
        self.off = self.lag = 0.0
        self.still = 0.0
        self.lead = settings.lead
        self.pace = 1.0
        self._settings = settings
        self._lever = settings.arrival_distance / settings.arrival_angle
        self._stamp_ns = stamp_ns
        self._rate = 0.0
        self._noted = 0.0
        self._fingers: _Fingers | None = None
        self._turn = 0
        self._led: Led = guide.sample

    @property
    def fingers_asked(self) -> float | None:
        """The opening that the arm waits for; None while it does not."""
        return None if self._fingers is None else self.guide.events[self.event].opening

    @property
    def next_waypoint(self) -> int:
        """Index of the guide's waypoint that comes next; the last one where all are behind."""
        events, arrivals = self.guide.events, self.guide.arrivals
        ahead = self.guide.way_at(arrivals) > self.way + STEP
        first = int(np.argmax(ahead)) if ahead.any() else len(arrivals) - 1
        if self.event < len(events):
            return min(first, events[self.event].waypoint)
        return first

    @property
    def share(self) -> float:
        """What is done of the guide's duration, 0.0 to 1.0."""
        if self.done:
            return 1.0
        behind = float(self.guide.time_of(np.array([self.way]))[0])
        return min(self.time, behind) / max(self.guide.duration, 1e-9)

    def update(
        self, stamp_ns: int, T_base_ee: np.ndarray, opening: float, led: Led | None = None
    ) -> None:
        """Take a state: its stamp, the pose (4, 4) and the opening that it shows.

        led: where the arm is led, beside the guide; None: on it. A stamp before the last one, after
        a jump of the clock, counts as no time.
        """
        self._led = led or self.guide.sample
        step = self._step(stamp_ns)
        before, event, dwelling = self.time, self.event, self._fingers is not None
        self.time, self._stamp_ns = self.time_at(stamp_ns), stamp_ns
        self._rate = self._rate_after(step)
        self._measure(T_base_ee)
        self._hold_back(before, step)
        self._turn_back(T_base_ee)
        self._carry_out(T_base_ee, opening)
        at_end = self.time >= self.guide.duration and self._at(T_base_ee, self.guide.duration)
        self.done = self.done or (at_end and self.event == len(self.guide.events))
        moves = self.way > self._noted + STEP or self.event > event
        self.still += step
        if moves or self.done or (dwelling and self.time > before):
            self.still, self._noted = 0.0, self.way

    def reach(self, waypoint: int) -> None:
        """Take in that the arm has come to a waypoint as far as it can: something is there."""
        self.way = max(self.way, float(self.guide.way_at(self.guide.arrivals[[waypoint]])[0]))

    def times(self, offsets: np.ndarray) -> np.ndarray:
        """Return what the guide's clock shows `offsets` (H,) s after the last state, (H,)."""
        ramp, pace = self._settings.ramp, self.pace
        rate = min(self._rate, pace)
        rising = np.minimum(offsets, (pace - rate) * ramp)
        slow = rate * rising + (rising**2 / (2 * ramp) if ramp > 0 else 0.0)
        return np.minimum(self.time + slow + pace * (offsets - rising), self._barrier())

    def time_at(self, stamp_ns: int) -> float:
        """Return what the guide's clock shows at a stamp after the last state."""
        return float(self.times(np.array([self._step(stamp_ns)]))[0])

    def _step(self, stamp_ns: int) -> float:
        return min(max((stamp_ns - self._stamp_ns) * 1e-9, 0.0), LONGEST_STEP)

    def _rate_after(self, step: float) -> float:
        ramp = self._settings.ramp
        return min(self.pace, self._rate + step / ramp) if ramp > 0 else self.pace

    def _barrier(self) -> float:
        """Return the time that the clock must not pass yet."""
        turns, events = self.guide.turns[self._turn :], self.guide.events[self.event :]
        turn = float(turns[0]) if len(turns) else self.guide.duration
        if not events:
            return turn
        event = events[0].arrive if self._fingers is None else events[0].leave
        return min(turn, event)

    def _measure(self, T_base_ee: np.ndarray) -> None:
        """Move on to the point of the guide, up to the commanded one, that is nearest the arm."""
        commanded = float(self.guide.way_at(np.array([self.time]))[0])
        ways = np.linspace(self.way, max(self.way, commanded), CANDIDATES)
        poses = self._led(self.guide.time_of(ways))
        turns = geometry.angle_between(poses[:, :3, :3], T_base_ee[:3, :3])
        apart = np.linalg.norm(poses[:, :3, 3] - T_base_ee[:3, 3], axis=1)
        off = np.hypot(apart, self._lever * turns)
        # The last of equal ones: where the guide leads on the spot, nothing is to be waited for.
        nearest = int(np.flatnonzero(off <= off.min() + SAME)[-1])
        self.way, self.off, self.lag = float(ways[nearest]), float(off[nearest]), float(off[-1])

    def _hold_back(self, before: float, step: float) -> None:
        """Keep the command from running away from the arm."""
        lead = LEAST_LEAD if self.still > STANDING else self.lead
        limit = float(self.guide.time_of(np.array([self.way + lead]))[0])
        if self.time <= limit:
            return
        self.time = limit
        if step > 0:
            self._rate = min(self._rate, max(0.0, (limit - before) / step))

    def _turn_back(self, T_base_ee: np.ndarray) -> None:
        """Let the clock pass where the guide turns back, once the arm has come as far as it can."""
        turns = self.guide.turns[self._turn :]
        if not len(turns) or self._barrier() < turns[0]:
            return
        if self.time >= turns[0] - SOON and not self._leads_back(float(turns[0])):
            self._turn += 1
            return
        way = float(self.guide.way_at(turns[:1])[0])
        comes = self.time >= turns[0] and self._at(T_base_ee, float(turns[0]))
        if comes or (self.still > AGAINST and way - self.way <= self.lead):
            self.way = max(self.way, way)
            self._turn += 1

    def _leads_back(self, turn: float) -> bool:
        """Return whether the arm is led back there as well: beside its guide it may not be."""
        before, here, after = self._led(turn + SOON * np.array([-0.5, 0.0, 0.5]))[:, :3, 3]
        there, back = here - before, after - here
        return bool(there @ back < BACK * np.linalg.norm(there) * np.linalg.norm(back))

    def _carry_out(self, T_base_ee: np.ndarray, opening: float) -> None:
        """Begin the next gripper event where the arm has come to it; end it when it is over."""
        if self.event == len(self.guide.events):
            return
        event = self.guide.events[self.event]
        if self._fingers is None:
            if self.time >= event.arrive and self._at(T_base_ee, event.arrive):
                self.way = float(self.guide.way_at(np.array([event.arrive]))[0])
                self._fingers = _Fingers(opening, self._stamp_ns)
            return
        stood = self._fingers.stood(opening, self._stamp_ns)
        reached = abs(opening - event.opening) <= REACHED
        if self.time >= event.act and (reached or stood >= self._settings.grip):
            self.time, self._rate = event.leave, 1.0
            self.event += 1
            self._fingers = None

    def _at(self, T_base_ee: np.ndarray, time: float) -> bool:
        """Return whether the arm is where it is led at that time."""
        T = self._led(np.array([time]))[0]
        turn = geometry.angle_between(T[:3, :3], T_base_ee[:3, :3])
        return bool(
            np.linalg.norm(T[:3, 3] - T_base_ee[:3, 3]) <= self._settings.arrival_distance
            and turn <= self._settings.arrival_angle
        )


class _Fingers:
    """Watches the fingers since the arm has come to a gripper event."""

    def __init__(self, opening: float, stamp_ns: int) -> None:
        self._first = self._noted = opening
        self._noted_ns = stamp_ns

    def stood(self, opening: float, stamp_ns: int) -> float:
        """Return for how long they have stood since they moved, s; 0 before they have."""
        if abs(opening - self._noted) >= MOVED:
            self._noted, self._noted_ns = opening, stamp_ns
        moved = self._noted != self._first
        return (stamp_ns - self._noted_ns) * 1e-9 if moved else 0.0
