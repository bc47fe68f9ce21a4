"""Lessons without end: seed in, picture with instructions and answers out."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass

import numpy as np

from gae_arm.arm_sim.ray_caster import draw
from gae_arm.arm_sim.ray_scene import background, lighting, texture_stack
from gae_arm.arm_sim.surroundings import Surroundings, make_surroundings
from gae_arm.arm_sim.tasks.axes import TRAINING, Ranges
from gae_arm.arm_sim.tasks.errors import DrawRejectedError
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.view import View, make_view
from gae_arm.core.crop import WORKSPACE, workspace_crop
from gae_arm.core.lesson import Answer, Lesson
from gae_arm.grounding.alike import alike
from gae_arm.grounding.answers import Sight, answer
from gae_arm.grounding.begun import begun, carried, parts, upon
from gae_arm.grounding.simpler import simpler
from gae_arm.grounding.speech import Speaker
from gae_arm.grounding.stand_in import arm_rows
from gae_arm.grounding.stock import Stock
from gae_arm.grounding.table import Table, TableMaker
from gae_arm.grounding.talk import ABSENT_SHARE, TOLD_SHARE, Said, Talk
from gae_arm.grounding.task_tables import all_shapes, draw_task, first_keyframes, task_table

CAMERA_SIZE = (320, 240)
ARM_SHARE = 0.85
"""Of pictures with an arm."""
MAX_NOISE = 4.0
"""Largest standard deviation of a camera's noise, of 255."""
DEVELOPED_SHARE = 0.7
EXPOSURE, CONTRAST, TINT = (0.6, 1.3), (0.8, 1.25), 0.08
"""Cameras differ in how bright, how contrasty and how warm they make a picture: of so many pictures
the brightness (factor), the exponent and, one by one, the colours (share) are drawn anew."""
BEGUN_SHARE = 0.5
"""Of tables of tasks, those on which part of the task, or all of it, is done already."""
MISSED_SHARE = 0.12
"""Of those, on which the last part was tried in vain."""
MISPLACED = 0.008
"""Metres, standard deviation: how well a planner knows from where to where it moved something."""
SAID_AGAIN = 2
SAID_AS = {
    'open_drawer': ('open', (0,)),
    'place_into_container': ('carry', (0, 1)),
    'stack_two': ('stack', (0, 1)),
    'stack_three': ('tower', (1, 0, 2)),
    'drawer_put_away': ('put away', (0, 1)),
    'sort_by_colour': ('sort', ()),
}
"""Tasks that are told in other words: the kind of order, and which targets its blanks are."""
TRIES = 6
CROP_LOOSE = 0.02
"""Metres by which the box that is cut out of the image is larger than it must be, at most."""


