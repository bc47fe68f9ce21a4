"""What a sparse plan leaves open is filled here: orientations, the ways into and out of a grasp.

Planners answer with points. These may have no orientation, may start at the grasp itself, and may
end where the gripper opens. What a plan says itself stays as it is.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum

import numpy as np

from action_expert.guide import SAME_OPENING, GuideWaypoints
from gae_arm.core import end_effector, geometry
from gae_arm.core.cloud import Cloud
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.settings import Settings, setting
from gae_arm.core.surface import grasp_rotation_at

CONE = 0.7
"""Cosine: a waypoint less than 45 degrees off the axis behind a grasp is a way into it."""
SHORT = 0.05
"""m: a waypoint that is less behind a grasp slides into it, or errs by as much: so it is meant."""
DESCENT, LEVEL, CORNER = 0.035, 0.5, 0.015
"""m: a way that comes down by as much, and goes on less steeply than this share of its length, to
where something is touched, turns about a corner: a push. A smooth way would dip below it; a piece
so short holds it up."""
DRAGGED, DEEPER = 0.11, 0.07
"""m: what is grasped, moved, and let go of so near there, and no deeper, is dragged: a drawer."""
OPEN, EMPTY = 0.9, 0.05
"""Opening from which on a gripper counts as open; below which it is closed on nothing."""


@dataclass(frozen=True)
class PreparationSettings(Settings):
    """How a plan is filled."""

    approach: float = setting(
        0.1, 'straight way into and out of a grasp where the plan has none, m', low=0.0, high=0.5
    )
    objects_above: float = setting(
        0.01, 'height in the base frame below which the cloud shows no objects but their table, m'
    )
    most_tilt: float = setting(
        0.8, 'of an approach from straight down, on tilted surfaces, rad', low=0.0, high=1.5
    )


class _Touch(Enum):
    NOTHING = 'nothing'
    GRASP = 'grasp'
    RELEASE = 'release'
    PUSH = 'push'


@dataclass(frozen=True, eq=False)
class _Stop:
    """A waypoint on its way to being complete; rotation None: not chosen yet."""

    position: np.ndarray
    rotation: np.ndarray | None
    gripper: float | None
    touch: _Touch
    source: int

    def behind(self, distance: float) -> _Stop:
        """Return the stop so far back along the approach, m, where nothing is touched."""
        assert self.rotation is not None
        return dataclasses.replace(
            self,
            position=self.position - distance * end_effector.approach(self.rotation),
            gripper=None,
            touch=_Touch.NOTHING,
        )


def prepared(
    plan: WaypointPlan,
    T_base_ee: np.ndarray,
    opening: float,
    cloud: Cloud | None,
    settings: PreparationSettings,
) -> GuideWaypoints:
    """Return the plan's waypoints, complete, and those that it lacks.

    plan: in the base frame. T_base_ee: (4, 4), now. opening: the gripper's, 0.0 to 1.0, now.
    cloud: shows the surface at the grasp; None: grasps come from straight above.

    A waypoint without orientation has that of the grasp or the release that it leads to. A release
    keeps the orientation of its grasp: what is held stays upright. Where the plan does not come
    from behind to a grasp or release, or go back behind it, that way is added; for a grasp with an
    open gripper. Where it comes down and goes on along the table to a touch, a short level piece.
    """
    stops = _oriented(_stops(plan, opening), T_base_ee[:3, :3], cloud, settings)
    stops = _with_ways(stops, T_base_ee[:3, 3], opening, settings.approach)
    return GuideWaypoints(
        poses=geometry.transform(
            np.array([stop.rotation for stop in stops]), np.array([s.position for s in stops])
        ),
        gripper=np.array([np.nan if s.gripper is None else s.gripper for s in stops]),
        touches=np.array([stop.touch is not _Touch.NOTHING for stop in stops]),
        sources=np.array([stop.source for stop in stops]),
    )


def _stops(plan: WaypointPlan, opening: float) -> list[_Stop]:
    """Return the plan's waypoints, knowing what is grasped and released where.

    The first closing is a grasp even if the gripper is closed: it will have to open before.
    Opening is a release after a grasp, or at the end; else the hand is only made ready. Closed
    fingers that come down and go on level push something to there.
    """
    given = [w.orientation for w in plan.waypoints if w.orientation is not None]
    rotations = iter(geometry.quaternion_to_matrix(np.reshape(given, (-1, 4))))
    out: list[_Stop] = []
    grasped = False
    for k, waypoint in enumerate(plan.waypoints):
        value, touch = waypoint.gripper, _Touch.NOTHING
        if value is not None:
            if value < opening - SAME_OPENING or (value < 0.5 and not grasped):
                touch, grasped = _Touch.GRASP, True
            elif value > opening + SAME_OPENING and (grasped or k == len(plan.waypoints) - 1):
                touch = _Touch.RELEASE
            opening = value
        rotation = None if waypoint.orientation is None else next(rotations)
        stop = _Stop(waypoint.position, rotation, value, touch, k)
        pushes = touch is _Touch.NOTHING and opening < 0.5 and k > 1
        if pushes and _is_corner(out[-2], out[-1], stop):
            stop = dataclasses.replace(stop, touch=_Touch.PUSH)
        out.append(stop)
    return out


def _oriented(
    stops: list[_Stop], present: np.ndarray, cloud: Cloud | None, settings: PreparationSettings
) -> list[_Stop]:
    """Choose the orientations that the plan leaves open."""
    latest, chosen = end_effector.turned_to(end_effector.DOWN, present), []
    for stop in stops:
        rotation = stop.rotation
        if rotation is None and stop.touch is _Touch.GRASP and cloud is not None:
            rotation = grasp_rotation_at(
                cloud.points, stop.position, latest, settings.objects_above, settings.most_tilt
            )
        elif rotation is None and stop.touch is not _Touch.NOTHING:
            rotation = latest
        latest = latest if rotation is None else rotation
        chosen.append(rotation)
    out = []
    for stop, rotation in zip(reversed(stops), reversed(chosen), strict=True):
        latest = latest if rotation is None else rotation
        out.append(dataclasses.replace(stop, rotation=latest))
    return out[::-1]


def _with_ways(
    stops: list[_Stop], start: np.ndarray, opening: float, distance: float
) -> list[_Stop]:
    """Add the ways into and out of grasps and releases that the plan lacks."""
    out: list[_Stop] = []
    for k, stop in enumerate(stops):
        if stop.touch is not _Touch.NOTHING:
            turns = _turns_corner(stops[max(0, k - 2) : k + 1])
            enters = _enters(stops[k - 1], stop) if k else _is_there(start, stop, distance)
            enters = enters or (turns and not _opens(stop))
            if not enters:
                out.append(stop.behind(distance))
            at_once = k == 0 and enters
            if stop.touch is _Touch.GRASP and not at_once:
                closed = OPEN if k == 0 else EMPTY
                if opening < closed and out[-1].gripper is None:
                    out[-1] = dataclasses.replace(out[-1], gripper=1.0)
            if enters and turns:
                out.append(_around(stops[k - 1], stop))
        out.append(stop)
        opening = opening if stop.gripper is None else stop.gripper
        if stop.touch is not _Touch.NOTHING:
            leaves = k + 1 < len(stops) and _enters(stops[k + 1], stop)
            if not leaves and not _drags(stops[k : k + 3]):
                out.append(stop.behind(distance))
    return out


def is_drag(end: np.ndarray, release: np.ndarray) -> bool:
    """Return whether a way that ends at (3,), m, drags what is let go of at another place (3,)."""
    apart = end - release
    return bool(np.linalg.norm(apart) < DRAGGED and apart[2] < DEEPER)


def _drags(stops: list[_Stop]) -> bool:
    """Return whether three stops grasp something, move it, and let go of it there."""
    touches = [stop.touch for stop in stops]
    drag = touches == [_Touch.GRASP, _Touch.NOTHING, _Touch.RELEASE]
    return drag and is_drag(stops[1].position, stops[2].position)


def _turns_corner(stops: list[_Stop]) -> bool:
    """Return whether three stops come down and go on level, as to push; a drag does not."""
    if len(stops) < 3 or (_opens(stops[-1]) and _drags(stops)):
        return False
    return _is_corner(*stops)


def _opens(stop: _Stop) -> bool:
    return stop.gripper is not None and stop.gripper > 0.5


def _enters(other: _Stop, stop: _Stop) -> bool:
    """Return whether a plan's neighbour of a grasp or release is a way into or out of it.

    From behind, or sliding; but not straight from one thing to the next, sliding on the table.
    """
    assert stop.rotation is not None
    offset = other.position - stop.position
    back = -float(offset @ end_effector.approach(stop.rotation))
    if back < SHORT:
        return other.touch is _Touch.NOTHING
    return back >= CONE * float(np.linalg.norm(offset))


def _is_corner(before: _Stop, corner: _Stop, after: _Stop) -> bool:
    """Return whether the way comes down to where nothing is touched, and goes on level."""
    way = after.position - corner.position
    comes_down = before.position[2] - corner.position[2] > DESCENT
    level = abs(way[2]) < LEVEL * np.linalg.norm(way)
    return bool(corner.touch is _Touch.NOTHING and comes_down and level)


def _around(corner: _Stop, after: _Stop) -> _Stop:
    """Return a stop a bit further than a corner, on the straight way from there."""
    way = after.position - corner.position
    share = min(1.0, CORNER / max(float(np.linalg.norm(way)), 1e-9))
    return dataclasses.replace(corner, position=corner.position + share * way, gripper=None)


def _is_there(start: np.ndarray, stop: _Stop, distance: float) -> bool:
    """Return whether the arm stands at its first grasp or release already, or just behind it."""
    assert stop.rotation is not None
    offset = start - stop.position
    apart = float(np.linalg.norm(offset))
    back = -float(offset @ end_effector.approach(stop.rotation))
    return apart < SHORT or (apart <= 2 * distance and back >= CONE * apart)
