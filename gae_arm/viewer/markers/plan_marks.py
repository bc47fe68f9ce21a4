"""Plan, anchors and status as marks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gae_arm.core.marks import Mark, Shape
from gae_arm.core.motion import ArmStatus
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_transform import positions
from gae_arm.viewer import palette, words
from gae_arm.viewer.gripper_glyph import waypoint_glyph

SPHERE, LINE, LETTER = 0.018, 0.004, 0.03  # m
ABOVE = np.array([0.0, 0.0, 0.03])
HIGHER = np.array([0.0, 0.0, 0.06])  # than the number of a waypoint at the same place
STATUS_AT = np.array([0.0, 0.0, 1.15])  # above an upright arm
WHITE = (1.0, 1.0, 1.0, 1.0)


def plan_marks(plan: WaypointPlan) -> list[Mark]:
    """Return spheres, grippers, order numbers and the line between, in the plan's frame."""
    marks = [
        Mark(
            Shape.LINE_STRIP, 'plan line', LINE, palette.rgba(palette.PLAN_LINE, 0.8),
            points=positions(plan),
        )
    ]  # fmt: skip
    for number, waypoint in enumerate(plan.waypoints):
        color = palette.rgba(palette.gripper(waypoint.gripper))
        marks.append(Mark(Shape.SPHERE, 'waypoints', SPHERE, color, waypoint.position))
        segments = waypoint_glyph(waypoint).reshape(-1, 3)
        if len(segments):
            marks.append(Mark(Shape.LINE_LIST, 'grippers', LINE, color, points=segments))
        at = waypoint.position + ABOVE
        marks.append(Mark(Shape.TEXT, 'order', LETTER, WHITE, at, text=str(number)))
    return marks


def anchor_marks(labels: Sequence[str], points: np.ndarray) -> list[Mark]:
    """Return a sphere and a label for each anchor (A, 3), metres; those with NaN are left out."""
    marks = []
    color = palette.rgba(palette.ANCHOR)
    for label, point in zip(labels, points, strict=True):
        if np.isfinite(point).all():
            marks.append(Mark(Shape.SPHERE, 'anchors', SPHERE, color, point))
            at = point + HIGHER
            marks.append(Mark(Shape.TEXT, 'anchor labels', LETTER, color, at, text=label))
    return marks


def status_mark(status: ArmStatus | None, *more: str) -> Mark:
    """Return the text above the base: what the arm does and why, then further lines."""
    lines = [words.status_headline(status), words.status_reason(status), *more]
    color = palette.rgba(palette.STATE[None if status is None else status.state])
    text = '\n'.join(line for line in lines if line)
    return Mark(Shape.TEXT, 'status', 1.4 * LETTER, color, STATUS_AT, text=text)
