"""A person's answer to a proposed plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from gae_arm.core import geometry
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.plan_transform import waypoint_in_frame
from gae_arm.core.progress import PlanProgress, PlanRefusal, PlanState
from gae_arm.viewer.shown_plan import ShownPlan

SUFFIX = '-approved'


def approved(shown: ShownPlan, waypoints: Sequence[Waypoint], now_ns: int) -> WaypointPlan:
    """Return the plan to carry out: `waypoints` (base frame) instead of those that were shown.

    It keeps stamp and frame, and gets a plan_id of its own. A waypoint that was not moved stays
    as the planner gave it, to the last bit. The approval renews the expiry: the plan lives as long
    from `now_ns` as it would have from its image, for the person has looked at the scene now.
    """
    source = shown.source
    T_plan_base = geometry.invert(shown.T_base_plan)
    final = tuple(
        given if there == before else waypoint_in_frame(there, T_plan_base)
        for given, before, there in zip(
            source.waypoints, shown.plan.waypoints, waypoints, strict=True
        )
    )
    life_ns = source.expiry_ns - source.stamp_ns
    return dataclasses.replace(
        source,
        plan_id=source.plan_id + SUFFIX,
        waypoints=final,
        expiry_ns=max(source.expiry_ns, now_ns + life_ns),
    )


def rejected(plan: WaypointPlan, now_ns: int) -> PlanProgress:
    """Return what tells everybody that a person does not want this plan."""
    return PlanProgress(
        now_ns,
        plan.plan_id,
        PlanState.REFUSED,
        PlanRefusal.REJECTED,
        message='rejected by a person on the page',
    )
