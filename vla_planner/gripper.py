"""What the gripper does in the course of a plan."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from gae_arm.core.plan import WaypointPlan

MIDDLE = 0.5
SAME_PLACE = 0.03
"""Metres: a thing that is grasped so near to where one was let go of is that one."""
ALIKE = 0.7
"""Cosine between directions that count as one."""


def gripper_events(openings: Sequence[float | None]) -> list[tuple[int, bool]]:
    """Return where the gripper closes (True) or opens (False), as (waypoint, closes).

    openings: what each waypoint says, None for nothing. The first setting is an event only if it
    closes and nothing else is said, or it opens later: a path that begins at its grasp. Fingers
    that are closed all along push.
    """
    said = [(i, opening < MIDDLE) for i, opening in enumerate(openings) if opening is not None]
    out = [one for before, one in itertools.pairwise(said) if one[1] != before[1]]
    begins_closed = bool(said) and said[0][1] and (len(said) == 1 or bool(out))
    return [said[0], *out] if begins_closed else out


def ends_open(openings: Sequence[float | None]) -> bool:
    """Return whether the hand is open after a plan: it holds nothing, and does not push."""
    said = [opening for opening in openings if opening is not None]
    return bool(said) and said[-1] >= MIDDLE


def takes_back(plan: WaypointPlan, before: WaypointPlan) -> bool:
    """Return whether a plan first lifts what the plan before has put down, where it did.

    Who draws something along, as a drawer into which something was just put, takes nothing back.
    Both in the frame of a camera that stands still.
    """
    grasps = places(plan, closes=True)[:1]
    releases = places(before, closes=False)[-1:]
    carried = bool(places(before, closes=True))
    near = [np.linalg.norm(a - b) < SAME_PLACE for a in grasps for b in releases]
    return carried and any(near) and _lifts(plan)


def moves(plan: WaypointPlan) -> np.ndarray:
    """Return from where to where a plan moves what it grasps, (0 or 1, 2, 3), in its frame."""
    grasps, releases = places(plan, closes=True)[:1], places(plan, closes=False)[-1:]
    return np.reshape([*grasps, *releases] if grasps and releases else [], (-1, 2, 3))


def _lifts(plan: WaypointPlan) -> bool:
    """Return whether what is grasped first leaves the way that the hand came."""
    grasp = next(i for i, closes in gripper_events([w.gripper for w in plan.waypoints]) if closes)
    if not 0 < grasp < len(plan.waypoints) - 1:
        return True
    before, here, after = (w.position for w in plan.waypoints[grasp - 1 : grasp + 2])
    came, goes = before - here, after - here
    apart = np.linalg.norm(came) * np.linalg.norm(goes)
    return bool(came @ goes >= ALIKE * apart)


def places(plan: WaypointPlan, closes: bool) -> list[np.ndarray]:
    """Return where the gripper closes, or opens, each (3,), metres, in the plan's frame."""
    events = gripper_events([waypoint.gripper for waypoint in plan.waypoints])
    return [plan.waypoints[i].position for i, closing in events if closing == closes]
