"""A plan in another frame: from the camera's into the arm's base, and back."""

from __future__ import annotations

import dataclasses

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.plan import Waypoint, WaypointPlan


def plan_in_frame(plan: WaypointPlan, frame_id: str, T_frame_plan: np.ndarray) -> WaypointPlan:
    """Return the same plan with its waypoints in `frame_id`; T_frame_plan (4, 4) maps them there.

    A waypoint without an orientation stays without one. The anchors are pixels and stay.
    """
    waypoints = tuple(waypoint_in_frame(w, T_frame_plan) for w in plan.waypoints)
    moved = geometry.transform_points(T_frame_plan, plan.moved)
    return dataclasses.replace(plan, frame_id=frame_id, waypoints=waypoints, moved=moved)


def waypoint_in_frame(waypoint: Waypoint, T_frame_plan: np.ndarray) -> Waypoint:
    """Return one waypoint mapped by T_frame_plan (4, 4)."""
    position = T_frame_plan[:3, :3] @ waypoint.position + T_frame_plan[:3, 3]
    if waypoint.orientation is None:
        return dataclasses.replace(waypoint, position=position)
    rotation = T_frame_plan[:3, :3] @ geometry.quaternion_to_matrix(waypoint.orientation)
    orientation = geometry.matrix_to_quaternion(rotation)
    return dataclasses.replace(waypoint, position=position, orientation=orientation)


def positions(plan: WaypointPlan) -> np.ndarray:
    """Return the positions of the waypoints (N, 3), metres, in the plan's frame."""
    return np.array([waypoint.position for waypoint in plan.waypoints])
