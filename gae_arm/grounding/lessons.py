"""Lessons without end: seed in, picture with instructions and answers out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.arm_sim.ray_caster import draw
from gae_arm.arm_sim.ray_scene import background, lighting, texture_stack
from gae_arm.arm_sim.surroundings import Surroundings
from gae_arm.arm_sim.tasks.axes import TRAINING, Ranges
from gae_arm.arm_sim.tasks.view import View, make_view
from gae_arm.core.crop import WORKSPACE, workspace_crop
from gae_arm.core.lesson import Answer, Lesson
from gae_arm.grounding.answers import Sight
from gae_arm.grounding.speech import Speaker
from gae_arm.grounding.stand_in import arm_rows
from gae_arm.grounding.stock import Stock
from gae_arm.grounding.table import Table, TableMaker
from gae_arm.grounding.talk import Talk

CAMERA_SIZE = (320, 240)
ARM_SHARE = 0.85
"""Of pictures with an arm."""
CROP_LOOSE = 0.06
"""Metres by which the box that is cut out of the image is larger than it must be, at most."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawn table, before anything is said about it."""

    table: Table
    view: View
    rgb: np.ndarray
    depth: np.ndarray
    label: np.ndarray
    K: np.ndarray


class LessonMaker:
    """Makes lessons of width x height pixels, each with `count` instructions; a seed, a lesson.

    ranges: what surroundings, cameras and objects are drawn from. All kinds and colours of objects
    and both phrase books' words are in every lesson: they are what is to be learned.
    """

    def __init__(self, width: int, height: int, count: int = 6, ranges: Ranges = TRAINING) -> None:
        self._size = (width, height)
        self._count = count
        self._ranges = ranges
        self._tables = TableMaker(Stock(ranges))

    def __call__(self, seed: int) -> Lesson:
        """Return the lesson of a seed."""
        rng = np.random.default_rng(seed)
        while True:
            picture = self._draw(rng)
            said = self._say(picture, rng)
            if len(said) == self._count:
                items = list(picture.table.items.values())
                return Lesson(
                    picture.rgb,
                    picture.depth,
                    picture.label,
                    tuple(item.kind for item in items),
                    tuple(item.color for item in items),
                    picture.view.T_base_camera,
                    picture.K,
                    tuple(text for text, _ in said),
                    tuple(found for _, found in said),
                )

    def _drawn(self, axis: str, rng: np.random.Generator) -> dict[str, float]:
        return {key: span.draw(rng) for key, span in self._ranges[axis].items()}

    def _draw(self, rng: np.random.Generator) -> Picture:
        height = self._drawn('table_height', rng)['height']
        table = self._tables.make(height, rng)
        view = make_view(
            self._drawn('camera_pose', rng), self._drawn('camera_intrinsics', rng), height
        )
        camera = view.intrinsics(*CAMERA_SIZE)
        box = WORKSPACE + rng.uniform(0.0, CROP_LOOSE, (3, 2)) * [-1, 1]
        crop = workspace_crop(camera, view.T_base_camera, box)
        intrinsics = crop.intrinsics(camera, *self._size)
        rows = [*table.rows]
        if rng.random() < ARM_SHARE:
            rows.append(arm_rows(rng))
        surroundings = self._surroundings(height, rng)
        drawing = draw(
            np.concatenate(rows),
            np.array([len(r) for r in rows]),
            background(surroundings),
            lighting(surroundings),
            texture_stack(),
            intrinsics,
            view.T_base_camera,
        )
        noise = rng.normal(0, rng.uniform(0, 4), drawing.rgb.shape)
        rgb = np.clip(drawing.rgb + noise, 0, 255).astype(np.uint8)
        return Picture(table, view, rgb, drawing.depth, drawing.label, intrinsics.K)

    def _surroundings(self, height: float, rng: np.random.Generator) -> Surroundings:
        table, light = self._drawn('table_texture', rng), self._drawn('light', rng)
        color = table['value'] * (1.0 - table['warmth'] * (1.0 - np.array([1.0, 0.5, 0.0])))
        azimuth, elevation = light['azimuth'], light['elevation']
        level = np.cos(elevation)
        return Surroundings(
            height,
            str(table['pattern']),
            np.clip(color, 0.0, 1.0),
            -np.array([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)]),
            0.55 * light['strength'] * (1.0 + light['warmth'] * np.array([1.0, 0.0, -1.0])),
            light['ambient'],
        )

    def _say(self, picture: Picture, rng: np.random.Generator) -> list[tuple[str, Answer]]:
        table = picture.table
        sight = Sight(picture.depth, picture.label, picture.K, picture.view.T_base_camera)
        seen = {n: item for n, item in table.items.items() if sight.sees(table.label(n))}
        if not seen:
            return []
        talk = Talk(table, sight, Speaker(seen, picture.view, rng), rng)
        said: list[tuple[str, Answer]] = []
        for _ in range(6 * self._count):
            if len(said) == self._count:
                break
            found = talk.one()
            if found is not None:
                said.append(found)
        return said
