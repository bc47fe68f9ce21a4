"""A planner on the demo's table: whether it means what is said, and sees what is done or not there.

Nothing moves: its answer to an image is held against the simulator's truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gae_arm.arm_sim.camera import RgbdCamera
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.registry import STAGES
from gae_arm.core import geometry
from gae_arm.core.arm import ArmConfig, load_arm
from gae_arm.core.camera import CameraFrame
from gae_arm.core.instruction import ErrorCode
from gae_arm.core.paths import arm_file
from gae_arm.core.plan_check import PlanCheckSettings
from gae_arm.core.projection import project
from gae_arm.core.statistics import wilson
from vla_planner.errors import PlannerError
from vla_planner.picture import Scene
from vla_planner.planner import VlmPlanner, Wish

SIZE = (320, 240)
PUT = (
    ('put the red cube into the green bowl', 'red_cube', 'green_bowl'),
    ('put the blue cube in the bowl', 'blue_cube', 'green_bowl'),
    ('drop the yellow cylinder into the green bowl', 'yellow_cylinder', 'green_bowl'),
    ('stack the red cube on the blue cube', 'red_cube', 'blue_cube'),
    ('put the blue cube on the red cube', 'blue_cube', 'red_cube'),
)
"""Orders about two things, by name."""
TOUCH = (
    ('pick up the yellow cylinder', 'yellow_cylinder'),
    ('lift the blue cube', 'blue_cube'),
    ('press the orange button', 'orange_button'),
)
ABSENT = (
    'pick up the yellow ball',
    'put the red hammer into the green bowl',
    'open the drawer',
    'press the blue button',
)
"""Orders about what is not on the table."""
NOTHING = np.zeros((0, 2, 3))


@dataclass(frozen=True, eq=False)
class _Table:
    """A playground in front of a camera."""

    instance: TaskInstance
    simulation: ArmSimulation
    camera: RgbdCamera

    def look(self, moved: dict[str, np.ndarray] | None = None) -> CameraFrame:
        """Return what the camera sees; moved: where things are instead, (3,), base frame, m."""
        qpos = self.simulation.snapshot().qpos.copy()
        for name, place in (moved or {}).items():
            start = self.simulation.model.joint(name).qposadr[0]
            qpos[start : start + 3] = place
        return self.camera.render(qpos, 10**9)

    def pixels(self, frame: CameraFrame) -> dict[str, np.ndarray]:
        """Return where in the image the middle of each thing is, (2,)."""
        T_camera_base = geometry.invert(self.instance.view.T_base_camera)
        places = {n: item.body.position[None] for n, item in self.instance.items.items()}
        local = {n: geometry.transform_points(T_camera_base, p)[0] for n, p in places.items()}
        return {n: project(frame.intrinsics, p) for n, p in local.items()}

    def there(self, name: str, onto: str) -> np.ndarray:
        """Return where a thing is that was put into or onto another one, (3,), base frame, m."""
        item, place = self.instance.items[name], self.instance.items[onto]
        inside = place.cavity
        local = [*inside.center, inside.low] if inside else [0.0, 0.0, place.top]
        foot = place.T_base_item[:3] @ [*local, 1.0]
        return foot + np.array([0, 0, item.rest])


def playground_rows(planner: VlmPlanner, scenes: int, seed: int) -> list[dict[str, Any]]:
    """Return one row a metric: metric, n, value, low, high; from so many tables."""
    counts: dict[str, list[bool]] = {}
    arm = load_arm(arm_file('panda'))
    for number in range(seed, seed + scenes):
        for metric, right in _judged(planner, number, arm):
            counts.setdefault(metric, []).append(right)
    out = []
    for metric, found in counts.items():
        n = len(found)
        low, high = wilson(sum(found), n)
        out.append({'metric': metric, 'n': n, 'value': sum(found) / n, 'low': low, 'high': high})
    return out


def _judged(planner: VlmPlanner, seed: int, arm: ArmConfig) -> Iterator[tuple[str, bool]]:
    """Yield (metric, whether it is so) for every order on one table."""
    instance = STAGES['playground'].sample(seed)
    simulation = instance.simulate(arm, *SIZE)
    camera = RgbdCamera(simulation.model, instance.view.camera(*SIZE, shadows=True))
    try:
        table = _Table(instance, simulation, camera)
        frame = table.look()
        pixels = table.pixels(frame)
        for text, *names in (*PUT, *TOUCH):
            outcome, anchors = _answer(planner, frame, instance, text)
            meant = [_nearest(pixels, anchor) for anchor in anchors]
            yield 'anchors on the right objects', outcome == 'plan' and meant == names
            yield 'done although it is not', outcome == 'done'
        for text, name, onto in PUT:
            there = table.there(name, onto)
            after = table.look({name: there})
            moved = np.array([[instance.items[name].body.position, there]])
            yield 'done is seen', _answer(planner, after, instance, text, moved)[0] == 'done'
        for text in ABSENT:
            outcome, _ = _answer(planner, frame, instance, text)
            yield 'plan although it is absent', outcome == 'plan'
    finally:
        camera.close()


def _nearest(pixels: dict[str, np.ndarray], to: np.ndarray) -> str:
    return min(pixels, key=lambda name: float(np.hypot(*(pixels[name] - to))))


def _answer(
    planner: VlmPlanner,
    frame: CameraFrame,
    instance: TaskInstance,
    text: str,
    moved: np.ndarray = NOTHING,
) -> tuple[str, list[np.ndarray]]:
    """Return 'plan', 'done', 'absent', or the code of what went wrong, and anchors in pixels."""
    planner.rules = PlanCheckSettings.above(instance.table_height)
    anchors: list[np.ndarray] = []
    wish = Wish(
        text,
        anchored=lambda found: anchors.extend(anchor.pixel for anchor in found),
        again=len(moved) > 0,
        moved=moved,
    )
    try:
        plan = planner.think(Scene(frame, instance.view.T_base_camera, 'base'), wish).plan
    except PlannerError as error:
        return ('absent' if error.code is ErrorCode.OBJECT_NOT_FOUND else error.code.name), anchors
    return ('done' if plan is None else 'plan'), anchors