@dataclass(frozen=True, eq=False)
class Part:
    """A task, what is left of it, and how many of its parts the hand has tried to do."""

    whole: TaskInstance
    left: TaskInstance
    tried: int


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawn table, before anything is said about it; task: what is on it, if it is of one."""

    table: Table
    view: View
    task: Part | None
    rgb: np.ndarray
    depth: np.ndarray
    label: np.ndarray
    K: np.ndarray


class LessonMaker:
    """Makes lessons of width x height pixels, each with `count` instructions; a seed, a lesson.

    ranges: what surroundings, cameras and objects are drawn from. task_share: of pictures that show
    a task of the simulator and begin with its own instruction. begun_share: of these, on which part
    of it is done already. developed_share: of pictures that are made as another camera would; none
    where planners are measured. absent_share: of tries to speak of something that is not there.
    told_share: of tasks that are begun, those where what was moved is told. once: a task is told in
    its own words alone, not in others and not step by step: where planners are measured. All
    kinds and colours of objects and the words of both phrase books are in the lessons: they are
    what is to be learned.
    """

    def __init__(
        self,
        width: int,
        height: int,
        count: int = 6,
        ranges: Ranges = TRAINING,
        task_share: float = 0.45,
        begun_share: float = BEGUN_SHARE,
        developed_share: float = DEVELOPED_SHARE,
        absent_share: float = ABSENT_SHARE,
        told_share: float = TOLD_SHARE,
        once: bool = False,
    ) -> None:
        self._size = (width, height)
        self._count = count
        self._ranges = all_shapes(ranges)
        self._task_share, self._begun_share = task_share, begun_share
        self._developed_share, self._absent_share = developed_share, absent_share
        self._told_share, self._once = told_share, once
        self._tables = TableMaker(Stock(ranges))

    def __call__(self, seed: int) -> Lesson:
        """Return the lesson of a seed."""
        rng = np.random.default_rng(seed)
        while True:
            of_task = rng.random() < self._task_share
            picture = self._task(rng) if of_task else self._crowd(rng)
            said = self._say(picture, rng)
            if len(said) == self._count:
                return _lesson(picture, said, rng)

    def _drawn(self, axis: str, rng: np.random.Generator) -> dict[str, float]:
        return {key: span.draw(rng) for key, span in self._ranges[axis].items()}

    def _task(self, rng: np.random.Generator) -> Picture:
        whole = instance = draw_task(self._ranges, rng)
        tried = 0
        if parts(whole) and self._begun_share and rng.random() < self._begun_share:
            tried = int(rng.integers(1, parts(whole) + 1))
            missed = rng.random() < MISSED_SHARE
            instance = begun(whole, tried - missed, rng)
        table = task_table(instance)
        table.on.update(upon(instance, whole))
        part = Part(whole, instance, tried)
        return self._draw(table, instance.view, instance.scene.surroundings, part, rng)

    def _crowd(self, rng: np.random.Generator) -> Picture:
        height = self._drawn('table_height', rng)['height']
        table = self._tables.make(height, rng)
        lens = self._drawn('camera_intrinsics', rng)
        view = make_view(self._drawn('camera_pose', rng), lens, height)
        around = self._drawn('table_texture', rng), self._drawn('light', rng)
        return self._draw(table, view, make_surroundings(height, *around), None, rng)

    def _draw(
        self,
        table: Table,
        view: View,
        surroundings: Surroundings,
        task: Part | None,
        rng: np.random.Generator,
    ) -> Picture:
        camera = view.intrinsics(*CAMERA_SIZE)
        box = WORKSPACE + rng.uniform(0.0, CROP_LOOSE, (3, 2)) * [-1, 1]
        width, height = self._size
        crop = workspace_crop(camera, view.T_base_camera, box, width / height)
        intrinsics = crop.intrinsics(camera, width, height)
        rows = [*table.rows]
        if rng.random() < ARM_SHARE:
            rows.append(arm_rows(rng))
        drawing = draw(
            np.concatenate(rows),
            np.array([len(r) for r in rows]),
            background(surroundings),
            lighting(surroundings),
            texture_stack(),
            intrinsics,
            view.T_base_camera,
        )
        rgb = drawing.rgb
        if rng.random() < self._developed_share:
            rgb = developed(rgb, rng)
        return Picture(
            table, view, task, _noisy(rgb, rng), drawing.depth, drawing.label, intrinsics.K
        )

    def _of_task(
        self, part: Part, table: Table, sight: Sight, rng: np.random.Generator
    ) -> list[Said]:
        """Return the task's own order, with what has been done for it; and that in other words."""
        found = _next(part.left, sight, {n: i for i, n in enumerate(table.items)})
        if found is None:
            return []
        moved = tuple(carried(part.whole, part.tried, sight.rightward))
        told = len(moved) > 0 and rng.random() < self._told_share
        next_ = simpler(part.left, part.whole, part.whole.words)
        own = Said(part.whole.instruction, found, moved if told else (), next_)
        if self._once:
            return [own]
        said = own.with_simpler()
        again = SAID_AGAIN if parts(part.whole) > 1 else min(len(moved), 1)
        for _ in range(again):
            with contextlib.suppress(DrawRejectedError):
                text, words = _said_again(part.whole, part.whole.view, rng)
                next_ = simpler(part.left, part.whole, words)
                said += Said(text, found, moved, next_).with_simpler()
        return said[: self._count]

    def _say(self, picture: Picture, rng: np.random.Generator) -> list[Said]:
        """Return instructions and answers: as many as wanted, or fewer if there are no more."""
        table = picture.table
        sight = Sight(picture.depth, picture.label, picture.K, picture.view.T_base_camera)
        seen = {n: item for n, item in table.items.items() if sight.sees(table.label(n))}
        if not seen:
            return []
        said: list[Said] = []
        if picture.task:
            said += self._of_task(picture.task, table, sight, rng)
        speaker = Speaker(seen, picture.view, rng)
        talk = Talk(table, sight, speaker, rng, self._absent_share)
        for _ in range(TRIES * self._count):
            if len(said) == self._count:
                break
            if one := talk.one():
                said += one.with_simpler()[: self._count - len(said)]
        return said


