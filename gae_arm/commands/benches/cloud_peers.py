"""The same results, the way a user would get them otherwise: Open3D, numpy, other codecs."""

from __future__ import annotations

import array
import importlib
from typing import Any

import numpy as np

from gae_arm.commands.benches.cloud_scene import BenchScene
from gae_arm.commands.benches.measure import Run

LOCAL_VOXEL = 0.004
VOXEL = 0.005


# What is measured where it is installed; no package index has sensor_msgs_py, ROS 2 does.
OPTIONAL = {
    'open3d': 'pip install open3d; apt install libusb-1.0-0 libgomp1',
    'fpsample': 'pip install fpsample',
    'sensor_msgs_py': 'apt install ros-jazzy-sensor-msgs-py',
}


def optional(module: str) -> Any | None:
    """Return the module, or None where it, or a library that it needs, is not installed."""
    try:
        return importlib.import_module(module)
    except (ImportError, OSError):
        return None


def left_out() -> list[str]:
    """Return a line about each peer that is not measured."""
    return [
        f'{name} is not installed, its rows are left out ({command})'
        for name, command in OPTIONAL.items()
        if optional(name) is None
    ]


class Open3DRoute:
    """Depth to cloud to samples with Open3D. It has no robot mask, so it has less to do."""

    def __init__(self, scene: BenchScene, o3d: Any) -> None:
        self._o3d, K = o3d, scene.intrinsics.K
        size = scene.intrinsics.width, scene.intrinsics.height
        focal, center = (K[0, 0], K[1, 1]), (K[0, 2], K[1, 2])
        self._scene = scene
        self._camera = o3d.camera.PinholeCameraIntrinsic(*size, *focal, *center)
        box = o3d.geometry.AxisAlignedBoundingBox
        self._workspace = box(scene.settings.crop_min, scene.settings.crop_max)
        r = scene.sampler.radius
        self._local = box(scene.center - r, scene.center + r)

    def cloud(self) -> Any:
        """Return the cropped cloud in the base frame."""
        image = self._o3d.geometry.Image(self._scene.depth)
        far = self._scene.settings.range_max
        make = self._o3d.geometry.PointCloud.create_from_depth_image
        cloud = make(image, self._camera, depth_scale=1000.0, depth_trunc=far)
        return cloud.transform(self._scene.T_base_camera).crop(self._workspace)

    def voxels_then_samples(self) -> np.ndarray:
        """Thin the whole cloud, then sample it."""
        thin = self.cloud().voxel_down_sample(VOXEL)
        return np.asarray(thin.farthest_point_down_sample(self._scene.sampler.count).points)

    def local_samples(self) -> np.ndarray:
        """Crop to the cube around the sphere first, thin as finely as ours, then sample."""
        local = self.cloud().crop(self._local).voxel_down_sample(LOCAL_VOXEL)
        return np.asarray(local.farthest_point_down_sample(self._scene.sampler.count).points)


class NumpyRoute:
    """Depth to cloud to samples with plain numpy, rays computed once. No robot mask either."""

    def __init__(self, scene: BenchScene) -> None:
        self._scene, K = scene, scene.intrinsics.K
        v, u = np.indices(scene.depth.shape)
        self._x, self._y = (u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1]

    def cloud(self) -> np.ndarray:
        """Return the cropped cloud in the base frame."""
        settings, T = self._scene.settings, self._scene.T_base_camera
        z = self._scene.depth * 0.001
        points = np.stack([self._x * z, self._y * z, z], -1)
        points = points[(z > settings.range_min) & (z < settings.range_max)]
        points = points @ T[:3, :3].T + T[:3, 3]
        inside = (points > settings.crop_min) & (points < settings.crop_max)
        return points[inside.all(1)]

    def samples(self) -> np.ndarray:
        """Return 512 local points by farthest-point sampling."""
        points = self.cloud()
        sampler = self._scene.sampler
        near = ((points - self._scene.center) ** 2).sum(1) < sampler.radius**2
        return farthest_points(points[near], sampler.count)


def farthest_points(points: np.ndarray, count: int) -> np.ndarray:
    """Return `count` farthest points of points (N, 3), every step over all of them."""
    chosen = np.zeros(count, np.int64)
    distance = np.full(len(points), np.inf)
    for k in range(1, count):
        step = ((points - points[chosen[k - 1]]) ** 2).sum(1)
        np.minimum(distance, step, out=distance)
        chosen[k] = distance.argmax()
    return points[chosen]


def full_paths(scene: BenchScene) -> dict[str, Run]:
    """Return the ways from the depth image to 512 points."""
    out: dict[str, Run] = {}
    o3d = optional('open3d')
    if o3d is not None:
        route = Open3DRoute(scene, o3d)
        out['Open3D: crop, voxel, FPS'] = route.voxels_then_samples
        out['Open3D: crop, local crop, voxel, FPS'] = route.local_samples
    out['numpy: crop, local crop, FPS'] = NumpyRoute(scene).samples
    return out


def clouds(scene: BenchScene) -> dict[str, Run]:
    """Return the ways from the depth image to the cropped cloud."""
    o3d = optional('open3d')
    out: dict[str, Run] = {} if o3d is None else {'Open3D': Open3DRoute(scene, o3d).cloud}
    out['numpy'] = NumpyRoute(scene).cloud
    return out


def samplers(points: np.ndarray, count: int) -> dict[str, Run]:
    """Return the ways from all local points (N, 3) to `count` of them, spread evenly."""
    out: dict[str, Run] = {}
    o3d, fpsample = optional('open3d'), optional('fpsample')
    if o3d is not None:
        vector = o3d.utility.Vector3dVector(points.astype(np.float64))
        cloud = o3d.geometry.PointCloud(vector)
        out['Open3D FPS'] = lambda: cloud.farthest_point_down_sample(count)
    if fpsample is not None:
        out['fpsample (bucket kd-line)'] = lambda: fpsample.bucket_fps_kdline_sampling(
            points, count, h=7, start_idx=0
        )
    out['numpy FPS'] = lambda: farthest_points(points, count)
    return out


XYZ = np.dtype([('x', '<f4'), ('y', '<f4'), ('z', '<f4')])


def encoders(points: np.ndarray) -> dict[str, Run]:
    """Return other ways from points (N, 3) to the `data` of a message."""

    def structured() -> array.array:
        rows = np.empty(len(points), XYZ)
        for i, axis in enumerate('xyz'):
            rows[axis] = points[:, i]
        data = array.array('B')
        data.frombytes(rows.tobytes())
        return data

    out: dict[str, Run] = {'structured array': structured}
    if optional('sensor_msgs_py') is not None:
        out['sensor_msgs_py'] = lambda: _their_cloud(points).data
    return out


def decoders(points: np.ndarray) -> dict[str, Run]:
    """Return other ways from the `data` of a message with points (N, 3) to these."""
    data = array.array('B')
    data.frombytes(np.ascontiguousarray(points, '<f4').tobytes())

    def structured() -> np.ndarray:
        rows = np.frombuffer(data, XYZ)
        return np.stack([rows[axis] for axis in 'xyz'], -1)

    out: dict[str, Run] = {'structured array': structured}
    theirs = optional('sensor_msgs_py.point_cloud2')
    if theirs is not None:
        message = _their_cloud(points)
        out['sensor_msgs_py'] = lambda: theirs.read_points_numpy(message)
    return out


def _their_cloud(points: np.ndarray) -> Any:
    from sensor_msgs_py.point_cloud2 import create_cloud_xyz32
    from std_msgs.msg import Header

    return create_cloud_xyz32(Header(), points)
