"""Does the arm go where the plan says? Plans that lead elsewhere, or nowhere, tell.

A policy that has learned to look for objects may ignore its plan. So the plan is shifted to another
object: what does the hand touch first? And it is erased: all its waypoints are where the hand is
already; does anything move?
"""

from __future__ import annotations

import dataclasses

from action_expert.following import EndEffector
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.demonstrations.oracle import Oracle
from gae_arm.demonstrations.workplace import Workplace


class ShiftedOracle(Oracle):
    """Plans as the oracle does, and moves all waypoints from the first target to a distractor."""

    name = 'shifted'

    def plan(self, place: Workplace) -> WaypointPlan | None:
        """Return the shifted plan; only the first one, the others would rest on what was done."""
        if self._next > 0:
            return None
        poses = place.truth().poses
        target, other = place.instance.targets[0], place.instance.distractors[0]
        shift = poses[other][:3, 3] - poses[target][:3, 3]
        plan = super().plan(place)
        assert plan is not None
        moved = tuple(
            dataclasses.replace(w, position=w.position + shift * [1, 1, 0]) for w in plan.waypoints
        )
        return dataclasses.replace(plan, waypoints=moved)


class ErasedOracle(Oracle):
    """Plans as many waypoints as the oracle does, all of them where the hand is."""

    name = 'erased'

    def plan(self, place: Workplace) -> WaypointPlan | None:
        """Return the plan that says nothing, once."""
        if self._next > 0:
            return None
        plan = super().plan(place)
        assert plan is not None
        here = EndEffector(place.arm).measured(place.observe())[0][:3, 3]
        nothing = tuple(Waypoint(here) for _ in plan.waypoints)
        return dataclasses.replace(plan, waypoints=nothing)