def _said_again(
    whole: TaskInstance, view: View, rng: np.random.Generator
) -> tuple[str, dict[str, str]]:
    """Return other words for a task, true of how it began; and those for its items, by name.

    DrawRejectedError if there are none.
    """
    names, (what, order) = whole.targets, SAID_AS[whole.task]
    speaker = Speaker(task_table(whole).items, view, rng)
    if what == 'sort':
        colors = [whole.items[name].color for name in names[: len(names) // 2]]
        return speaker.order(what, [', '.join(colors[:-1]) + f' and {colors[-1]}']), {}
    meant = [names[i] for i in order]
    words = [speaker.refer(name, meant) for name in meant]
    return speaker.order(what, words), dict(zip(meant, words, strict=True))


def _next(task: TaskInstance, sight: Sight, labels: dict[str, int]) -> Answer | None:
    """Return what is left to do of a task, None if an anchor of that is hidden."""
    if not task.steps:
        return Answer('done')
    return answer(first_keyframes(task, sight.rightward), sight, labels)


def developed(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an image, uint8 (H, W, 3), as another camera would give it."""
    exposure, contrast = (np.exp(rng.uniform(*np.log(span))) for span in (EXPOSURE, CONTRAST))
    tint = rng.uniform(1 - TINT, 1 + TINT, 3)
    levels = np.linspace(0, 1, 256)[:, None] ** contrast * exposure * tint
    curve = np.clip(255 * levels, 0, 255).astype(np.uint8)
    return np.stack([curve[rgb[..., i], i] for i in range(3)], axis=-1)


def _noisy(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    strength = np.float32(rng.uniform(0, MAX_NOISE))
    noise = strength * rng.standard_normal(rgb.shape, np.float32)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


def _lesson(picture: Picture, said: list[Said], rng: np.random.Generator) -> Lesson:
    items = picture.table.items.values()
    return Lesson(
        picture.rgb,
        picture.depth,
        picture.label,
        tuple(item.kind for item in items),
        tuple(item.color for item in items),
        picture.view.T_base_camera,
        picture.K,
        tuple(one.text for one in said),
        tuple(_with_alike(one.text, one.answer, picture) for one in said),
        tuple(_pixels(one.moved, picture, rng) for one in said),
        tuple(one.simpler for one in said),
    )


def _pixels(
    moved: tuple[np.ndarray, ...], picture: Picture, rng: np.random.Generator
) -> np.ndarray:
    """Return where in a picture places (2, 3) are, (M, 2, 2); as well as a planner knows them."""
    T = picture.view.T_base_camera
    places = np.reshape(moved, (-1, 2, 3))
    places = places + MISPLACED * rng.standard_normal(places.shape)
    seen = (places - T[:3, 3]) @ T[:3, :3] @ picture.K.T
    return seen[..., :2] / np.maximum(seen[..., 2:], 0.01)


def _with_alike(text: str, found: Answer, picture: Picture) -> Answer:
    """Return an answer with the labels of what the words for its anchors may mean."""
    items = list(picture.table.items.values())
    sets = (alike(text, items, label) if label >= 0 else () for label in found.objects)
    return dataclasses.replace(found, alike=tuple(sets))
