"""Parameters of the simulated arm's node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gae_arm.arm_sim.camera import CameraSettings, ideal_intrinsics
from gae_arm.arm_sim.depth_noise import DepthNoise
from gae_arm.arm_sim.tasks.range_words import ranges_of
from gae_arm.arm_sim.tasks.registry import STAGES
from gae_arm.core import checks
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.geometry import (
    look_at,
    matrix_to_quaternion,
    quaternion_to_matrix,
    transform,
)
from gae_arm.core.settings import Settings, setting

# Opposite the arm, as cameras on tripods stand: the hand hides little of the table.
CAMERA_POSE = look_at((1.15, 0.0, 0.62), (0.42, 0.0, 0.05))
CAMERA_XYZ = tuple(CAMERA_POSE[:3, 3].tolist())
CAMERA_XYZW = tuple(np.round(matrix_to_quaternion(CAMERA_POSE[:3, :3]), 9).tolist())
MAX_COUNT = 2**31 - 1
NO_TASK = 'none'
TRUTH_RATE = 50.0
"""Hz, of simulated time: judges hear what touches what so often."""


@dataclass(frozen=True)
class ArmSimSettings(Settings):
    """Parameters of the node `arm_sim`; names, ranges and descriptions as ROS shows them."""

    arm: str = setting('panda', 'arm: a name in config/arms, or a YAML file')
    seed: int = setting(0, 'the same seed makes the same scene', low=0, high=MAX_COUNT)
    task: str = setting(
        NO_TASK,
        'a task (docs/tasks.md): the seed draws its scene, light and camera, of which the '
        'parameters tell only size, frame and noise; none: a plain scene',
        choices=(NO_TASK, *STAGES),
    )
    ranges: str = setting(
        'training',
        'what the scenes of a task are drawn from, as `gae eval` says it: training or held_out, '
        'then AXIS=RANGE or AXIS.QUANTITY=VALUE for axes that differ, with spaces',
    )
    timestep: float = setting(0.002, 'time step of the physics, s', low=0.0001, high=0.002)
    real_time_factor: float = setting(
        1.0,
        'simulated seconds a second; other than 1 needs publish_clock',
        low=0.01,
        high=20.0,
        live=True,
    )
    publish_clock: bool = setting(False, 'publish /clock and stamp with simulation time')
    publish_tf: bool = setting(True, 'publish /tf; false where a robot_state_publisher runs')
    joint_state_rate: float = setting(100.0, 'joint_states a second', low=10.0, high=500.0)
    tf_rate: float = setting(30.0, 'messages on /tf a second', low=1.0, high=500.0)
    max_trajectory_points: int = setting(
        10_000, 'longer trajectories are refused', low=1, high=1_000_000
    )
    interpolate_from_desired_state: bool = setting(
        False,
        'as the joint_trajectory_controller: a new trajectory starts from the desired state, not '
        'from the measured one; for who streams pieces of a longer motion',
    )
    allow_nonzero_velocity_at_trajectory_end: bool = setting(
        False, 'as the joint_trajectory_controller: a trajectory may end in motion'
    )
    camera_rate: float = setting(15.0, 'images a second; 0 = no camera', low=0.0, high=60.0)
    camera_width: int = setting(320, 'pixels', low=1, high=4096)
    camera_height: int = setting(240, 'pixels', low=1, high=4096)
    camera_intrinsics: tuple[float, ...] = setting(
        (0.0, 0.0, 0.0, 0.0),
        'fx, fy, cx, cy in pixels; zeros = those of a RealSense D435 at this size',
        length=4,
        low=0.0,
        high=1e5,
    )
    camera_xyz: tuple[float, ...] = setting(
        CAMERA_XYZ, 'position of the camera in the base frame of the arm, m', length=3
    )
    camera_xyzw: tuple[float, ...] = setting(
        CAMERA_XYZW, 'orientation (x, y, z, w) of its optical frame in the base frame', length=4
    )
    camera_frame: str = setting('camera_color_optical_frame', 'name of the optical frame')
    camera_shadows: bool = setting(True, 'render shadows')
    depth_noise: bool = setting(True, "depth errors like a RealSense's")
    depth_noise_seed: int = setting(0, 'seed of the depth errors', low=0, high=MAX_COUNT)

    def __post_init__(self) -> None:
        """Check every field, the words of `ranges` too."""
        super().__post_init__()
        ranges_of(self.ranges)

    @property
    def has_task(self) -> bool:
        """Return whether a task is laid out, not a plain scene."""
        return self.task != NO_TASK

    def controller(self) -> dict[str, Any]:
        """Return the keywords of `TrajectoryExecutor` that these parameters set."""
        return {
            'max_points': self.max_trajectory_points,
            'interpolate_from_desired_state': self.interpolate_from_desired_state,
            'allow_nonzero_velocity_at_trajectory_end': (
                self.allow_nonzero_velocity_at_trajectory_end
            ),
        }

    def camera(self) -> CameraSettings:
        """Return the camera that these parameters describe."""
        intrinsics = ideal_intrinsics(self.camera_width, self.camera_height)
        fx, fy, cx, cy = self.camera_intrinsics
        if any(self.camera_intrinsics):
            K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
            intrinsics = CameraIntrinsics(self.camera_width, self.camera_height, K)
        orientation = checks.quaternion('camera_xyzw', self.camera_xyzw, (4,))
        T_base_camera = transform(quaternion_to_matrix(orientation), self.camera_xyz)
        return CameraSettings(
            intrinsics, T_base_camera, self.camera_frame, shadows=self.camera_shadows
        )

    def noise(self) -> DepthNoise:
        """Return the depth errors that these parameters describe."""
        return DepthNoise(enabled=self.depth_noise, seed=self.depth_noise_seed)
