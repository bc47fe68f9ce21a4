"""A scene in the making: draws objects and their places, axis by axis."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from gae_arm.arm_sim.objects.catalogue import make_item
from gae_arm.arm_sim.objects.item import Build, Item, Look
from gae_arm.arm_sim.scene import COLORS, Scene
from gae_arm.arm_sim.surroundings import make_surroundings
from gae_arm.arm_sim.tasks import looks
from gae_arm.arm_sim.tasks.axes import Choices, Ranges
from gae_arm.arm_sim.tasks.errors import DrawRejectedError
from gae_arm.arm_sim.tasks.layout import TRIES, Layout, Spot, anywhere, on_the_way, within_reach
from gae_arm.arm_sim.tasks.streams import Streams
from gae_arm.arm_sim.tasks.view import make_view

CLUTTER = ('book', 'vase', 'carton', 'lamp')
CLUTTER_X, CLUTTER_Y = (-0.2, 0.9), (0.5, 0.66)
POST_GAP = 0.025
SIGHT = 0.15
"""Clutter stays so far, metres, from the line of sight to where the camera looks, from above."""
IMAGE_MARGIN = 0.02
ASPECT = 4 / 3
"""Of the image in which everything in the workspace must be seen: width by height."""


@dataclass(frozen=True)
class Confusion:
    """How much a distractor is like what the words mean: shares of the kind, of the colour."""

    kind: bool
    color: bool


CONFUSIONS = (
    Confusion(kind=True, color=False),
    Confusion(kind=True, color=False),
    Confusion(kind=False, color=True),
    Confusion(kind=False, color=False),
    Confusion(kind=True, color=True),
)


class Draft:
    """One attempt at the scene of a seed. Its methods raise DrawRejectedError where none fits."""

    def __init__(self, seed: int, task: str, attempt: int, ranges: Ranges) -> None:
        self.streams = Streams(seed, task, attempt, ranges)
        self.ranges = ranges
        self.table_height = self.streams.draw('table_height', 'height')
        self.layout = Layout(self.table_height)
        self.distractors: list[str] = []
        self.obstacles: list[str] = []
        self._clutter: list[Item] = []
        self.view = make_view(
            self.streams.draw_all('camera_pose'),
            self.streams.draw_all('camera_intrinsics'),
            self.table_height,
        )

    @property
    def items(self) -> dict[str, Item]:
        """Return what is in the workspace, posts included, by name."""
        return {item.name: item for item in self.layout.items}

    def add(
        self,
        role: str,
        spot: Spot | None = None,
        *,
        color: str | None = None,
        kind: str | None = None,
        scale: float = 1.0,
        start: float = 0.0,
    ) -> Item:
        """Return a new object on the table.

        role: a quantity of the axis 'shape'. spot: None: anywhere in the workspace. color, kind:
        None: drawn. scale: of its size, beside what is drawn. start: where on its travel it begins.
        """
        kind = kind or self.streams.draw('shape', role)
        color = color or looks.draw_color(self.streams)
        look, build = looks.draw_look(self.streams, color), looks.draw_build(self.streams)
        build = Build(build.scale * scale, build.heft, build.friction)
        item = make_item(kind, self._name(f'{color}_{kind}'), look, build)
        item = dataclasses.replace(item, body=dataclasses.replace(item.body, start=start))
        spot = spot or within_reach(anywhere())
        return self.layout.put(item, spot, self.streams['object_pose'])

    def first_spot(self, turn: float = np.pi) -> Spot:
        """Return where the object may be that the hand goes to first.

        turn: rad, that it may be turned at most.
        """

        def spot(_: np.random.Generator) -> tuple[float, float, float]:
            drawn = self.streams.draw_all('object_pose')
            return drawn['x'], drawn['y'], drawn['yaw'] * turn / np.pi

        return spot

    def add_distractors(self, alike: tuple[tuple[str, str], ...], taken: tuple[str, ...]) -> None:
        """Add objects that are not meant, each like one that is.

        alike: (role, name) of objects that distractors may resemble. taken: colours that no
        distractor has.
        """
        rng = self.streams['distractors']
        for _ in range(self.streams.draw('distractors', 'count')):
            role, name = alike[int(rng.integers(len(alike)))]
            like = self.items[name]
            confusion = CONFUSIONS[int(rng.integers(len(CONFUSIONS)))]
            color = like.color if confusion.color and like.color not in taken else None
            color = color or looks.draw_color(self.streams, (like.color, *taken))
            kinds = self.ranges['shape'][role]
            known = isinstance(kinds, Choices) and like.kind in kinds.options
            kind = like.kind if confusion.kind and known else None
            self.distractors.append(self.add(role, color=color, kind=kind).name)

    def add_obstacles(self, start: np.ndarray, end: np.ndarray) -> None:
        """Add posts about the way from one point (2,) to another, metres."""
        rng, spot = self.streams['obstacles'], within_reach(on_the_way(start, end))
        for _ in range(self.streams.draw('obstacles', 'count')):
            look = Look('white', COLORS['white'])
            post = make_item('post', self._name('post'), look, Build(rng.uniform(0.8, 1.2)))
            self.obstacles.append(self.layout.put(post, spot, rng, POST_GAP).name)

    def add_clutter(self) -> None:
        """Add things beyond the workspace, none of them before the camera."""
        rng = self.streams['clutter']
        around = self.layout.beyond()
        for number in range(self.streams.draw('clutter', 'count')):
            kind = CLUTTER[int(rng.integers(len(CLUTTER)))]
            color = list(COLORS)[int(rng.integers(len(COLORS)))]
            look = Look(color, COLORS[color])
            item = make_item(kind, f'clutter_{number}', look, Build(rng.uniform(0.6, 0.9)))
            self._clutter.append(around.put(item, self._aside(item), rng, gap=0.01))

    def check_view(self) -> None:
        """Raise DrawRejectedError unless the camera sees everything in the workspace."""
        low, high = IMAGE_MARGIN, 1 - IMAGE_MARGIN
        places = np.array([item.body.position for item in self.layout.items])
        seen = self.view.shares(places, ASPECT)
        outside = ~((seen > low) & (seen < high)).all(axis=1)
        if outside.any():
            raise DrawRejectedError(
                f'{self.layout.items[int(outside.argmax())].name!r} is out of the image'
            )

    def scene(self) -> Scene:
        """Return the scene with everything that was added, under a random light."""
        everything = (*self.layout.items, *self._clutter)
        bodies = tuple(body for item in everything for body in item.bodies)
        table, light = self.streams.draw_all('table_texture'), self.streams.draw_all('light')
        return Scene(bodies, make_surroundings(self.table_height, table, light))

    def _aside(self, item: Item) -> Spot:
        """Return places beyond the workspace from which an item does not hide it."""
        eye, axis = self.view.T_base_camera[:2, 3], self.view.T_base_camera[:2, 2]

        def spot(rng: np.random.Generator) -> tuple[float, float, float]:
            for _ in range(TRIES):
                place = np.array([rng.uniform(*CLUTTER_X), rng.uniform(*CLUTTER_Y)])
                place[1] *= rng.choice((-1.0, 1.0))
                along = max(float((place - eye) @ axis) / float(axis @ axis), 0.0)
                if np.hypot(*(eye + along * axis - place)) > item.reach + SIGHT:
                    return float(place[0]), float(place[1]), rng.uniform(-np.pi, np.pi)
            raise DrawRejectedError(f'{item.name!r} would hide the workspace everywhere')

        return spot

    def _name(self, name: str) -> str:
        there = self.items
        number = 2
        unique = name
        while unique in there:
            unique, number = f'{name}_{number}', number + 1
        return unique
