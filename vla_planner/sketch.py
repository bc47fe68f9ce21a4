"""What a model's answer says, whatever format it was written in: places in a picture.

A place is a share of the width and of the height of the picture that the model saw: (0, 0) is its
top-left corner, (1, 1) its bottom-right one. Lifting makes a plan of it, with depth and intrinsics.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.lesson import OUTCOMES

MOST_WAYPOINTS = 64
"""An answer with more is refused: models that fall into a loop write hundreds."""
NEXT = 'next'
OFFSET = 0.5
"""Metres: the farthest that `up` and `along` may lead from what is seen."""
FARTHEST = 10.0
"""Metres: the greatest depth that an answer may give."""


@dataclass(frozen=True, eq=False)
class Spot(checks.Contract):
    """A named place in the picture.

    label: in words. place: float64 (2,), shares of the picture, 0 to 1.
    """

    label: str
    place: np.ndarray

    def __post_init__(self) -> None:
        """Validate: it is in the picture."""
        checks.text('label', self.label)
        object.__setattr__(self, 'place', in_picture('place', self.place))


@dataclass(frozen=True, eq=False)
class Stroke(checks.Contract):
    """One waypoint of an answer.

    place: float64 (2,), shares of the picture, 0 to 1. depth: m along the optical axis; None: what
    the depth camera sees there, or, in mid-air (`free`), between the depths of its neighbours.
    up, along: m, from there against gravity, and level, from the first spot to the second.
    gripper: opening, 0 closed to 1 open; None: as it is. orientation: float64 (4,), unit quaternion
    (x, y, z, w) of the end effector in the camera's optical frame, or None.
    """

    place: np.ndarray
    depth: float | None = None
    free: bool = False
    up: float = 0.0
    along: float = 0.0
    gripper: float | None = None
    orientation: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Validate."""
        set_ = object.__setattr__
        set_(self, 'place', in_picture('place', self.place))
        if self.depth is not None:
            set_(self, 'depth', checks.number('depth', self.depth, 0.01, FARTHEST))
        set_(self, 'up', checks.number('up', self.up, -OFFSET, OFFSET))
        set_(self, 'along', checks.number('along', self.along, -OFFSET, OFFSET))
        if self.gripper is not None:
            set_(self, 'gripper', checks.number('gripper', self.gripper, 0.0, 1.0))
        if self.orientation is not None:
            set_(self, 'orientation', checks.quaternion('orientation', self.orientation, (4,)))


@dataclass(frozen=True, eq=False)
class Sketch(checks.Contract):
    """An answer.

    outcome: 'plan', 'absent' (what is meant is not in the picture), 'done' (nothing is left to do)
    or 'next' (what was asked for takes several plans; `order`, in words, comes first). spots: what
    the plan rests on. strokes: its waypoints; none where only spots were asked for. yaw: rad, in
    which the fingers close at the first spot, from the picture's rightward direction on the table,
    counter-clockwise from above; None: not said. cut: the answer broke off and what is whole of it
    was taken. notes: what a person should know about how it was read.
    """

    outcome: str = 'plan'
    spots: tuple[Spot, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    yaw: float | None = None
    cut: bool = False
    notes: tuple[str, ...] = field(default=())
    order: str = ''

    def __post_init__(self) -> None:
        """Validate: a plan has spots or strokes, no more than can be meant."""
        checks.known('outcome', self.outcome, (*OUTCOMES, NEXT))
        checks.text('order', self.order, allow_empty=self.outcome != NEXT)
        if self.yaw is not None:
            object.__setattr__(self, 'yaw', checks.number('yaw', self.yaw, -np.pi, np.pi))
        count = len(self.strokes)
        if count > MOST_WAYPOINTS or len(self.spots) > MOST_WAYPOINTS:
            most = max(count, len(self.spots))
            raise InvalidValueError(f'{most} waypoints or points, at most {MOST_WAYPOINTS} are')
        if self.outcome == 'plan' and not (self.spots or self.strokes):
            raise InvalidValueError('an answer without points')


def in_picture(name: str, place: np.ndarray) -> np.ndarray:
    """Return a place (2,), read-only; raise InvalidValueError unless it is in the picture."""
    out = checks.array(name, place, (2,))
    if (out < 0).any() or (out > 1).any():
        raise InvalidValueError(
            f'{name} is outside the picture: {np.round(out, 4).tolist()}, in it are 0 to 1'
        )
    return out
