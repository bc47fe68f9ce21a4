"""Something that is held and drawn along without being lifted, as drawers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_planner.gripper import gripper_events
from vla_planner.sketch import Stroke


@dataclass(frozen=True)
class Drag:
    """Waypoints of a drag: where it is grasped, and the last at which it is held."""

    grasp: int
    end: int


def drag_of(strokes: Sequence[Stroke]) -> Drag | None:
    """Return the drag that an answer begins with; None: it lifts, pushes or presses.

    What is grasped at one place of the picture and held at others alone was not lifted.
    """
    events = gripper_events([stroke.gripper for stroke in strokes])
    if not events or not events[0][1]:
        return None
    grasp = events[0][0]
    end = events[1][0] if len(events) > 1 else len(strokes) - 1
    held = strokes[grasp + 1 : end + 1]
    lifted = any(np.array_equal(stroke.place, strokes[grasp].place) for stroke in held)
    return Drag(grasp, end) if held and not lifted else None
