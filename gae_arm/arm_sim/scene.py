"""What stands on the table: scenes as plain data, in the arm's base frame (table top at z = 0).

A scene is a tuple of objects, an object is a rigid group of simple shapes. Objects lie loose, are
fixed, or slide or turn about an axis (drawers, buttons, doors). The physics is in `world.py`; what
a task needs to know about objects beyond that is in `objects`.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gae_arm.arm_sim.surroundings import Surroundings
from gae_arm.arm_sim.textures import TEXTURES
from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.geometry import matrix_to_quaternion, quaternion_to_matrix, rpy_to_matrix

SHAPE_SIZES = {'box': 3, 'cylinder': 2, 'sphere': 1}
MOTIONS = ('free', 'fixed', 'slide', 'hinge')
COLORS = {
    'red': (0.80, 0.11, 0.09),
    'green': (0.13, 0.58, 0.20),
    'blue': (0.10, 0.27, 0.78),
    'yellow': (0.93, 0.74, 0.08),
    'orange': (0.92, 0.42, 0.06),
    'purple': (0.45, 0.16, 0.60),
    'white': (0.90, 0.89, 0.86),
}
IDENTITY = (0.0, 0.0, 0.0, 1.0)
REACH_X = (0.36, 0.60)
REACH_Y = (-0.24, 0.24)
GAP = 0.04


@dataclass(frozen=True, eq=False)
class Part(checks.Contract):
    """One simple shape of an object.

    shape, size (metres): 'box' (3,) edge lengths; 'cylinder' (2,) radius, height along z; 'sphere'
    (1,) radius. color: float64 (3,), RGB from 0 to 1. position (3,) metres and orientation (4,)
    unit quaternion (x, y, z, w): pose of its centre in the object's frame. texture: one of
    `TEXTURES`, in shades of the colour. solid: False for a print, which is seen but not felt.
    """

    shape: str
    size: np.ndarray
    color: np.ndarray
    position: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(3))
    orientation: np.ndarray = dataclasses.field(default_factory=lambda: np.array(IDENTITY))
    texture: str = 'plain'
    solid: bool = True

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        set_ = object.__setattr__
        checks.known('shape', self.shape, SHAPE_SIZES)
        checks.known('texture', self.texture, TEXTURES)
        set_(self, 'size', checks.array('size', self.size, (SHAPE_SIZES[self.shape],)))
        set_(self, 'color', checks.array('color', self.color, (3,)))
        set_(self, 'position', checks.array('position', self.position, (3,)))
        set_(self, 'orientation', checks.quaternion('orientation', self.orientation, (4,)))
        if self.size.min() <= 0:
            raise InvalidValueError(f'size of a {self.shape} is not > 0: {self.size.tolist()}')
        if self.color.min() < 0 or self.color.max() > 1:
            raise InvalidValueError(f'color leaves 0 to 1: {self.color.tolist()}')

    @cached_property
    def reach(self) -> float:
        """Return how far the part extends sideways from the object's z axis, at most, metres."""
        rotation = quaternion_to_matrix(self.orientation)
        if self.shape == 'box':
            corners = np.array(list(itertools.product((-0.5, 0.5), repeat=3))) * self.size
            return float(np.hypot(*(self.position + corners @ rotation.T).T[:2]).max())
        half = rotation[:, 2] * (self.size[1] / 2 if self.shape == 'cylinder' else 0.0)
        ends = np.stack([self.position - half, self.position + half])
        return float(np.hypot(*ends.T[:2]).max() + self.size[0])


@dataclass(frozen=True, eq=False)
class SceneObject(checks.Contract):
    """A rigid object.

    name: unique in the scene. mass: kg. friction: sliding friction coefficient with whatever it
    touches. position (3,) metres, orientation (4,) unit quaternion (x, y, z, w): of its frame in
    the arm's base frame. motion: 'free', 'fixed', or 'slide' / 'hinge': along / about `axis` (3,),
    through the object's frame, within `travel` (2,) m or rad, with `damping` N s/m or
    N m s/rad and a spring of `stiffness` N/m or N m/rad that pulls it back to 0; `start` is where
    on its travel it begins.
    """

    name: str
    parts: tuple[Part, ...]
    mass: float = 0.1
    friction: float = 0.6
    position: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(3))
    orientation: np.ndarray = dataclasses.field(default_factory=lambda: np.array(IDENTITY))
    motion: str = 'free'
    axis: np.ndarray = dataclasses.field(default_factory=lambda: np.array([0.0, 0.0, 1.0]))
    travel: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(2))
    stiffness: float = 0.0
    damping: float = 1.0
    start: float = 0.0

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        set_ = object.__setattr__
        checks.text('name', self.name, allow_empty=False)
        checks.known('motion', self.motion, MOTIONS)
        set_(self, 'parts', tuple(self.parts))
        set_(self, 'mass', checks.number('mass', self.mass, 1e-4, 100.0))
        for key in ('friction', 'stiffness', 'damping'):
            set_(self, key, checks.number(key, getattr(self, key), 0.0))
        for key in ('position', 'axis'):
            set_(self, key, checks.array(key, getattr(self, key), (3,)))
        set_(self, 'orientation', checks.quaternion('orientation', self.orientation, (4,)))
        set_(self, 'travel', checks.array('travel', self.travel, (2,)))
        if not self.parts:
            raise InvalidValueError(f'object {self.name!r} has no parts')
        if self.motion in ('slide', 'hinge') and self.travel[0] >= self.travel[1]:
            raise InvalidValueError(f'{self.name!r} has no travel: {self.travel.tolist()}')
        set_(self, 'start', checks.number(f'start of {self.name!r}', self.start, *self.travel))

    @property
    def reach(self) -> float:
        """Return the radius of the circle on the table that the object needs, metres."""
        return max(part.reach for part in self.parts)

    def at(self, x: float, y: float, yaw: float = 0.0) -> SceneObject:
        """Return the object elsewhere on the table, turned by `yaw` radians about z."""
        turn = (0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2))
        position = np.array([x, y, self.position[2]])
        return dataclasses.replace(self, position=position, orientation=np.array(turn))


