"""The guide: waypoints as one timed motion of the end effector, with its gripper events.

From where the arm is, through all waypoints, as a cubic B-spline or (the ablation) along straight
lines, as fast as the limits allow. At a gripper event the arm stands: first it settles, then the
fingers move. Into and out of an event that touches something the way is straight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from action_expert.time_law import MotionLimits, TimedCurve, timed
from action_expert.waypoint_curve import (
    SAME_PLACE,
    SAME_TURN,
    distances,
    one_hemisphere,
    smooth_curve,
    straight_curve,
)
from gae_arm.core import geometry
from gae_arm.core.settings import Settings, setting

SAME_OPENING = 1e-3
"""Openings that differ by less are one: nothing moves."""
BACK = -0.5
"""Cosine between the ways to a waypoint and from it: below, the way turns back there."""


@dataclass(frozen=True)
class GuideSettings(Settings):
    """How fast a guide goes, and how long it stands for the gripper."""

    speed: float = setting(0.25, 'of the end effector, m/s', low=1e-3, high=3.0)
    acceleration: float = setting(1.0, 'of the end effector, m/s^2', low=1e-3, high=30.0)
    turn_speed: float = setting(1.0, 'of the end effector, rad/s', low=1e-3, high=10.0)
    turn_acceleration: float = setting(4.0, 'of the end effector, rad/s^2', low=1e-3, high=100.0)
    settle: float = setting(
        0.2, 'that the arm stands before the fingers move, and after, s', low=0.0, high=5.0
    )

    @property
    def limits(self) -> MotionLimits:
        """The limits of the motion."""
        return MotionLimits(self.speed, self.acceleration, self.turn_speed, self.turn_acceleration)


@dataclass(frozen=True, eq=False)
class GuideWaypoints:
    """K >= 1 complete waypoints of a guide.

    poses: T_base_ee, float64 (K, 4, 4). gripper: (K,), opening from 0.0 to 1.0 that is set there;
    NaN: as it is. touches: bool (K,), whether something is grasped or put down there: the ways in
    and out are straight. sources: int (K,), indices of the plan's waypoints they come from.
    """

    poses: np.ndarray
    gripper: np.ndarray
    touches: np.ndarray
    sources: np.ndarray


@dataclass(frozen=True)
class GripperEvent:
    """The fingers move while the arm stands at a waypoint; all times on the guide's clock, s.

    waypoint: index in `GuideWaypoints`. opening: what is asked for. arrive: the arm stands from
    then on. act: the fingers begin to move. leave: the arm may go on.
    """

    waypoint: int
    opening: float
    arrive: float
    act: float
    leave: float


class Guide:
    """A motion of the end effector over its own clock, from 0 to `duration` seconds.

    waypoints: what it goes through. arrivals: float64 (K,), when. events: in order. turns: when it
    turns back at a waypoint without an event, in order. duration: s. length: the whole way, in
    seconds at full speed; measures progress where time cannot, since a way does not grow while the
    arm stands.
    """

    def __init__(
        self,
        waypoints: GuideWaypoints,
        motion: _Table,
        arrivals: np.ndarray,
        events: tuple[GripperEvent, ...],
        opening: float,
    ) -> None:
        self.waypoints = waypoints
        self.arrivals = arrivals
        self.events = events
        self.turns = _turns(waypoints, arrivals, events)
        self.duration = float(motion.times[-1])
        self.length = float(motion.way[-1])
        self._motion = motion
        self._acts = np.array([event.act for event in events])
        self._openings = np.array([opening, *(event.opening for event in events)])

    def sample(self, times: np.ndarray) -> np.ndarray:
        """Return T_base_ee (M, 4, 4) at times (M,), s; before and after the motion it stands."""
        values = self._motion.values_at(np.asarray(times, dtype=np.float64))
        rotations = geometry.quaternion_to_matrix(values[:, 3:])
        return geometry.transform(rotations, values[:, :3])

    def openings(self, times: np.ndarray) -> np.ndarray:
        """Return the openings (M,) that are asked for at times (M,), s."""
        return self._openings[np.searchsorted(self._acts, times, side='right')]

    def way_at(self, times: np.ndarray) -> np.ndarray:
        """Return the ways (M,) that are behind at times (M,), s: 0 to `length`, not decreasing."""
        return np.interp(times, self._motion.times, self._motion.way)

    def time_of(self, ways: np.ndarray) -> np.ndarray:
        """Return the last times (M,), s, at which no more than these ways (M,) are behind."""
        table = self._motion
        i = np.searchsorted(table.way, ways, side='right')
        inside = np.clip(i, 1, len(table.way) - 1)
        before, after = table.way[inside - 1], table.way[inside]
        share = (ways - before) / np.maximum(after - before, 1e-12)
        between = table.times[inside - 1] + share * (table.times[inside] - table.times[inside - 1])
        return np.where(i == 0, 0.0, np.where(i == len(table.way), self.duration, between))

    def ahead(self, time: float, count: int, spacing: float) -> np.ndarray:
        """Return guidance poses (count, 4, 4), `spacing` seconds apart, the first one at `time`."""
        return self.sample(time + spacing * np.arange(count))


class _Table:
    """Cubic pieces in time: times, way (M,), values and rates (M, 7) at M >= 2 rows."""

    def __init__(
        self, times: np.ndarray, way: np.ndarray, values: np.ndarray, rates: np.ndarray
    ) -> None:
        self.times, self.way = times, way
        self._spans = np.diff(times)
        p, d = values[:-1], np.diff(values, axis=0)
        a, b = rates[:-1] * self._spans[:, None], rates[1:] * self._spans[:, None]
        self._cubics = np.stack([p, a, 3 * d - 2 * a - b, a + b - 2 * d], axis=1)

    def values_at(self, times: np.ndarray) -> np.ndarray:
        """Return position and quaternion, not normalised, (N, 7), at times (N,)."""
        i = np.searchsorted(self.times[1:-1], times, side='right')
        u = (times - self.times[i]) / np.maximum(self._spans[i], 1e-12)
        u = np.minimum(np.maximum(u, 0.0), 1.0)[:, None]  # np.clip takes three times as long
        p, a, b, c = self._cubics[i].swapaxes(0, 1)
        return p + u * (a + u * (b + u * c))


def make_guide(
    T_base_ee: np.ndarray,
    opening: float,
    waypoints: GuideWaypoints,
    settings: GuideSettings,
    travel: float,
    straight: bool = False,
) -> Guide:
    """Return the guide from where the arm stands through all waypoints.

    T_base_ee: (4, 4), now. opening: the gripper's, 0.0 to 1.0, now. travel: s that the fingers take
    from closed to open. straight: along lines, with a rest at each waypoint.
    """
    poses = np.concatenate([T_base_ee[None], waypoints.poses])
    quaternions = one_hemisphere(geometry.matrix_to_quaternion(poses[:, :3, :3]))
    knots = np.concatenate([poses[:, :3, 3], quaternions], axis=1)
    way, turn = distances(knots)
    moves = (way > SAME_PLACE) | (turn > SAME_TURN)
    knot_of = np.cumsum(moves)
    knots = knots[np.concatenate([[True], moves])]
    changes = _changes(waypoints.gripper, opening)
    motion = _motion(knots, knot_of, changes, waypoints.touches, settings, straight)
    dwells = np.where(np.isnan(changes), 0.0, np.abs(changes) * travel + 2 * settings.settle)
    table, reached = _table(knots, motion, np.bincount(knot_of, dwells, minlength=len(knots)))
    # Waypoints at one place come one after the other, each after the events before it.
    waited = np.cumsum(dwells) - dwells
    arrivals = reached[knot_of] + (waited - waited[np.searchsorted(knot_of, knot_of)])
    arrivals = np.maximum.accumulate(arrivals)  # The sums are rounded.
    events = [
        GripperEvent(
            waypoint=k,
            opening=float(waypoints.gripper[k]),
            arrive=float(arrivals[k]),
            act=float(arrivals[k]) + settings.settle,
            leave=float(arrivals[k] + dwells[k]),
        )
        for k in np.flatnonzero(dwells).tolist()
    ]
    return Guide(waypoints, table, arrivals, tuple(events), opening)


def _turns(
    waypoints: GuideWaypoints, arrivals: np.ndarray, events: tuple[GripperEvent, ...]
) -> np.ndarray:
    """Return when the way turns back at a waypoint without an event, as after a press, (T,)."""
    ways = np.diff(waypoints.poses[:, :3, 3], axis=0)
    lengths = np.linalg.norm(ways, axis=1)
    along = (ways[:-1] * ways[1:]).sum(axis=1)
    back = np.flatnonzero(along < BACK * lengths[:-1] * lengths[1:]) + 1
    return arrivals[np.setdiff1d(back, [event.waypoint for event in events])]


def _changes(gripper: np.ndarray, opening: float) -> np.ndarray:
    """Return by how much the opening changes at each waypoint, (K,); NaN where it does not."""
    out = np.full(len(gripper), np.nan)
    for k in np.flatnonzero(~np.isnan(gripper)).tolist():
        if abs(gripper[k] - opening) > SAME_OPENING:
            out[k] = gripper[k] - opening
        opening = gripper[k]
    return out


def _motion(
    knots: np.ndarray,
    knot_of: np.ndarray,
    changes: np.ndarray,
    touches: np.ndarray,
    settings: GuideSettings,
    straight: bool,
) -> TimedCurve | None:
    if len(knots) == 1:
        return None
    if straight:
        return timed(straight_curve(knots), settings.limits)
    rests = np.zeros(len(knots), dtype=bool)
    rests[[0, -1]] = True
    rests[knot_of[~np.isnan(changes)]] = True
    touched = np.zeros(len(knots), dtype=bool)
    touched[knot_of[touches]] = True
    lines = (touched & rests)[:-1] | (touched & rests)[1:]
    weights = 1 / np.array([settings.speed, settings.turn_speed])
    return timed(smooth_curve(knots, rests, lines, weights), settings.limits)


def _table(
    knots: np.ndarray, motion: TimedCurve | None, dwells: np.ndarray
) -> tuple[_Table, np.ndarray]:
    """Return all rows with their times, and the times (S+1,) at which the knots are reached."""
    if motion is None:
        times = np.array([0.0, dwells[0]])
        rows = np.repeat(knots, 2, axis=0)
        return _Table(times, np.zeros(2), rows, np.zeros_like(rows)), times[:1]
    begin = np.cumsum(dwells[:-1])
    begin[1:] += np.cumsum(motion.seconds[:-1, -1])
    times = (begin[:, None] + motion.seconds).ravel()
    end = motion.values[-1, -1]
    table = _Table(
        times=np.concatenate([[0.0], times, [times[-1] + dwells[-1]]]),
        way=np.concatenate([[0.0], motion.way.ravel(), [motion.way[-1, -1]]]),
        values=np.concatenate([knots[:1], motion.values.reshape(-1, 7), end[None]]),
        rates=np.concatenate([np.zeros((1, 7)), motion.rates.reshape(-1, 7), np.zeros((1, 7))]),
    )
    return table, np.concatenate([[0.0], begin + motion.seconds[:, -1]])
