"""A person's answer to a proposed plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanRefusal, PlanState
from gae_arm.viewer.shown_plan import ShownPlan

SUFFIX = '-approved'


def approved(shown: ShownPlan, waypoints: Sequence[Waypoint], now_ns: int) -> WaypointPlan:
    """Return the plan to carry out: `waypoints` (base frame) instead of those that were shown.

    It is in the base frame, as it was shown: by the time a person has decided, nobody may know any
    more where a moving camera was. It keeps the stamp and gets a plan_id of its own. The approval
    renews the expiry: the plan lives as long from `now_ns` as it would have from its image, for the
    person has looked at the scene now.
    """
    source = shown.source
    life_ns = source.expiry_ns - source.stamp_ns
    return dataclasses.replace(
        shown.plan,
        plan_id=source.plan_id + SUFFIX,
        waypoints=tuple(waypoints),
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
