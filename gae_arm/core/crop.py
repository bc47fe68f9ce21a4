"""A part of an image: the rectangle that shows the workspace, and the camera that it makes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.projection import project

WORKSPACE = np.array([[0.29, 0.67], [-0.38, 0.38], [-0.04, 0.10]])
"""Ranges of x, y, z, metres, base frame: what is on the table within reach of an arm."""
REACH, ARC = 0.70, 25
"""Metres, level, from the base: nothing that is farther away is handled; corners of its outline."""


@dataclass(frozen=True)
class Crop:
    """A rectangle of an image, pixels: `left` and `top` are edges (the image's corner is 0, 0)."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        """Validate: it has an area."""
        if not (self.width > 0 and self.height > 0):
            raise InvalidValueError(f'a crop of {self.width} x {self.height} pixels is none')

    def intrinsics(self, camera: CameraIntrinsics, width: int, height: int) -> CameraIntrinsics:
        """Return the intrinsics of the crop scaled to width x height pixels."""
        scale = np.array([width / self.width, height / self.height])
        # Edges scale, and the centre of the first pixel lies half a pixel inside.
        shift = (0.5 - np.array([self.left, self.top])) * scale - 0.5
        K = camera.K.copy()
        K[:2] *= scale[:, None]
        K[:2, 2] += shift
        return CameraIntrinsics(width, height, K, camera.distortion_model, camera.distortion)

    def to_image(self, shares: np.ndarray) -> np.ndarray:
        """Return pixels (..., 2) of the whole image of places (..., 2), shares of the crop."""
        corner = np.array([self.left, self.top])
        return corner + np.asarray(shares) * [self.width, self.height] - 0.5


def workspace_crop(
    camera: CameraIntrinsics,
    T_base_camera: np.ndarray,
    workspace: np.ndarray = WORKSPACE,
    aspect: float = 4 / 3,
    reach: float = REACH,
) -> Crop:
    """Return the least rectangle of the image with `aspect` (width by height) that shows a box.

    workspace: (3, 2), ranges of x, y, z, metres, base frame; of it, what is within `reach` of the
    base: the corners that no hand gets to are nearest to a camera opposite the arm, and take up a
    fifth of the image's width. A part of it outside the image counts as far as the image goes; the
    whole image if none of it is in front of the camera and inside. The rectangle may reach over the
    edge of the image if it would be too narrow otherwise.
    """
    corners = _corners(checks.array('workspace', workspace, (3, 2)), reach)
    T = np.asarray(T_base_camera)
    pixels = project(camera, (corners - T[:3, 3]) @ T[:3, :3]) + 0.5
    size = np.array([camera.width, camera.height], dtype=np.float64)
    low, high = np.zeros(2), size
    if np.isfinite(pixels).all():
        inside_low, inside_high = np.clip([pixels.min(0), pixels.max(0)], 0, size)
        if (inside_high - inside_low).min() >= 8:
            low, high = inside_low, inside_high
    middle, extent = (low + high) / 2, high - low
    width = max(extent[0], extent[1] * aspect)
    extent = np.array([width, width / aspect])
    corner = np.clip(middle - extent / 2, 0, np.maximum(size - extent, 0))
    return Crop(float(corner[0]), float(corner[1]), float(extent[0]), float(extent[1]))


def _corners(box: np.ndarray, reach: float) -> np.ndarray:
    """Return corners (N, 3) of the part of a box (3, 2) that is levelly within `reach` of (0, 0).

    They are those of the box where nothing of it is.
    """
    (x0, x1), (y0, y1), heights = box
    angles = np.linspace(-np.pi / 2, np.pi / 2, ARC)
    arc = reach * np.column_stack([np.cos(angles), np.sin(angles)])
    edges = [
        *itertools.product((x0, x1), (y0, y1)),
        *((x, sign * np.sqrt(max(reach**2 - x**2, 0.0))) for x in (x0, x1) for sign in (-1, 1)),
        *((np.sqrt(max(reach**2 - y**2, 0.0)), y) for y in (y0, y1)),
    ]
    level = np.concatenate([arc, np.array(edges)])
    inside = (level >= box[:2, 0] - 1e-9) & (level <= box[:2, 1] + 1e-9)
    level = level[inside.all(1) & (np.hypot(*level.T) <= reach + 1e-9)]
    if not len(level):
        return np.array(list(itertools.product(*box)))
    return np.array([[*place, z] for place in level for z in heights])
