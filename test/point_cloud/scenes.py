"""Cameras and depth images that the tests share."""

import numpy as np

from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.geometry import look_at, quaternion_to_matrix, transform
from gae_arm.point_cloud.workspace import WorkspaceSettings

EVERYWHERE = WorkspaceSettings(
    (-1e3,) * 3, (1e3,) * 3, range_min=1e-3, range_max=65.0, edge_angle=np.pi / 2
)
T_BASE_CAMERA = look_at([1.2, 0.3, 0.8], [0.4, 0.0, 0.0])


def intrinsics(width=64, height=48, **lens):
    focal = 0.95 * width
    K = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    return CameraIntrinsics(width, height, K, **lens)


def frame(depth, stamp_ns=0, **lens):
    return CameraFrame(stamp_ns, 'camera', intrinsics(*depth.shape[::-1], **lens), depth)


def random_depth(seed=0, shape=(48, 64)):
    """Smooth hills between 0.5 and 1.5 m, uint16."""
    random = np.random.default_rng(seed)
    v, u = np.indices(shape) / 10
    a, b, c = random.uniform(0.5, 1.5, 3)
    return np.round(1000 + 200 * np.sin(a * u + c) + 200 * np.sin(b * v)).astype(np.uint16)


def random_pose(seed=0):
    random = np.random.default_rng(seed)
    return transform(quaternion_to_matrix(random.normal(size=4)), random.uniform(-1, 1, 3))
