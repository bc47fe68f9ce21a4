"""The camera of one scene, for images of any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.arm_sim.camera import CameraSettings
from gae_arm.core import checks
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.geometry import invert, look_at, rigid, transform_points


@dataclass(frozen=True, eq=False)
class View(checks.Contract):
    """A camera whose image may have any size.

    T_base_camera: float64 (4, 4), of the optical frame. horizontal_fov: rad. shift: float64 (2,),
    of the principal point off the image centre, shares of width and height.
    """

    T_base_camera: np.ndarray
    horizontal_fov: float
    shift: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        set_ = object.__setattr__
        set_(self, 'T_base_camera', rigid('T_base_camera', self.T_base_camera))
        checks.number('horizontal_fov', self.horizontal_fov, 0.1, 3.0)
        set_(self, 'shift', checks.array('shift', self.shift, (2,)))

    def intrinsics(self, width: int = 320, height: int = 240) -> CameraIntrinsics:
        """Return its intrinsics for an image of this size, pixels."""
        f = width / 2 / np.tan(self.horizontal_fov / 2)
        cx = (width - 1) / 2 + self.shift[0] * width
        cy = (height - 1) / 2 + self.shift[1] * height
        return CameraIntrinsics(width, height, np.array([[f, 0, cx], [0, f, cy], [0, 0, 1]]))

    def camera(self, width: int = 320, height: int = 240, shadows: bool = True) -> CameraSettings:
        """Return the simulated camera for images of this size."""
        return CameraSettings(self.intrinsics(width, height), self.T_base_camera, shadows=shadows)

    def shares(self, points: np.ndarray, aspect: float) -> np.ndarray:
        """Return where points (N, 3), base frame, are in the image: (N, 2), 0 to 1 across and down.

        aspect: width by height. NaN for what is behind the camera.
        """
        x, y, z = transform_points(invert(self.T_base_camera), points).T
        z = np.where(z > 0, z, np.nan)
        f = 0.5 / np.tan(self.horizontal_fov / 2)
        return np.stack([f * x / z, f * aspect * y / z], -1) + 0.5 + self.shift


def make_view(pose: dict[str, float], lens: dict[str, float], table_height: float) -> View:
    """Return the view of drawn values of the axes camera_pose and camera_intrinsics."""
    azimuth, elevation = pose['azimuth'], pose['elevation']
    level = pose['distance'] * np.cos(elevation)
    aim = np.array([pose['aim_x'], pose['aim_y'], table_height + 0.03])
    height = pose['distance'] * np.sin(elevation)
    eye = aim + np.array([level * np.cos(azimuth), level * np.sin(azimuth), height])
    shift = np.array([lens['shift_u'], lens['shift_v']])
    return View(look_at(eye, aim), lens['fov'], shift)
