"""A depth image in, the workspace cloud out: all stages in order, on buffers that are reused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.point_cloud import deproject
from gae_arm.point_cloud.planes import Plane, find_plane
from gae_arm.point_cloud.rays import RayTable
from gae_arm.point_cloud.robot_mask import RobotMask
from gae_arm.point_cloud.steady import SteadyDepth
from gae_arm.point_cloud.workspace import WorkspaceSettings

UP = (0.0, 0.0, 1.0)
TABLE_TILT = np.radians(10)
TABLE_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class WorkspaceCloud:
    """What the camera sees of the workspace, without the robot.

    stamp_ns: stamp of the depth image.
    points: float32 (N, 3), metres, base frame, N >= 0, no NaN.
    pixels: int32 (N,), row-major index of each point's pixel.
    total: pixels of the image; valid: those with a reading; robot: those that show the robot.
    table: the plane that was removed; None if none was looked for, or found.
    noise: m, of single readings, before anything was steadied; nan if it was not looked for.

    points and pixels are views of the pipeline's buffers, valid until its next frame: copy what
    is to be kept.
    """

    stamp_ns: int
    points: np.ndarray
    pixels: np.ndarray
    total: int
    valid: int
    robot: int
    table: Plane | None = None
    noise: float = float('nan')


class CloudPipeline:
    """Depth images of one camera to workspace clouds; one instance per thread.

    Tables are rebuilt when, and only when, intrinsics, pose or the depth's type change. Where depth
    errs much, it is averaged over the frames since then: see SteadyDepth.
    """

    def __init__(self, settings: WorkspaceSettings, robot: RobotMask | None = None) -> None:
        self.settings = settings
        self.robot = robot
        self._intrinsics: CameraIntrinsics | None = None
        self._pose: np.ndarray | None = None
        self._dtype: np.dtype | None = None
        self._voxels = settings.voxel_counts()
        self._bits = np.zeros(int(self._voxels.prod()) // 8 + 1, np.uint8)

    def process(
        self,
        frame: CameraFrame,
        T_base_camera: np.ndarray,
        T_base_links: np.ndarray | None = None,
    ) -> WorkspaceCloud:
        """Return the cloud of one frame.

        T_base_camera: (4, 4), of the optical frame. T_base_links: (L, 4, 4) in the order of
        `robot.links`, or None: the robot is not masked. Raises InvalidValueError for a transform
        that is not rigid.
        """
        depth = np.ascontiguousarray(frame.depth).view()
        depth.flags.writeable = False
        self._prepare(frame.intrinsics, T_base_camera, depth.dtype)
        depth = self._steady.apply(depth, self._scale)
        valid = deproject.select_pixels(
            depth, self._near, self._far, self._edge_ratio, self._far_away, self._keep
        )
        robot = 0
        if self.robot is not None and T_base_links is not None:
            robot = self.robot.clear(
                depth, self._keep, self._rays, self._scale, T_base_camera, T_base_links
            )
        n, table = self._reduce(self._gather(depth))
        seen = self._points[:n], self._pixels[:n], depth.size, valid, robot
        return WorkspaceCloud(frame.stamp_ns, *seen, table, self._steady.noise)

    def _gather(self, depth: np.ndarray) -> int:
        rays, out = self._rays, (self._points, self._pixels)
        return deproject.gather_points(
            depth, self._keep, rays.x, rays.y, self._R, self._t, self._scale, *out
        )

    def _reduce(self, n: int) -> tuple[int, Plane | None]:
        """Thin the first n points to voxels and take the table away, as set."""
        settings, points, pixels = self.settings, self._points, self._pixels
        if settings.voxel_size > 0:
            inverse = np.float32(1 / settings.voxel_size)
            n = deproject.thin_to_voxels(
                points, pixels, n, self._low, inverse, self._voxels, self._bits
            )
        table = None
        if settings.remove_table:
            table = find_plane(points[:n], up=UP, max_tilt=TABLE_TILT)
        if table is not None and table.inliers < TABLE_SHARE:
            # A strip across a wall or a box: taking away all below it would take objects along.
            table = None
        if table is not None:
            height = table.offset + settings.table_clearance
            n = deproject.remove_below(points, pixels, n, table.normal, height)
        return n, table

    def _prepare(
        self, intrinsics: CameraIntrinsics, T_base_camera: np.ndarray, dtype: np.dtype
    ) -> None:
        """Bring the tables up to date."""
        if intrinsics is not self._intrinsics:
            if intrinsics != self._intrinsics:
                self._set_camera(intrinsics)
                self._pose = None
            self._intrinsics = intrinsics
        same_pose = self._pose is not None and np.array_equal(T_base_camera, self._pose)
        if dtype != self._dtype or not same_pose:
            self._set_pose(geometry.rigid('T_base_camera', T_base_camera), dtype)

    def _set_camera(self, intrinsics: CameraIntrinsics) -> None:
        self._rays = RayTable.of(intrinsics)
        shape = (intrinsics.height, intrinsics.width)
        self._keep = np.zeros(shape, np.uint8)
        self._window = np.empty((2, *shape), np.float32)
        self._points = np.empty((self._keep.size, 3), np.float32)
        self._pixels = np.empty(self._keep.size, np.int32)
        # The steepest line allowed rises tan(edge_angle) times the width of a pixel's footprint.
        focal = np.sqrt(intrinsics.K[0, 0] * intrinsics.K[1, 1])
        self._edge_ratio = np.float32(max(1 - np.tan(self.settings.edge_angle) / focal, 0.0))

    def _set_pose(self, T_base_camera: np.ndarray, dtype: np.dtype) -> None:
        settings, (near, far) = self.settings, self._window
        self._R = np.ascontiguousarray(T_base_camera[:3, :3], np.float32)
        self._t = np.ascontiguousarray(T_base_camera[:3, 3], np.float32)
        self._low = np.array(settings.crop_min, np.float32)
        high = np.array(settings.crop_max, np.float32)
        limits = np.float32(settings.range_min), np.float32(settings.range_max)
        rays = self._rays
        deproject.depth_windows(
            rays.x, rays.y, self._R, self._t, self._low, high, *limits, near, far
        )
        if dtype == np.uint16:
            self._scale, self._far_away = np.float32(0.001), dtype.type(65535)
            self._near, self._far = deproject.to_millimetres(near, far)
        else:
            self._scale, self._far_away = np.float32(1), np.finfo(dtype).max
            self._near, self._far = near, far
        self._pose, self._dtype = T_base_camera, dtype
        self._steady = SteadyDepth(settings.smooth_from)
