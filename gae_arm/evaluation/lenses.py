"""Whether a planner means the same places whatever lens it looks through."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gae_arm.arm_sim.camera import RgbdCamera
from gae_arm.arm_sim.tasks.axes import TRAINING
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.registry import find_task
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraFrame
from gae_arm.core.paths import arm_file
from gae_arm.core.plan_check import PlanCheckSettings
from gae_arm.core.plan_transform import plan_in_frame, positions
from gae_arm.core.statistics import quantile_interval, wilson
from vla_planner.errors import PlannerError
from vla_planner.picture import Scene
from vla_planner.planner import VlmPlanner, Wish

LENSES = ((320, 240, 1.0), (640, 480, 1.0), (480, 360, 1.2))
"""Width, height, and by how much the field of view is larger."""


@dataclass
class LensReport:
    """What two lenses make of one scene.

    apart: m, of waypoints that were planned for one scene through the first and another lens.
    pairs: of plans, in all. left_out: of them, where one was refused, or one has more waypoints.
    """

    apart: list[float] = field(default_factory=list)
    pairs: int = 0
    left_out: int = 0

    def add(self, plans: list[np.ndarray | None]) -> None:
        """Take the waypoints (N, 3) of one scene through each lens, None where there is no plan."""
        first, *others = plans
        for other in others:
            self.pairs += 1
            if first is None or other is None or len(first) != len(other):
                self.left_out += 1
            else:
                self.apart += np.linalg.norm(first - other, axis=1).tolist()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row a metric: metric, n, value, low, high."""
        if self.apart:
            low, high = quantile_interval(self.apart, 0.5)
            value, n = float(np.median(self.apart)), len(self.apart)
            metric = 'other lens, waypoints apart p50 m'
            yield {'metric': metric, 'n': n, 'value': value, 'low': low, 'high': high}
        if self.pairs:
            low, high = wilson(self.left_out, self.pairs)
            metric, value = 'other lens, no two plans to compare', self.left_out / self.pairs
            yield {'metric': metric, 'n': self.pairs, 'value': value, 'low': low, 'high': high}


def through_lenses(
    planner: VlmPlanner, instance: TaskInstance, arm: str = 'panda'
) -> list[np.ndarray | None]:
    """Return the waypoints (N, 3), base frame, through each lens; None where there is no plan."""
    plans = []
    for width, height, wider in LENSES:
        fov = instance.view.horizontal_fov * wider
        view = dataclasses.replace(instance.view, horizontal_fov=fov)
        simulation = instance.simulate(load_arm(arm_file(arm)), width, height)
        camera = RgbdCamera(simulation.model, view.camera(width, height, shadows=False))
        try:
            frame = camera.render(simulation.snapshot().qpos, 10**9)
        finally:
            camera.close()
        plans.append(planned_places(planner, frame, view.T_base_camera, instance))
    return plans


def planned_places(
    planner: VlmPlanner, frame: CameraFrame, T_base_camera: np.ndarray, instance: TaskInstance
) -> np.ndarray | None:
    """Return the waypoints (N, 3), base frame, of a plan for an image; None without one."""
    planner.rules = PlanCheckSettings.above(instance.table_height)
    try:
        plan = planner.think(Scene(frame, T_base_camera, 'base'), Wish(instance.instruction)).plan
    except PlannerError:
        return None
    return None if plan is None else positions(plan_in_frame(plan, 'base', T_base_camera))


def lens_scene(seed: int) -> TaskInstance:
    """Return the scene of a seed."""
    return find_task('place_into_container').sample(seed, TRAINING)
