"""What a sparse plan leaves open is filled here: orientations, the ways into and out of a grasp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from action_expert import end_effector
from action_expert.guide import GuideWaypoints
from gae_arm.core import geometry
from gae_arm.core.cloud import Cloud
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.settings import Settings, setting


@dataclass(frozen=True)
class PreparationSettings(Settings):
    """How a plan is filled."""

    approach: float = setting(
        0.1, 'straight way into and out of a grasp where the plan has none, m', low=0.0, high=0.5
    )


def prepared(
    plan: WaypointPlan,
    T_base_ee: np.ndarray,
    opening: float,
    cloud: Cloud | None,
    settings: PreparationSettings,
) -> GuideWaypoints:
    """Return the plan's waypoints, complete, and those that it lacks.

    plan: in the base frame. T_base_ee: (4, 4), now. opening: the gripper's, 0.0 to 1.0, now.
    cloud: shows the surface at the grasp; None: grasps come from straight above.
    """
    down = end_effector.turned_to(end_effector.DOWN, T_base_ee[:3, :3])
    rotations = [
        down if w.orientation is None else geometry.quaternion_to_matrix(w.orientation)
        for w in plan.waypoints
    ]
    gripper = np.array([np.nan if w.gripper is None else w.gripper for w in plan.waypoints])
    return GuideWaypoints(
        poses=geometry.transform(np.array(rotations), [w.position for w in plan.waypoints]),
        gripper=gripper,
        touches=~np.isnan(gripper),
        sources=np.arange(len(plan.waypoints)),
    )
