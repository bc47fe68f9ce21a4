"""What the thinking half says to the acting half: sparse waypoints, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError


@dataclass(frozen=True, eq=False)
class Waypoint(checks.Contract):
    """One sparse waypoint of the end effector, in the frame of its plan.

    position: float64 (3,), metres.
    orientation: float64 (4,), unit quaternion (x, y, z, w), or None: the guide chooses one.
    gripper: opening from 0.0 (closed) to 1.0 (open), reached at this waypoint; None: as it is.
    """

    position: np.ndarray
    orientation: np.ndarray | None = None
    gripper: float | None = None

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        set_ = object.__setattr__
        set_(self, 'position', checks.array('position', self.position, (3,)))
        if self.orientation is not None:
            set_(self, 'orientation', checks.quaternion('orientation', self.orientation, (4,)))
        if self.gripper is not None:
            set_(self, 'gripper', checks.number('gripper', self.gripper, 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class ImageAnchor(checks.Contract):
    """A point in the image that the plan rests on: what to grasp, where to place.

    label: the object or place, in words.
    pixel: float64 (2,), (u right, v down) in pixels of the image that the plan was made from.
    """

    label: str
    pixel: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze the array."""
        checks.text('label', self.label)
        object.__setattr__(self, 'pixel', checks.array('pixel', self.pixel, (2,)))


@dataclass(frozen=True, eq=False)
class WaypointPlan(checks.Contract):
    """A planner's answer to one instruction and one image.

    plan_id: unique name of this plan.
    stamp_ns: stamp of the image that the plan was made from, node clock, nanoseconds.
    frame_id: frame of the waypoints, normally the camera's optical frame.
    instruction: what the person asked for.
    waypoints: at least one, in order.
    expiry_ns: after this time the plan must not be used; node clock, nanoseconds, > stamp_ns.
    anchors: the image points that the plan rests on.
    planner: name of the model that answered.
    latency_ns: time from the image to the answer, nanoseconds.
    moved: float64 (M, 2, 3), metres, in `frame_id`: from where to where things had been moved for
    this instruction by the plans before; the words mean the table as it was before that.
    """

    plan_id: str
    stamp_ns: int
    frame_id: str
    instruction: str
    waypoints: tuple[Waypoint, ...]
    expiry_ns: int
    anchors: tuple[ImageAnchor, ...] = ()
    planner: str = ''
    latency_ns: int = 0
    moved: np.ndarray = field(default_factory=lambda: np.zeros((0, 2, 3)))

    def __post_init__(self) -> None:
        """Validate; a plan without waypoints, or expired when made, is none."""
        checks.text('plan_id', self.plan_id, allow_empty=False)
        checks.stamp('stamp_ns', self.stamp_ns)
        checks.text('frame_id', self.frame_id, allow_empty=False)
        checks.text('instruction', self.instruction)
        checks.stamp('expiry_ns', self.expiry_ns)
        checks.text('planner', self.planner)
        checks.stamp('latency_ns', self.latency_ns)
        object.__setattr__(self, 'moved', checks.array('moved', self.moved, (None, 2, 3)))
        object.__setattr__(self, 'waypoints', tuple(self.waypoints))
        object.__setattr__(self, 'anchors', tuple(self.anchors))
        if not self.waypoints:
            raise InvalidValueError(f'plan {self.plan_id!r} has no waypoints')
        if self.expiry_ns <= self.stamp_ns:
            raise InvalidValueError(
                f'plan {self.plan_id!r} expires at {self.expiry_ns} ns, not after its image '
                f'({self.stamp_ns} ns)'
            )
