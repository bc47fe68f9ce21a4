"""What of the camera's view is wanted: one set of settings for node, evaluation and benchmark."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.settings import Settings, setting

MAX_VOXELS = 1 << 32


@dataclass(frozen=True)
class WorkspaceSettings(Settings):
    """Crop, range, edges, voxels, margins; metres and radians.

    A pixel is a flying one when the line from it to a nearer neighbour is inclined against the
    image plane by more than `edge_angle`; pi/2 keeps all. Of each voxel the first point seen is
    kept; `voxel_size` 0 keeps all.
    """

    crop_min: tuple[float, ...] = setting(
        (-0.5, -0.9, -0.1), 'lower corner of the workspace in the base frame, m', length=3
    )
    crop_max: tuple[float, ...] = setting(
        (1.1, 0.9, 1.2), 'upper corner of the workspace in the base frame, m', length=3
    )
    range_min: float = setting(0.1, 'smallest depth used, m', low=1e-3, high=65.0)
    range_max: float = setting(3.0, 'largest depth used, m', low=1e-3, high=65.0)
    edge_angle: float = setting(
        1.48, 'steepest line to a nearer neighbour, rad; pi/2 keeps all', low=0.0, high=math.pi / 2
    )
    smooth_from: float = setting(
        0.004,
        'noise of single readings from which depth is averaged over pixels and frames, m; 0: never',
        low=0.0,
        high=1.0,
    )
    voxel_size: float = setting(0.0, 'one point per cube of this edge, m; 0: all', low=0, high=1.0)
    robot_margin: float = setting(
        0.02, 'distance from the robot that counts as robot, m', low=0.0, high=0.5
    )
    remove_table: bool = setting(False, 'remove the largest level plane and what is below it')
    table_clearance: float = setting(
        0.01, 'height above the table that is removed with it, m', low=0.0, high=0.5
    )

    def __post_init__(self) -> None:
        """Check every field and how they fit together."""
        super().__post_init__()
        if not all(a < b for a, b in zip(self.crop_min, self.crop_max, strict=True)):
            raise InvalidValueError(
                f'crop_min {list(self.crop_min)} is not below crop_max {list(self.crop_max)}'
            )
        if not self.range_min < self.range_max:
            raise InvalidValueError(
                f'range_min {self.range_min} is not below range_max {self.range_max}'
            )
        voxels = np.prod(self.voxel_counts(), dtype=np.float64)
        if voxels > MAX_VOXELS:
            raise InvalidValueError(
                f'voxel_size {self.voxel_size} makes {voxels:.3g} voxels of the workspace, at most '
                f'{MAX_VOXELS}: use larger voxels or a smaller box'
            )

    def voxel_counts(self) -> np.ndarray:
        """Return int64 (3,): voxels along x, y and z of the workspace; zeros for voxel_size 0."""
        if self.voxel_size == 0:
            return np.zeros(3, np.int64)
        size = np.subtract(self.crop_max, self.crop_min)
        return np.ceil(size / self.voxel_size).astype(np.int64)
