"""What a depth camera shows of a small place with a hand in it: ray-cast, with the camera's errors.

The hand is a palm, two fingers and a forearm; what they hide is not seen, and what is as near to
them as the robot mask's margin is taken away with them, as in the live cloud.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from gae_arm.arm_sim.depth_noise import DepthNoise
from gae_arm.arm_sim.ray_caster import cast_depth
from gae_arm.arm_sim.ray_kernel import BOX, PART_COLUMNS
from gae_arm.arm_sim.ray_scene import background
from gae_arm.core import geometry
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.projection import project
from gae_arm.demonstrations.story import World
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.workspace import WorkspaceSettings

SIZE = (320, 240)
REACH = 0.16
"""m around each centre that the window of the image shows."""
MARGIN = 0.02
"""m: what is so near to the hand counts as robot; the default of `WorkspaceSettings`."""
STROKE = 0.04
"""m: from the middle to an opened finger."""
PALM, FINGER = (0.032, 0.10, 0.04), (0.011, 0.011, 0.03)
FOREARM = (0.055, 0.055, 0.15)
"""m: half extents along the axes of the end effector, a Panda's about."""


@dataclasses.dataclass(frozen=True)
class Flaws:
    """Errors of one glimpse, beside the stereo camera's own.

    pixel: m, standard deviation of every pixel's depth. scale: of all depths, as a monocular
    estimate errs. smear: share of the pixels that show the depth of a neighbour, as completed depth
    does at edges. voxel: m, the cloud is thinned to it; 0: not.
    """

    pixel: float = 0.0
    scale: float = 1.0
    smear: float = 0.0
    voxel: float = 0.0

    @staticmethod
    def draw(rng: np.random.Generator) -> Flaws:
        """Return the flaws of a random source: mostly a good camera's."""
        kind = rng.random()
        voxel = 0.004 if rng.random() < 0.5 else 0.0
        if kind < 0.70:
            return Flaws(voxel=voxel)
        if kind < 0.85:
            return Flaws(pixel=float(10 ** rng.uniform(-2.7, -1.0)), voxel=voxel)
        if kind < 0.93:
            return Flaws(smear=rng.uniform(0.0, 0.5), voxel=voxel)
        return Flaws(scale=rng.uniform(0.97, 1.03), voxel=voxel)


class Camera:
    """Takes glimpses; one instance per process: its buffers are reused."""

    def __init__(self) -> None:
        self._noise = DepthNoise()
        self._pipelines = {
            voxel: CloudPipeline(WorkspaceSettings(voxel_size=voxel, smooth_from=0.0))
            for voxel in (0.0, 0.004)
        }

    def cloud(
        self,
        world: World,
        T_base_ee: np.ndarray,
        opening: float,
        centres: np.ndarray,
        flaws: Flaws,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return the points (N, 3), float32, base frame, seen around centres (M, 3)."""
        view, around = world.instance.view, background(world.instance.scene.surroundings)
        intrinsics, T = (
            _window(view.intrinsics(*SIZE), view.T_base_camera, centres),
            view.T_base_camera,
        )
        if intrinsics is None:
            return np.zeros((0, 3), np.float32)
        rows, counts = world.rows()
        hand = hand_rows(T_base_ee, opening)
        depth, label = cast_depth(
            np.concatenate([rows, hand]),
            np.append(counts, len(hand)),
            around.table,
            around.floor_height,
            intrinsics,
            T,
        )
        robot = label == len(counts)
        depth = self._noise.apply(depth, float(intrinsics.K[0, 0]), rng)
        depth = _flawed(depth, flaws, rng)
        depth[robot] = 0.0
        frame = CameraFrame(0, 'camera', intrinsics, depth)
        points = self._pipelines[flaws.voxel].process(frame, T).points
        return points[_distance(points, hand) > MARGIN]


def hand_rows(T_base_ee: np.ndarray, opening: float) -> np.ndarray:
    """Return the hand as boxes (4, PART_COLUMNS), base frame. opening: 0.0 to 1.0."""
    y = STROKE * opening + FINGER[1]
    boxes = (
        ((0.0, 0.0, -0.085), PALM),
        ((0.0, y, -0.02), FINGER),
        ((0.0, -y, -0.02), FINGER),
        ((0.0, 0.0, -0.27), FOREARM),
    )
    rows = np.zeros((len(boxes), PART_COLUMNS))
    for row, (centre, half) in zip(rows, boxes, strict=True):
        row[0], row[1:4] = BOX, T_base_ee[:3, :3] @ centre + T_base_ee[:3, 3]
        row[4:13], row[13:16] = T_base_ee[:3, :3].reshape(-1), half
        row[20] = np.linalg.norm(half)
    return rows


def _distance(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the distances (N,), m, of points (N, 3) to the nearest of some boxes; inf if far."""
    least = np.full(len(points), np.inf)
    for row in boxes:
        away = points - row[1:4].astype(np.float32)
        near = np.flatnonzero((away * away).sum(axis=1) < (row[20] + 2 * MARGIN) ** 2)
        outside = np.maximum(np.abs(away[near] @ row[4:13].reshape(3, 3)) - row[13:16], 0.0)
        least[near] = np.minimum(least[near], np.sqrt((outside**2).sum(axis=1)))
    return least


def _flawed(depth: np.ndarray, flaws: Flaws, rng: np.random.Generator) -> np.ndarray:
    """Return depth (H, W), m, 0 invalid, with the flaws."""
    seen = depth > 0
    if flaws.smear:
        moved = np.roll(depth, rng.integers(-3, 4, 2), axis=(0, 1))
        depth = np.where(rng.random(depth.shape) < flaws.smear, moved, depth)
    if flaws.pixel:
        depth = depth + flaws.pixel * rng.standard_normal(depth.shape, np.float32)
    depth = np.maximum(depth * np.float32(flaws.scale), 1e-3)
    return np.where(seen, depth, 0.0).astype(np.float32)


def _window(
    camera: CameraIntrinsics, T_base_camera: np.ndarray, centres: np.ndarray
) -> CameraIntrinsics | None:
    """Return the part of a camera's image that shows what is around centres; None if none does."""
    T = geometry.invert(T_base_camera)
    cubes = centres[:, None] + REACH * np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    seen = geometry.transform_points(T, cubes.reshape(-1, 3))
    seen[:, 2] = np.maximum(seen[:, 2], 0.05)
    pixels = project(camera, seen)
    low = np.clip(np.floor(pixels.min(axis=0)), 0, [camera.width, camera.height])
    high = np.clip(np.ceil(pixels.max(axis=0)), 0, [camera.width, camera.height])
    size = (high - low).astype(int)
    if size.min() < 8:
        return None
    K = camera.K.copy()
    K[:2, 2] -= low
    return CameraIntrinsics(int(size[0]), int(size[1]), K)
