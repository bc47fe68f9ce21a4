"""What the gripper does in the course of a plan."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from gae_arm.core.plan import WaypointPlan

MIDDLE = 0.5
SAME_PLACE = 0.03
"""Metres: a thing that is grasped so near to where one was let go of is that one."""


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
    """Return whether a plan first grasps what the plan before has put down, where it did.

    Both in the frame of a camera that stands still.
    """
    grasps = _places(plan, closes=True)[:1]
    releases = _places(before, closes=False)[-1:]
    carried = bool(_places(before, closes=True))
    near = [np.linalg.norm(a - b) < SAME_PLACE for a in grasps for b in releases]
    return carried and any(near)


def _places(plan: WaypointPlan, closes: bool) -> list[np.ndarray]:
    events = gripper_events([waypoint.gripper for waypoint in plan.waypoints])
    return [plan.waypoints[i].position for i, closing in events if closing == closes]
