"""Planners by name, as trials call them: those that know the truth, and those that must look."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Protocol

import numpy as np

from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.demonstrations.oracle import EXPIRY_S, Oracle, PersistentOracle, PlanNoise
from gae_arm.demonstrations.workplace import Planner, Workplace
from gae_arm.evaluation.looking import LookingPlanner
from gae_arm.evaluation.obedience import ErasedOracle, ShiftedOracle
from vla_planner.profile import find_profile


class Seer(Protocol):
    """A planner that sees what the camera sees and hears what the person says: nothing else."""

    name: str

    def answer(self, frame: CameraFrame, instruction: str) -> WaypointPlan:
        """Return a plan in the frame `frame.frame_id`; raise NoPlanError if there is none."""


class SeeingPlanner:
    """Asks a seer once for each task; its waypoints err as much as they are told to.

    seed: of the errors.
    """

    def __init__(self, seer: Seer, noise: PlanNoise, seed: int) -> None:
        self.name = seer.name
        self._seer, self._noise, self._seed = seer, noise, seed

    def begin(self, place: Workplace) -> None:
        """Begin with a new task."""
        self._rng = np.random.default_rng([self._seed, place.instance.seed])
        self._asked = False

    def plan(self, place: Workplace) -> WaypointPlan | None:
        """Return the answer in the base frame, and None from then on."""
        if self._asked:
            return None
        self._asked = True
        answer = self._seer.answer(place.frame(), place.instance.instruction)
        base, T = place.arm.base_frame, place.T_base_camera
        plan = answer if answer.frame_id == base else plan_in_frame(answer, base, T)
        return dataclasses.replace(
            plan,
            stamp_ns=place.now_ns,
            expiry_ns=place.now_ns + round(EXPIRY_S * 1e9),
            waypoints=tuple(self._noise.apply(w, T, self._rng) for w in plan.waypoints),
        )


def make_planner(name: str, noise: PlanNoise, seed: int) -> Planner:
    """Return the planner of a name: of PLANNERS, else the model that `gae plan` takes by it."""
    if name in PLANNERS:
        return PLANNERS[name](noise, seed)
    return LookingPlanner(noise, seed, name)


def known_planner(name: str) -> str:
    """Return a name that `make_planner` can make one of; else raise what there is."""
    if name in PLANNERS:
        return name
    try:
        find_profile(name)
    except ConfigError as error:
        there = f'there are: {sorted(PLANNERS)}, or a model as `gae plan` takes it'
        raise InvalidValueError(f'planner {name!r} is unknown; {there}: {error}') from error
    return name


PlannerFactory = Callable[[PlanNoise, int], Planner]
"""Makes a planner with errors, drawn from a seed."""

PLANNERS: dict[str, PlannerFactory] = {
    planner.name: planner
    for planner in (Oracle, PersistentOracle, ShiftedOracle, ErasedOracle, LookingPlanner)
}
"""Planners by name. One more is one line; one that only looks is a `Seer`:

    PLANNERS['mine'] = lambda noise, seed: SeeingPlanner(MySeer(), noise, seed)
"""
