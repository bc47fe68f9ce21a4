"""The demonstrator: does a task in one of many ways, makes mistakes on purpose, and good again.

What a policy learns from has to contain what it will get into: being beside the way, having closed
on nothing, a thing that is no longer where it was. Plans that miss on purpose are marked, so that
nobody imitates them; what is done about it afterwards is the lesson.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.arm_sim.tasks.steps import Lift, Step
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.settings import Settings, setting
from gae_arm.core.truth import Truth
from gae_arm.demonstrations import moves
from gae_arm.demonstrations.moves import Keyframe
from gae_arm.demonstrations.oracle import Oracle
from gae_arm.demonstrations.script import Script
from gae_arm.demonstrations.variety import Variety
from gae_arm.demonstrations.workplace import Workplace

MOVED = 0.008
"""m that a thing was moved, before it is grasped, for a new plan."""
OVER = 0.025
"""m over a thing, where a grasp that misses on purpose closes."""
SALT = 17


@dataclass(frozen=True)
class DemonstratorSettings(Settings):
    """How often what goes wrong on purpose."""

    miss: float = setting(
        0.12, 'share of the grasps that close on nothing first', low=0.0, high=1.0
    )
    stray: float = setting(
        0.35, 'share of the plans beside whose way the arm gets', low=0.0, high=1
    )
    bump: float = setting(
        0.12, 'share of the episodes whose first object is moved', low=0.0, high=1
    )


class Demonstrator(Oracle):
    """Plans from the truth with variety; asks for another try where a step was not successful.

    seed: of its choices. Its `revise` and `is_mistaken` are for `Rollout` and `Recorder`.
    """

    name = 'demonstrator'
    tries = 3

    def __init__(self, settings: DemonstratorSettings | None = None, seed: int = 0) -> None:
        super().__init__(seed=seed)
        self.settings = settings or DemonstratorSettings()

    def begin(self, place: Workplace) -> None:
        """Look at a task that has just been loaded."""
        super().begin(place)
        self._rng = np.random.default_rng([self._seed, place.instance.seed, SALT])
        self.variety = Variety(self._rng)
        self._script = Script(place.arm, place.instance, self.variety)
        self._mistaken: set[str] = set()

    def plan(self, place: Workplace) -> WaypointPlan | None:
        """Return the next plan in the base frame, or the last one anew if it did not work."""
        truth = place.truth()
        return self._planned_now(place, truth) if self._goes_on(truth) else None

    def revise(self, place: Workplace) -> WaypointPlan | None:
        """Return another plan if what is to be grasped has been moved meanwhile."""
        item, truth = self.group[0].item, place.truth()
        if not isinstance(self.group[0], Lift) or truth.robot_touches(item):
            return None
        moved = np.linalg.norm((truth.poses[item] - self.began[item])[:3, 3])
        lifted = truth.poses[item][2, 3] > self.began[item][2, 3] + MOVED
        if moved < MOVED or lifted or self._is_closed(place):
            return None
        return self._planned_now(place, truth)

    def is_mistaken(self, plan_id: str) -> bool:
        """Return whether a plan missed on purpose."""
        return plan_id in self._mistaken

    def _is_closed(self, place: Workplace) -> bool:
        """Return whether the gripper is closing or closed: too late for another approach."""
        gripper = place.arm.gripper
        return gripper.opening(place.observe().select(gripper.joints)) < 0.9

    def _planned_now(self, place: Workplace, truth: Truth) -> WaypointPlan:
        first = self.group[0]
        keyframes = self.keyframes(place, self.group)
        misses = isinstance(first, Lift) and self._tries == 1
        misses = misses and self._rng.random() < self.settings.miss
        if misses:
            keyframes = self._missing(keyframes, first, truth, place)
            self._tries = 0
        self.meant, self.began = tuple(keyframes), truth.poses
        plan = self.as_plan(place, [k.waypoint() for k in keyframes])
        if misses:
            self._mistaken.add(plan.plan_id)
        return plan

    def _missing(
        self, keyframes: list[Keyframe], lift: Step, truth: Truth, place: Workplace
    ) -> list[Keyframe]:
        """Return a grasp that closes over the thing instead of on it."""
        before, grasp = keyframes[:2]
        top = truth.poses[lift.item][2, 3] + place.instance.items[lift.item].top
        by = top + OVER - grasp.T_base_ee[2, 3]
        missed = Keyframe(moves.raised(grasp.T_base_ee, by), 0.0)
        return [
            Keyframe(moves.raised(before.T_base_ee, by), before.gripper),
            missed,
            Keyframe(moves.raised(missed.T_base_ee, moves.APPROACH / 2)),
        ]
