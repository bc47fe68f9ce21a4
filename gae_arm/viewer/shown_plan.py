"""A plan as it is shown: in the arm's base frame, its anchors in space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.core.transform_tree import TransformUnknownError
from gae_arm.viewer.anchor_points import anchor_points

MAX_WAYPOINTS = 100

Lookup = Callable[[str, str, int], np.ndarray]
"""(target, source, stamp_ns) -> T_target_source (4, 4), or TransformUnknownError."""


@dataclass(frozen=True)
class Camera:
    """The camera whose image the plans are made from: its optical frame and intrinsics."""

    frame_id: str
    intrinsics: CameraIntrinsics


@dataclass(frozen=True)
class ShownPlan:
    """source: the plan as it came. plan: in the base frame. T_base_plan: (4, 4).

    anchors: float64 (A, 3), metres, base frame; NaN where it is not known.
    """

    source: WaypointPlan
    plan: WaypointPlan
    T_base_plan: np.ndarray
    anchors: np.ndarray


def show_plan(
    plan: WaypointPlan, base_frame: str, lookup: Lookup, camera: Camera | None
) -> ShownPlan:
    """Return the plan in the base frame, by the transform of its image's stamp.

    Raises TransformUnknownError if its frame is not known at that time, InvalidValueError for more
    than MAX_WAYPOINTS: nobody can judge those by eye.
    """
    if len(plan.waypoints) > MAX_WAYPOINTS:
        raise InvalidValueError(
            f'plan {plan.plan_id!r} has {len(plan.waypoints)} waypoints, at most {MAX_WAYPOINTS} '
            'are shown'
        )
    T_base_plan = _transform(base_frame, plan.frame_id, plan.stamp_ns, lookup)
    own = plan.frame_id == base_frame
    lifted = plan if own else plan_in_frame(plan, base_frame, T_base_plan)
    return ShownPlan(plan, lifted, T_base_plan, _anchors(lifted, lookup, camera))


def _transform(target: str, source: str, stamp_ns: int, lookup: Lookup) -> np.ndarray:
    return np.eye(4) if target == source else lookup(target, source, stamp_ns)


def _anchors(plan: WaypointPlan, lookup: Lookup, camera: Camera | None) -> np.ndarray:
    unknown = np.full((len(plan.anchors), 3), np.nan)
    if camera is None or not plan.anchors:
        return unknown
    try:
        T_base_camera = _transform(plan.frame_id, camera.frame_id, plan.stamp_ns, lookup)
    except TransformUnknownError:
        return unknown
    seen = plan_in_frame(plan, camera.frame_id, geometry.invert(T_base_camera))
    return geometry.transform_points(T_base_camera, anchor_points(seen, camera.intrinsics))
