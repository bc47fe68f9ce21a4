"""Where a camera stands that nobody has calibrated, told by the table in its image."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks, geometry
from gae_arm.core.camera import CameraFrame
from gae_arm.core.instruction import ErrorCode
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.planes import Plane, find_plane
from gae_arm.point_cloud.workspace import WorkspaceSettings
from vla_planner.errors import PlannerError

CENTRE = (0.49, 0.0)
"""Where the middle of the image is on the table, m, if nobody knows where the camera stands."""
IMAGE_UP, TO_CAMERA = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, -1.0])
"""In the optical frame."""
MOST_DOWN = np.radians(70)
"""So far down the camera may look: a wall that it faces is 90 degrees off the image's up."""
STRAIGHT_DOWN = np.radians(20)
"""So far off straight down a camera still counts as one that only sees the table."""
LEAST_SHARE, LEAST_SHARE_BELOW = 0.1, 0.5
"""Of the points on the table: seen from the side, and from straight above."""
EVERYWHERE = WorkspaceSettings(crop_min=(-1e3,) * 3, crop_max=(1e3,) * 3)
OVERHEAD_PLANES = 4
"""So many planes above the camera are looked past: a ceiling, lamps."""
CLEAR = 0.015
"""m about such a plane that is taken away with it."""


@dataclass(frozen=True, eq=False)
class Level(checks.Contract):
    """A camera over a table.

    T_base_camera: float64 (4, 4); the table is level there. height: m, of the camera above it.
    down: rad, how far below level the camera looks.
    """

    T_base_camera: np.ndarray
    height: float
    down: float

    def __str__(self) -> str:
        """Return what was assumed, as a sentence."""
        down = np.degrees(self.down)
        return (
            'no extrinsics: the largest plane below the camera is taken for the table, '
            f'{self.height:.2f} m under a camera that looks {down:.0f} degrees down; if it is '
            'none, give extrinsics'
        )


def level_camera(frame: CameraFrame, table_height: float = 0.0) -> Level:
    """Return where a camera stands whose image shows a table at z = `table_height`, m.

    The image's up is taken for roughly up. x points away from the camera; the middle of the image
    is at `CENTRE`. Raises PlannerError where no table is seen.
    """
    points = CloudPipeline(EVERYWHERE).process(frame, np.eye(4)).points
    plane = _table(points)
    if plane is None or plane.normal[2] > -0.1:
        raise PlannerError(
            ErrorCode.IMAGE_UNAVAILABLE,
            'the camera description has no extrinsics, and no table is seen below the camera that '
            'would tell what is level',
        )
    z = plane.normal.astype(np.float64)
    x = np.array([0.0, 0.0, 1.0]) - z[2] * z
    if np.linalg.norm(x) < 0.1:
        x = np.array([0.0, -1.0, 0.0]) - z[1] * -z
    x = x / np.linalg.norm(x)
    R = np.stack([x, np.cross(z, x), z])
    middle = np.array([0.0, 0.0, plane.offset / z[2]])
    centre = np.array([*CENTRE, table_height])
    T_base_camera = geometry.transform(R, centre - R @ middle)
    return Level(T_base_camera, -plane.offset, float(np.arcsin(min(1.0, -z[2]))))


def _table(points: np.ndarray) -> Plane | None:
    """Return the table among points (N, 3), m, optical frame; its normal points up."""
    plane = _below(points)
    if plane is not None and plane.inliers >= LEAST_SHARE:
        return plane
    plane = find_plane(points, up=TO_CAMERA, max_tilt=STRAIGHT_DOWN)
    if plane is not None and plane.inliers >= LEAST_SHARE_BELOW and plane.offset < 0:
        return plane
    return None


def _below(points: np.ndarray) -> Plane | None:
    """Return the largest plane below the camera that the image's up says may be level."""
    left = points
    for _ in range(1 + OVERHEAD_PLANES):
        plane = find_plane(left, up=IMAGE_UP, max_tilt=MOST_DOWN)
        if plane is None:
            return None
        if plane.offset < 0:
            return dataclasses.replace(plane, inliers=plane.inliers * len(left) / len(points))
        left = left[np.abs(plane.distance(left)) > CLEAR]
    return None
