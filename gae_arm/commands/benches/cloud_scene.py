"""The scene of the cloud bench: a Panda over a table with objects, seen by a noisy camera."""

from __future__ import annotations

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.collision_geometry import box, collision_triangles, cylinder
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.paths import arm_file
from gae_arm.core.urdf import load_urdf
from gae_arm.point_cloud.pipeline import CloudPipeline, WorkspaceCloud
from gae_arm.point_cloud.render_depth import render_depth
from gae_arm.point_cloud.robot_mask import RobotMask
from gae_arm.point_cloud.sampling import LocalCloud, LocalSampler
from gae_arm.point_cloud.workspace import WorkspaceSettings

NOISE = 0.001
MISSING = 0.03
EYE = (1.3, 0.5, 0.8)


class BenchScene:
    """One depth image, uint16, of a given size, and everything that turns it into local points.

    Field of view 56 degrees, 1 mm of noise at 1 m growing with the square, 3% of the pixels
    without a reading.
    """

    def __init__(self, width: int, height: int, seed: int = 0) -> None:
        arm = load_arm(arm_file('panda'))
        urdf = load_urdf(arm)
        self.base_frame = arm.base_frame
        opened = zip(arm.gripper.joints, arm.gripper.opened, strict=True)
        self.positions = {**dict(zip(arm.joints, arm.home, strict=True)), **dict(opened)}
        self.T_base_camera = geometry.look_at(EYE, [0.35, 0.0, 0.15])
        focal = 600 * width / 640
        K = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
        self.intrinsics = CameraIntrinsics(width, height, K)
        self.depth = self._photograph(_triangles(urdf, arm.base_frame, self.positions), seed)
        self.frame = CameraFrame(0, 'camera', self.intrinsics, self.depth)
        self.settings = WorkspaceSettings()
        self.robot = RobotMask.of_arm(arm, self.settings.robot_margin)
        self.pipeline = CloudPipeline(self.settings, self.robot)
        self.sampler = LocalSampler(512, radius=0.2, seed=seed)
        self.center = np.array([0.45, 0.0, 0.1])

    def cloud(self) -> WorkspaceCloud:
        """Return the workspace cloud without the robot at its current joint state."""
        links = self.robot.link_transforms(self.positions)
        return self.pipeline.process(self.frame, self.T_base_camera, links)

    def full_path(self) -> LocalCloud:
        """Return 512 local points of a fresh cloud."""
        return self.sampler.sample(self.cloud().points, self.center)

    def moving_camera(self) -> WorkspaceCloud:
        """Return the cloud of a camera that has moved since the last frame, as a wrist's does."""
        self.T_base_camera = self.T_base_camera.copy()
        self.T_base_camera[0, 3] = 2 * EYE[0] + 0.001 - self.T_base_camera[0, 3]
        return self.cloud()

    def _photograph(self, triangles: np.ndarray, seed: int) -> np.ndarray:
        random = np.random.default_rng(seed)
        ideal = render_depth(triangles, geometry.invert(self.T_base_camera), self.intrinsics)
        noisy = ideal + NOISE * ideal**2 * random.standard_normal(ideal.shape)
        noisy[random.random(ideal.shape) < MISSING] = 0
        return np.round(1000 * noisy).astype(np.uint16)


def _triangles(urdf: str, base: str, positions: dict[str, float]) -> np.ndarray:
    """Return the robot, the table and three objects, (T, 3, 3), base frame."""
    tree = KinematicTree(urdf)
    poses = dict(zip(tree.links, tree.link_transforms(positions, base), strict=True))
    parts = [
        geometry.transform_points(poses[link], triangles.reshape(-1, 3)).reshape(-1, 3, 3)
        for link, triangles in collision_triangles(urdf).items()
    ]
    parts.append(box([1.2, 1.6, 0.02]) + np.array([0.5, 0.0, -0.011]))
    parts.append(box([0.05, 0.05, 0.08]) + np.array([0.5, 0.1, 0.04]))
    parts.append(cylinder(0.04, 0.1) + np.array([0.45, -0.15, 0.05]))
    parts.append(box([0.2, 0.15, 0.1]) + np.array([0.6, 0.3, 0.05]))
    return np.concatenate(parts)
