"""What the stack makes of a real image before it thinks: cloud, table, and rules that fit them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks
from gae_arm.core.arm import ArmConfig
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.plan_check import PlanCheckSettings
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.planes import find_plane
from gae_arm.point_cloud.robot_mask import RobotMask
from gae_arm.point_cloud.workspace import WorkspaceSettings
from gae_arm.shadow.scenes import RgbdScene

TABLE_BOX = WorkspaceSettings((0.2, -0.5, -0.4), (0.8, 0.5, 0.6))
"""Where an arm's table is looked for, base frame."""
TABLE_TILT, TABLE_SHARE, TABLE_THRESHOLD = np.radians(15), 0.15, 0.01
VOXEL = 0.005
MASK_CELL = 0.01
ABOVE_TABLE = 0.05


@dataclass(frozen=True, eq=False)
class Surroundings(checks.Contract):
    """What is around the arm.

    frame: the image, without depth where the arm is that was filmed. points: float32 (N, 3), m,
    base frame: its cloud. colors: uint8 (N, 3). table: z of its surface, m, base frame: the median,
    for one that is seen tilted. tilt: rad, of what is seen of it; None: the image shows no table,
    which is taken to be at 0 then. cleared: pixels that were taken for the filmed arm.
    """

    frame: CameraFrame
    points: np.ndarray
    colors: np.ndarray
    table: float
    tilt: float | None
    cleared: int

    def rules(self) -> PlanCheckSettings:
        """Return what a plan may ask for on this table."""
        lower = (*PlanCheckSettings.workspace_lower[:2], min(0.0, self.table))
        return PlanCheckSettings(workspace_lower=lower, table_height=self.table)


def look(scene: RgbdScene, arm: ArmConfig, q: np.ndarray, clear: float) -> Surroundings:
    """Return the surroundings of an arm whose joints are at q (N,), rad.

    clear: m around the arm in which the depth is not believed: the arm that was filmed is there,
    and its joints are not known. Raises InvalidValueError for a scene without extrinsics.
    """
    T, color = scene.T_base_camera, scene.frame.color
    if T is None or color is None:
        raise InvalidValueError(f'scene {scene.name!r} does not say where its camera stands')
    table, tilt = _table(CloudPipeline(TABLE_BOX).process(scene.frame, T).points)
    frame, cleared = _without_arm(scene.frame, T, arm, q, clear, table)
    cloud = CloudPipeline(_box(table, VOXEL)).process(frame, T)
    colors = color.reshape(-1, 3)[cloud.pixels]
    return Surroundings(frame, cloud.points.copy(), colors, table, tilt, cleared)


def crop_min(table: float) -> tuple[float, float, float]:
    """Return the lower corner of the cloud's box, m, base frame, for a table of this height."""
    x, y, z = WorkspaceSettings.crop_min
    return x, y, min(z, table - 0.1)


def _box(table: float, voxel: float = 0.0) -> WorkspaceSettings:
    return WorkspaceSettings(crop_min=crop_min(table), voxel_size=voxel)


def _without_arm(
    frame: CameraFrame, T: np.ndarray, arm: ArmConfig, q: np.ndarray, clear: float, table: float
) -> tuple[CameraFrame, int]:
    """Return the frame without depth where the arm is, and the number of those pixels.

    The table stays, however near the hand is. Flying pixels go, too: without the arm's pixels
    beside them nobody could tell that they are.
    """
    everything = CloudPipeline(dataclasses.replace(_box(table), edge_angle=np.pi / 2))
    flying = set(everything.process(frame, T).pixels.tolist())
    cloud = CloudPipeline(_box(table)).process(frame, T)
    flying -= set(cloud.pixels.tolist())
    mask = RobotMask.of_arm(arm, clear, MASK_CELL)
    state = dict(zip(arm.joints, q.tolist(), strict=True))
    seen = mask.contains(cloud.points, mask.link_transforms(state))
    seen &= cloud.points[:, 2] > table + ABOVE_TABLE
    depth = frame.depth.copy()
    depth.reshape(-1)[cloud.pixels[seen]] = 0
    depth.reshape(-1)[np.array(sorted(flying), np.intp)] = 0
    return dataclasses.replace(frame, depth=depth), int(seen.sum())


def _table(points: np.ndarray) -> tuple[float, float | None]:
    """Return height, m, and tilt, rad, of the table among points (N, 3); 0 and None without one."""
    plane = find_plane(points, threshold=TABLE_THRESHOLD, up=(0, 0, 1), max_tilt=TABLE_TILT)
    if plane is None or plane.inliers < TABLE_SHARE:
        return 0.0, None
    on_it = np.abs(plane.distance(points)) < TABLE_THRESHOLD
    return float(np.median(points[on_it, 2])), float(np.arccos(min(1.0, plane.normal[2])))
