"""The guide that was meant, beside the one that a planner's errors make of it."""

from __future__ import annotations

import dataclasses

import numpy as np

from action_expert.guide import GuideWaypoints
from gae_arm.core import end_effector, geometry
from gae_arm.core.plan import WaypointPlan

ANOTHER = 0.6
"""rad: orientations that differ by more are two ways to grasp, both right."""


def meant_waypoints(
    waypoints: GuideWaypoints, plan: WaypointPlan, meant: np.ndarray
) -> GuideWaypoints:
    """Return a guide's waypoints where they were meant to be.

    waypoints: made of `plan` by `prepared`. meant: (K, 4, 4), T_base_ee of the plan's waypoints
    without its errors. What preparation added goes along with the waypoint that it was added to;
    an orientation that it chose otherwise than it was meant, and as well, stays.
    """
    own, told = own_waypoints(waypoints, plan), said(waypoints, plan)
    poses = []
    for s, T, known in zip(waypoints.sources, waypoints.poses, told, strict=True):
        T_own, T_meant = waypoints.poses[own[s]], meant[s].copy()
        if not known:
            T_meant[:3, :3] = _like(T_meant[:3, :3], T_own[:3, :3])
        poses.append(T_meant @ geometry.invert(T_own) @ T)
    return dataclasses.replace(waypoints, poses=np.array(poses))


def said(waypoints: GuideWaypoints, plan: WaypointPlan) -> np.ndarray:
    """Return whose waypoints' orientations the plan said, bool (K,)."""
    return np.array([plan.waypoints[s].orientation is not None for s in waypoints.sources])


def _like(rotation: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the orientation (3, 3) that is meant where another one was chosen."""
    rotation = end_effector.nearest_grasp(rotation, chosen)
    turn = geometry.matrix_to_rotation_vector(rotation @ chosen.T)
    return rotation if np.linalg.norm(turn) < ANOTHER else chosen


def own_waypoints(waypoints: GuideWaypoints, plan: WaypointPlan) -> np.ndarray:
    """Return which guide waypoint is each of the plan's own, int64 (K,)."""
    out = []
    for s, waypoint in enumerate(plan.waypoints):
        rows = np.flatnonzero(waypoints.sources == s)
        away = np.linalg.norm(waypoints.poses[rows, :3, 3] - waypoint.position, axis=1)
        out.append(rows[away.argmin()])
    return np.array(out)
