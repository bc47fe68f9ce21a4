"""Things to draw for a person, as visualization_msgs/Marker draws them, without the message."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from gae_arm.core import checks

RGBA = tuple[float, float, float, float]


class Shape(IntEnum):
    """What is drawn; the numbers are those of visualization_msgs/Marker."""

    SPHERE = 2
    LINE_STRIP = 4
    LINE_LIST = 5
    TEXT = 9


@dataclass(frozen=True, eq=False)
class Mark(checks.Contract):
    """One thing to draw.

    shape, namespace: what, and the group in which rviz shows and hides it.
    position: float64 (3,), metres, of a sphere or a text.
    size: metres: diameter of a sphere, width of a line, height of capital letters.
    color: (red, green, blue, alpha), 0.0 to 1.0.
    points: float64 (N, 3), metres: of a LINE_STRIP in order, of a LINE_LIST in pairs.
    text: of a TEXT.
    """

    shape: Shape
    namespace: str
    size: float
    color: RGBA
    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    points: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    text: str = ''

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        set_ = object.__setattr__
        set_(self, 'shape', checks.member('shape', self.shape, Shape))
        checks.text('namespace', self.namespace, allow_empty=False)
        set_(self, 'size', checks.number('size', self.size, 1e-6))
        set_(self, 'color', tuple(checks.array('color', self.color, (4,)).tolist()))
        set_(self, 'position', checks.array('position', self.position, (3,)))
        set_(self, 'points', checks.array('points', self.points, (None, 3)))
        checks.text('text', self.text)
