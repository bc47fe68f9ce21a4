"""A plan written down in our own format: what a model that is tuned learns to answer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.projection import project


def written(plan: WaypointPlan, intrinsics: CameraIntrinsics) -> str | None:
    """Return a plan (optical frame) as an answer; None if one of its waypoints is not in view.

    Points are thousandths of the image; the gripper is said where it opens or closes.
    """
    size = np.array([intrinsics.width, intrinsics.height])
    pixels = project(intrinsics, np.array([w.position for w in plan.waypoints]))
    places = np.rint((pixels + 0.5) / size * 1000)
    if not np.isfinite(places).all() or (places < 0).any() or (places > 1000).any():
        return None
    waypoints, before = [], None
    for place, waypoint in zip(places.astype(int).tolist(), plan.waypoints, strict=True):
        one: dict[str, Any] = {'point': place, 'depth': round(float(waypoint.position[2]), 3)}
        is_open = before if waypoint.gripper is None else waypoint.gripper >= 0.5
        if is_open is not None and is_open != before:
            one['gripper'] = 'open' if is_open else 'close'
        before = is_open
        waypoints.append(one)
    return json.dumps({'status': 'plan', 'waypoints': waypoints})
