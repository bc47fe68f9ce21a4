"""A vision-language planner in trials: it sees what the camera sees and hears the instruction."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_check import PlanCheckSettings
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.demonstrations.oracle import EXPIRY_S, PlanNoise
from gae_arm.demonstrations.workplace import NoPlanError, Workplace
from vla_planner.errors import PlannerError
from vla_planner.gripper import takes_back
from vla_planner.make import make_planner
from vla_planner.picture import Scene
from vla_planner.planner import VlmPlanner, Wish

MOST_PLANS = 6
"""As many as the node makes for one instruction."""


class LookingPlanner:
    """Asks a model, and asks again after each plan until it says that nothing is left.

    After a plan of which it cannot tell that, it is not asked. model: as `gae plan` takes it.
    seed: of the errors that its waypoints get beside its own.
    """

    name = 'bundled'

    def __init__(self, noise: PlanNoise | None = None, seed: int = 0, model: str = name) -> None:
        self._noise, self._seed, self._model = noise or PlanNoise(), seed, model
        self.name = model

    def begin(self, place: Workplace) -> None:
        """Begin with a new task."""
        self._rng = np.random.default_rng([self._seed, place.instance.seed])
        self._plans = 0
        self._last: WaypointPlan | None = None
        self._moved = np.zeros((0, 2, 3))
        self._aside = Kinematics(place.arm).forward(place.arm.home)

    def plan(self, place: Workplace) -> WaypointPlan | None:
        """Return the next plan in the base frame, None when the model thinks that all is done.

        Raises NoPlanError where it has none for a task that has just begun.
        """
        planner = shared_planner(self._model)
        again = self._last is not None
        if self._plans == MOST_PLANS or (self._last and not planner.profile.sees_end(self._last)):
            return None
        planner.rules = PlanCheckSettings.above(place.instance.table_height)
        try:
            scene = Scene(place.frame(), place.T_base_camera, place.arm.base_frame)
            said, expiry = place.instance.instruction, round(EXPIRY_S * 1e9)
            wish = Wish(said, expiry, again=again, moved=self._moved, aside=self._aside)
            thought = planner.think(scene, wish)
            plan = thought.plan
        except PlannerError as error:
            if again:
                return None
            raise NoPlanError(f'{error.code.name}: {error}') from error
        if plan is None or (self._last and takes_back(plan, self._last)):
            return None
        self._plans, self._last, self._moved = self._plans + 1, plan, thought.moved
        T = place.T_base_camera
        plan = plan_in_frame(plan, place.arm.base_frame, T)
        waypoints = tuple(self._noise.apply(w, T, self._rng) for w in plan.waypoints)
        return dataclasses.replace(plan, waypoints=waypoints)


@lru_cache(maxsize=1)
def shared_planner(model: str) -> VlmPlanner:
    """Return this process's planner of a model: it takes seconds to load."""
    return make_planner(model)