@dataclass(frozen=True, eq=False)
class Scene(checks.Contract):
    """All objects on the table, their names unique, and what is around them."""

    objects: tuple[SceneObject, ...] = ()
    surroundings: Surroundings = dataclasses.field(default_factory=Surroundings)

    def __post_init__(self) -> None:
        """Validate."""
        object.__setattr__(self, 'objects', tuple(self.objects))
        checks.names('object names', [o.name for o in self.objects])


def box(name: str, size: tuple[float, float, float], color: str, mass: float) -> SceneObject:
    """Return a box that stands on the table."""
    part = Part('box', np.array(size), np.array(COLORS[color]))
    return SceneObject(name, (part,), mass, position=np.array([0, 0, size[2] / 2]))


def cylinder(name: str, radius: float, height: float, color: str, mass: float) -> SceneObject:
    """Return an upright cylinder that stands on the table."""
    part = Part('cylinder', np.array([radius, height]), np.array(COLORS[color]))
    return SceneObject(name, (part,), mass, position=np.array([0, 0, height / 2]))


def bowl(name: str, radius: float, height: float, color: str, mass: float) -> SceneObject:
    """Return a bowl, hollow for the physics too: a round bottom and a ring of slanted staves.

    radius, height: of the rim, metres. The bottom has 0.6 of the radius.
    """
    wall, rgb, foot = 0.005, np.array(COLORS[color]), 0.6 * radius
    bottom = Part('cylinder', np.array([foot, wall]), rgb, np.array([0, 0, wall / 2]))
    return SceneObject(name, (bottom, *ring((foot, radius), (wall, height), wall, rgb)), mass)


def ring(
    radii: tuple[float, float],
    heights: tuple[float, float],
    wall: float,
    color: np.ndarray,
    staves: int = 20,
    texture: str = 'plain',
) -> list[Part]:
    """Return a round wall about the z axis, of flat staves, slanted if its two radii differ.

    radii, heights: at the lower and at the upper edge, metres. wall: thickness, metres.
    """
    (foot, radius), (low, high) = radii, heights
    slant = np.arctan2(radius - foot, high - low)
    length = np.hypot(radius - foot, high - low)
    width = 2 * np.tan(np.pi / staves) * max(radius, foot)
    angles = np.arange(staves) * 2 * np.pi / staves
    turns = matrix_to_quaternion([rpy_to_matrix(0, slant, angle) for angle in angles])
    parts = []
    for angle, turn in zip(angles, turns, strict=True):
        middle = np.array([np.cos(angle), np.sin(angle), 0]) * (radius + foot) / 2
        middle[2] = (high + low) / 2
        size = np.array([wall, width, length])
        parts.append(Part('box', size, color, middle, turn, texture))
    return parts


def sample_scene(seed: int) -> Scene:
    """Return a random table: three blocks, a cylinder and a bowl, within reach and apart.

    Every object keeps `GAP` metres to the next, so that a gripper fits between.
    """
    rng = np.random.default_rng(seed)
    objects = [
        bowl('white_bowl', 0.075, 0.05, 'white', 0.2),
        box('yellow_box', (0.04, 0.07, 0.03), 'yellow', 0.08),
        box('red_cube', (0.04, 0.04, 0.04), 'red', 0.06),
        box('green_cube', (0.04, 0.04, 0.04), 'green', 0.06),
        cylinder('blue_cylinder', 0.02, 0.05, 'blue', 0.07),
    ]
    return Scene(tuple(_scatter(objects, rng)))


def _scatter(objects: list[SceneObject], rng: np.random.Generator) -> list[SceneObject]:
    """Return the objects at random places and yaws, without overlap."""
    low, high = np.transpose([REACH_X, REACH_Y])
    reach = np.array([item.reach for item in objects])
    places = np.zeros((0, 2))
    for attempt in itertools.count(1):
        if len(places) == len(objects):
            break
        place, n = rng.uniform(low, high), len(places)
        if (np.hypot(*(places - place).T) >= reach[:n] + reach[n] + GAP).all():
            places = np.vstack([places, place])
        elif attempt % 200 == 0:
            places = places[:0]
    yaws = rng.uniform(-np.pi, np.pi, len(objects))
    poses = np.column_stack([places, yaws])
    return [item.at(x, y, yaw) for item, (x, y, yaw) in zip(objects, poses, strict=True)]
