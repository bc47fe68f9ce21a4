"""An object with what is known about it: its name in words, where to grasp it, what it can hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gae_arm.arm_sim.scene import Part, SceneObject
from gae_arm.core import checks, geometry
from gae_arm.core.errors import InvalidValueError

SMALLEST_STROKE = 0.08
"""Metres between the pads of the narrowest gripper in config/arms, open."""
MAX_GRASP = 0.068
"""Widest grasp that is offered, metres: 6 mm of air on either side for the smallest gripper."""


@dataclass(frozen=True, eq=False)
class Grasp(checks.Contract):
    """Where to close a two-finger gripper.

    T_object_ee: float64 (4, 4), pose of the end effector in the object's frame: +z is the approach,
    the fingers close along y. width: metres between the pads once they touch.
    """

    T_object_ee: np.ndarray
    width: float

    def __post_init__(self) -> None:
        """Validate; a grasp must fit the smallest gripper."""
        set_ = object.__setattr__
        set_(self, 'T_object_ee', geometry.rigid('T_object_ee', self.T_object_ee))
        set_(self, 'width', checks.number('width', self.width, 0.0, MAX_GRASP))


@dataclass(frozen=True, eq=False)
class Cavity(checks.Contract):
    """The hollow of a container, upright in the object's frame.

    half: float64 (2,), metres: half its extents along x and y. low, high: its floor and its rim, z,
    metres. round: whether it is an ellipse seen from above, not a rectangle. center: (2,), x and y.
    """

    half: np.ndarray
    low: float
    high: float
    round: bool
    center: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(2))

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        set_ = object.__setattr__
        for key in ('half', 'center'):
            set_(self, key, checks.array(key, getattr(self, key), (2,)))
        if self.low >= self.high or self.half.min() <= 0:
            raise InvalidValueError(
                f'a hollow of half {self.half.tolist()} from {self.low} to {self.high} is none'
            )

    def holds(self, point: np.ndarray, above: float = 0.0) -> bool:
        """Return whether a point (3,), metres, object's frame, is in it or `above` its rim."""
        share = np.abs(np.asarray(point)[:2] - self.center) / self.half
        beside = np.hypot(*share) if self.round else share.max()
        return bool(beside <= 1 and self.low <= point[2] <= self.high + above)


@dataclass(frozen=True)
class Look:
    """How an object looks: `color` as a person calls it, `rgb` 0 to 1 as it is, `texture`."""

    color: str
    rgb: tuple[float, float, float]
    texture: str = 'plain'

    def box(
        self,
        size: Sequence[float],
        position: Sequence[float] = (0, 0, 0),
        rpy: Sequence[float] = (0, 0, 0),
        tint: float = 1.0,
    ) -> Part:
        """Return a box in this look; `tint` below 1 darkens it. See `Part`."""
        return self._part('box', size, position, rpy, tint)

    def cylinder(
        self,
        radius: float,
        height: float,
        position: Sequence[float] = (0, 0, 0),
        rpy: Sequence[float] = (0, 0, 0),
        tint: float = 1.0,
    ) -> Part:
        """Return a cylinder in this look."""
        return self._part('cylinder', (radius, height), position, rpy, tint)

    def sphere(self, radius: float) -> Part:
        """Return a sphere in this look."""
        return self._part('sphere', (radius,), (0, 0, 0), (0, 0, 0), 1.0)

    def _part(
        self,
        shape: str,
        size: Sequence[float],
        position: Sequence[float],
        rpy: Sequence[float],
        tint: float,
    ) -> Part:
        turn = geometry.matrix_to_quaternion(geometry.rpy_to_matrix(*rpy))
        rgb = tint * np.array(self.rgb)
        return Part(shape, np.array(size), rgb, np.array(position), turn, self.texture)


@dataclass(frozen=True)
class Build:
    """How an object is built: `scale` of its lengths, `heft` of its density, its `friction`."""

    scale: float = 1.0
    heft: float = 1.0
    friction: float = 0.7

    def mass(self, nominal: float) -> float:
        """Return the mass, kg, of what weighs `nominal` at scale and heft 1."""
        return nominal * self.heft * self.scale**3


@dataclass(frozen=True, eq=False)
class Item(checks.Contract):
    """An object of a task: privileged truth that a policy must not see.

    body: what moves, upright on a table at z = 0, or wherever it was placed. base: a fixed body
        that it slides in, with the same frame; None for what lies loose.
    kind: what it is, a key of `KINDS`. color: as a person calls it, '' if they would not.
    extent: m, the length that makes it small or large. top: m, of its highest point in its frame.
    grasps: candidates in the frame of `body`. cavity: its hollow, in the frame of `body`.
    """

    body: SceneObject
    kind: str
    color: str
    extent: float
    top: float
    grasps: tuple[Grasp, ...] = ()
    cavity: Cavity | None = None
    base: SceneObject | None = None
    rest: float = np.nan

    def __post_init__(self) -> None:
        """Take `rest` from where the body stands."""
        if np.isnan(self.rest):
            object.__setattr__(self, 'rest', float(self.body.position[2]))

    @property
    def name(self) -> str:
        """Return the name of its body in the scene."""
        return self.body.name

    @property
    def bodies(self) -> tuple[SceneObject, ...]:
        """Return its bodies for a scene."""
        return (self.base, self.body) if self.base else (self.body,)

    @property
    def reach(self) -> float:
        """Return the radius of the circle on the table that it needs, metres."""
        return max(body.reach for body in self.bodies)

    @property
    def height(self) -> float:
        """Return its height, metres."""
        return self.rest + self.top

    def at(self, x: float, y: float, yaw: float, table_height: float) -> Item:
        """Return it elsewhere on the table, turned by `yaw` radians about the vertical."""
        moved = []
        for body in self.bodies:
            there = body.at(x, y, yaw)
            height = np.array([0.0, 0.0, self.rest + table_height])
            position = there.position * [1, 1, 0] + height
            moved.append(dataclasses.replace(there, position=position))
        base = moved[0] if self.base else None
        return dataclasses.replace(self, body=moved[-1], base=base)

    @property
    def T_base_item(self) -> np.ndarray:
        """Return its pose (4, 4) in the arm's base frame."""
        rotation = geometry.quaternion_to_matrix(self.body.orientation)
        return geometry.transform(rotation, self.body.position)
