"""One arm's governor with all its rules: kinematics and distances from the URDF."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gae_arm.arm_control.clearance import Rule
from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.governor import Governor
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.rules import DistanceRule, ObstacleRule, WorkspaceRule
from gae_arm.core.motion import HaltReason


def make_governor(
    collision: CollisionModel, settings: GovernorSettings, box_links: Sequence[str] = ()
) -> Governor:
    """Return the governor of the arm that `collision` was made of; its limits are the ones kept.

    That arm is `limited_arm(arm, settings)`, so that IK, distances and governor agree. box_links:
    links whose frames stay in the workspace box, beside the end effector. The fingers are taken as
    open, where they reach furthest. Before the first tick, `compile` both. Raises InvalidValueError
    for limits that allow no quick stop.
    """
    kinematics = collision.kinematics
    reach = collision.joint_reach()

    def corners(q: np.ndarray) -> np.ndarray:
        frames = [kinematics.forward(q), *(kinematics.frame(name, q) for name in box_links)]
        return np.array([T[:3, 3] for T in frames])

    def to_cloud(q: np.ndarray, points: np.ndarray) -> float:
        return collision.obstacle_distance(q, points).distance

    rules: list[Rule] = [
        WorkspaceRule(corners, settings.workspace_lower, settings.workspace_upper, reach),
        DistanceRule(
            HaltReason.SELF_COLLISION,
            collision.self_distances,
            collision.self_names,
            collision.self_reach,
            settings.self_distance,
        ),
    ]
    if collision.environment_names:
        rules.append(
            DistanceRule(
                HaltReason.TABLE_COLLISION,
                collision.environment_distances,
                collision.environment_names,
                collision.environment_reach,
                settings.table_distance,
            )
        )
    obstacles = None
    if settings.use_cloud:
        stop, slow = settings.stop_distance, settings.slow_distance
        obstacles = ObstacleRule(
            to_cloud, stop, slow, reach, collision.floor, settings.obstacle_company
        )
    return Governor(kinematics.arm, settings, rules, obstacles)
