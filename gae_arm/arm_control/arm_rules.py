"""One arm's governor with all its rules: kinematics and distances from the URDF."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gae_arm.arm_control.clearance import Rule
from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.governor import Governor
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.rules import DistanceRule, ObstacleRule, WorkspaceRule
from gae_arm.core import geometry
from gae_arm.core.motion import HaltReason


def make_governor(
    collision: CollisionModel, settings: GovernorSettings, box_links: Sequence[str] = ()
) -> Governor:
    """Return the governor of the arm that `collision` was made of; its limits are the ones kept.

    That arm is `limited_arm(arm, settings)`, so that IK, distances and governor agree. box_links:
    links whose frames stay in the workspace box, beside the end effector. The fingers are taken as
    open, where they reach furthest.
    """
    kinematics = collision.kinematics
    arm = kinematics.arm

    def corners(q: np.ndarray) -> np.ndarray:
        frames = [kinematics.forward(q), *(kinematics.frame(name, q) for name in box_links)]
        return np.array([T[:3, 3] for T in frames])

    def to_cloud(q: np.ndarray, points: np.ndarray) -> float:
        return collision.cloud_distance(q, points).distance

    rules: list[Rule] = [
        WorkspaceRule(corners, settings.workspace_lower, settings.workspace_upper),
        DistanceRule(
            HaltReason.SELF_COLLISION,
            collision.self_distance,
            settings.self_distance,
            self_reach(collision),
        ),
        DistanceRule(
            HaltReason.TABLE_COLLISION, collision.environment_distance, settings.table_distance
        ),
    ]
    obstacles = None
    if settings.use_cloud:
        obstacles = ObstacleRule(to_cloud, settings.stop_distance, settings.slow_distance)
    return Governor(arm, settings, rules, obstacles, collision.joint_reach())


def self_reach(collision: CollisionModel) -> np.ndarray:
    """Return (N,), m/rad: no two parts of the arm move further against each other per radian.

    A joint moves what is behind it against what is before it. By which of the two it is seen, the
    way is at most the angle times the largest distance of that one from the axis: the smaller
    distance counts. So the first joint, which turns nearly all of the arm, brings little nearer.
    """
    kinematics = collision.kinematics
    joints, placements = kinematics.arm_joints, kinematics.model.jointPlacements
    before = np.zeros(kinematics.n)
    for i, joint in enumerate(joints):
        T_base_joint = placements[joint].homogeneous
        if i > 0:
            way = float(np.linalg.norm(T_base_joint[:3, 3]))
            before[i] = max(before[i - 1] + way, _radius(collision, joints[i - 1], T_base_joint))
        else:
            fixed = {piece.joint for piece in collision.pieces} - {*joints}
            fixed -= {*kinematics.gripper_joints}
            before[i] = max((_radius(collision, k, T_base_joint) for k in fixed), default=0.0)
    return np.minimum(before, collision.joint_reach())


def _radius(collision: CollisionModel, joint: int, T_joint_center: np.ndarray) -> float:
    """Return the largest distance of a joint's geometry from a point in that joint's frame, m."""
    corners = [p.triangles.reshape(-1, 3) for p in collision.pieces if p.joint == joint]
    if not corners:
        return 0.0
    moved = geometry.transform_points(geometry.invert(T_joint_center), np.concatenate(corners))
    return float(np.linalg.norm(moved, axis=1).max())
