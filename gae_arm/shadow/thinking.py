"""The thinking half of shadow mode: a recorded answer, a recorded plan, or a model's answer now."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.reach import Reach
from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_file import load_plan
from gae_arm.shadow.scenes import RgbdScene
from gae_arm.shadow.surroundings import Surroundings
from vla_planner.backends.backend import Backend
from vla_planner.backends.make import make_backend
from vla_planner.picture import Scene
from vla_planner.planner import VlmPlanner, Wish
from vla_planner.profile import Profile, load_profile, planners
from vla_planner.prompts import load_prompts

EXPIRY_NS = 600_000_000_000


@dataclass(frozen=True)
class Thinker:
    """Where plans come from.

    answer: a recorded answer of a model in a format of vla_planner, or a plan file (.yaml); None:
    the model of the profile `planner` (a name in config/planners, or a file) is asked.
    """

    planner: str = 'bundled'
    answer: Path | None = None
    format: str = 'ours'

    def backend(self) -> tuple[Profile, Path, Backend]:
        """Return who answers; loading a model takes a while."""
        if self.answer is None:
            profile, folder = load_profile(self.planner)
        else:
            folder = planners()
            profile = Profile(backend='file', model=str(self.answer), format=self.format, retries=0)
        return profile, folder, make_backend(profile)

    def think(
        self, scene: RgbdScene, arm: ArmConfig, around: Surroundings, q: np.ndarray, now_ns: int
    ) -> WaypointPlan:
        """Return the plan for a scene; raise GaeError with the reason where there is none."""
        assert scene.T_base_camera is not None
        if self.answer is not None and self.answer.suffix in ('.yaml', '.yml'):
            return load_plan(self.answer).plan(f'shadow-{scene.name}', now_ns, arm.base_frame)
        profile, folder, backend = self.backend()
        planner = VlmPlanner(
            profile,
            load_prompts(profile, folder),
            backend,
            around.rules(),
            Reach(Kinematics(arm)).check,
        )
        frame = dataclasses.replace(scene.frame, stamp_ns=now_ns)
        thought = planner.think(
            Scene(frame, scene.T_base_camera, arm.base_frame),
            Wish(scene.instruction, EXPIRY_NS, Kinematics(arm).forward(q)[:3, :3], q),
        )
        if thought.plan is None:
            raise InvalidValueError(f'{backend.name} says that nothing is left to do')
        return thought.plan
