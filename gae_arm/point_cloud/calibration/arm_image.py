"""What an ideal depth camera would see of the arm, drawn from its URDF at given link poses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks
from gae_arm.core.arm import ArmConfig
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.collision_geometry import collision_triangles, visual_triangles
from gae_arm.core.errors import ConfigError
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.motion import RobotState
from gae_arm.core.urdf import load_urdf
from gae_arm.point_cloud.render_depth import draw

READERS = {'visual': visual_triangles, 'collision': collision_triangles}

MAX_WIDTH = 320
RIM_DEPTH = 0.02
GRAZING = 0.2


@dataclass(frozen=True, eq=False)
class ArmImage:
    """The surface points that are seen, one per pixel of the drawing, optical frame.

    points: float64 (N, 3), metres. normals: float64 (N, 3), unit, towards the camera.
    """

    points: np.ndarray
    normals: np.ndarray


class ArmSurface:
    """The surface of an arm as triangles that move with its links.

    geometry: 'visual', the shape of a real arm; or 'collision', what the simulated arm looks like.
    links: those that have such geometry, in the order of all per-link arrays.
    """

    def __init__(self, arm: ArmConfig, geometry: str = 'visual') -> None:
        checks.known('geometry', geometry, READERS)
        urdf = load_urdf(arm)
        triangles = READERS[geometry](urdf)
        if not triangles:
            raise ConfigError(f'the URDF of {arm.name!r} has no {geometry} geometry')
        self.links = tuple(triangles)
        counts = [len(t) for t in triangles.values()]
        self._triangles = np.concatenate([*triangles.values()]).astype(np.float32)
        self._link = np.repeat(np.arange(len(counts)), counts)
        self._arm, self._tree = arm, KinematicTree(urdf)
        self._rows = [self._tree.links.index(link) for link in self.links]

    def link_transforms(self, state: RobotState) -> np.ndarray:
        """Return T_base_links (L, 4, 4); fingers that the state lacks count as opened.

        Raises InvalidValueError with the names of missing joints.
        """
        gripper = self._arm.gripper
        positions = dict(zip(gripper.joints, gripper.opened.tolist(), strict=True))
        positions.update(zip(state.joint_names, state.position.tolist(), strict=True))
        return self._tree.link_transforms(positions, self._arm.base_frame)[self._rows]

    def draw(self, T_camera_links: np.ndarray, intrinsics: CameraIntrinsics) -> ArmImage:
        """Return what a camera sees that stands still in its own frame.

        T_camera_links: (L, 4, 4), in the order of `links`. The drawing has the camera's focal
        length and centre, no distortion, at 1 / n of its size so that it is at most MAX_WIDTH
        wide. Left out are rims, where a depth camera errs most, and what is seen at a flat angle.
        """
        step = -(-intrinsics.width // MAX_WIDTH)
        K = intrinsics.K[:2].copy()
        K[:, 2] -= (step - 1) / 2
        K /= step
        shape = (intrinsics.height // step, intrinsics.width // step)
        inverse, owner = np.zeros(shape, np.float32), np.zeros(shape, np.int32)
        A = np.ascontiguousarray(T_camera_links[:, :3], np.float32)
        draw(self._triangles, self._link, A, K, inverse, owner)
        rows, columns = np.nonzero(_inner(inverse))
        pixels = np.stack([columns, rows], -1) - K[:, 2]
        rays = np.pad(pixels @ np.linalg.inv(K[:, :2]).T, ((0, 0), (0, 1)), constant_values=1.0)
        points = rays / inverse[rows, columns, None].astype(np.float64)
        normals = self._normals(owner[rows, columns], A, points)
        facing = np.einsum('ni,ni->n', normals, points) / np.linalg.norm(points, axis=-1)
        kept = facing < -GRAZING
        return ArmImage(points[kept], normals[kept])

    def warm_up(self) -> None:
        """Compile what `draw` needs, or load it from the cache: seconds the first time."""
        tiny = CameraIntrinsics(8, 6, np.array([[8, 0, 4], [0, 8, 3], [0, 0, 1]]))
        self.draw(np.tile(np.eye(4), (len(self.links), 1, 1)), tiny)

    def _normals(self, rows: np.ndarray, A: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Return the unit normals (N, 3), towards the camera, of the triangles of these rows."""
        a, b, c = np.moveaxis(self._triangles[rows].astype(np.float64), 1, 0)
        normals = (A[self._link[rows], :, :3] @ np.cross(b - a, c - a)[..., None])[..., 0]
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
        return np.where(np.einsum('ni,ni->n', normals, points)[:, None] > 0, -normals, normals)


def _inner(inverse: np.ndarray) -> np.ndarray:
    """Return which pixels, bool (H, W), show the arm and have four neighbours at their depth."""
    out = np.zeros(inverse.shape, bool)
    middle = inverse[1:-1, 1:-1]
    out[1:-1, 1:-1] = middle > 0
    for beside in (inverse[:-2, 1:-1], inverse[2:, 1:-1], inverse[1:-1, :-2], inverse[1:-1, 2:]):
        # |1 / a - 1 / b| < RIM_DEPTH, without dividing by an empty pixel's zero.
        out[1:-1, 1:-1] &= np.abs(beside - middle) < RIM_DEPTH * beside * middle
    return out
