"""The colours of all pictures: the same thing has the same colour in rviz and on the page."""

from __future__ import annotations

from gae_arm.core.marks import RGBA
from gae_arm.core.motion import ArmState

RGB = tuple[int, int, int]

OPEN: RGB = (45, 212, 150)
CLOSED: RGB = (255, 146, 43)
UNCHANGED: RGB = (170, 180, 195)
PLAN_LINE: RGB = (205, 212, 222)
GUIDE: RGB = (64, 140, 255)
EXECUTED: RGB = (236, 72, 170)
ANCHOR: RGB = (250, 204, 21)
CLOUD: RGB = (110, 150, 190)
ROBOT: RGB = (228, 231, 235)
STATE: dict[ArmState | None, RGB] = {
    ArmState.MOVING: (34, 197, 94),
    ArmState.HOLDING: (59, 130, 246),
    ArmState.HALTED: (239, 68, 68),
    None: (120, 128, 140),
}


def gripper(opening: float | None) -> RGB:
    """Return the colour of a waypoint by its gripper, 0.0 closed to 1.0 open, None: as it is."""
    if opening is None:
        return UNCHANGED
    return OPEN if opening >= 0.5 else CLOSED


def rgba(color: RGB, alpha: float = 1.0) -> RGBA:
    """Return the colour as four numbers from 0.0 to 1.0."""
    red, green, blue = color
    return red / 255, green / 255, blue / 255, alpha


def css(color: RGB) -> str:
    """Return the colour as a style sheet writes it."""
    return f'rgb({color[0]}, {color[1]}, {color[2]})'
