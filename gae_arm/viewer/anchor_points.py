"""Where a plan's anchors, which are pixels, stand in space."""

from __future__ import annotations

import numpy as np

from gae_arm.core import projection
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_transform import positions


def anchor_points(plan: WaypointPlan, intrinsics: CameraIntrinsics) -> np.ndarray:
    """Return the anchors (A, 3), metres, of a plan in the camera's optical frame.

    Each stands on the ray of its pixel, as deep as the waypoint whose pixel is nearest: a plan
    carries no depth of its anchors. NaN where no waypoint is in front of the camera.
    """
    pixels = np.array([anchor.pixel for anchor in plan.anchors]).reshape(-1, 2)
    points = positions(plan)
    gaps = np.linalg.norm(projection.project(intrinsics, points) - pixels[:, None], axis=-1)
    nearest = np.where(np.isnan(gaps), np.inf, gaps).argmin(axis=1)
    depth = np.where(np.isfinite(gaps).any(axis=1), points[nearest, 2], np.nan)
    return projection.deproject(intrinsics, pixels, depth)
