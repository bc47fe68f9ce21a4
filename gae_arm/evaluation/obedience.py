"""Does the arm go where the plan says? Plans that lead elsewhere, or nowhere, tell.

A policy that has learned to look for objects may ignore its plan. So the plan is shifted to another
object: what does the hand touch first? And it is erased: all its waypoints are where the hand is
already; does anything move?
"""

from __future__ import annotations

import dataclasses

import numpy as np

from action_expert.following import EndEffector
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.demonstrations.oracle import Oracle
from gae_arm.demonstrations.workplace import Workplace

AT, LEVEL = 0.09, np.array([1.0, 1.0, 0.0])
"""m: a waypoint that is level so near to a thing is at it; what of a place is level."""


class ShiftedOracle(Oracle):
    """Plans as the oracle does, and moves what it does at the first target to a distractor.

    Where that is put stays: moved as well, it would often be where the arm does not reach.
    """

    name = 'shifted'

    def plan(self, place: Workplace) -> WaypointPlan | None:
        """Return the shifted plan; only the first one, the others would rest on what was done."""
        if self._next > 0:
            return None
        poses = place.truth().poses
        target, other = place.instance.targets[0], place.instance.distractors[0]
        here, there = (poses[thing][:3, 3] * LEVEL for thing in (target, other))
        plan = super().plan(place)
        assert plan is not None
        moved = tuple(
            dataclasses.replace(w, position=w.position + there - here)
            if np.linalg.norm(w.position * LEVEL - here) < AT
            else w
            for w in plan.waypoints
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
