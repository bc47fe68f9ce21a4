"""From the camera into the base: a plan is made in the frame of the image that it was made from."""

from __future__ import annotations

import numpy as np

from gae_arm.core import checks, geometry
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_transform import plan_in_frame


def lifted(plan: WaypointPlan, T_base_camera: np.ndarray, base_frame: str) -> WaypointPlan:
    """Return the plan with its waypoints in the base frame; all else stays, missing values too.

    T_base_camera: (4, 4), maps points of the plan's frame into the base, at the image's stamp
    (`plan.stamp_ns`): a camera on the hand has moved since. base_frame: name of the base frame.
    A plan that is in the base frame already is returned as it is, whatever the transform.
    Raises InvalidValueError for a matrix that is no rigid transform.
    """
    if plan.frame_id == base_frame:
        return plan
    checks.text('base_frame', base_frame, allow_empty=False)
    T = geometry.rigid('T_base_camera', T_base_camera)
    return plan_in_frame(plan, base_frame, T)
