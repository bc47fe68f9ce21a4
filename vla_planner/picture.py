"""What a model is shown: the whole image or the part with the workspace, in a size it can take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from gae_arm.core import checks
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.crop import Crop, workspace_crop
from gae_arm.core.geometry import rigid
from gae_arm.core.instruction import ErrorCode
from vla_planner.errors import PlannerError

SMALLEST = 32
"""Pixels of the shorter side below which nothing can be told apart."""
FAINTEST = 1.5
"""Standard deviation of the colours, of 255, below which an image shows nothing."""
COARSE = 16
"""Blocks along the shorter side of which it is taken, so that a camera's noise does not count."""
PAD = 128


@dataclass(frozen=True, eq=False)
class Scene(checks.Contract):
    """An image and where it was taken from.

    frame: with colour. T_base_camera: float64 (4, 4), at its stamp; the z axis of the base is up.
    base_frame: name.
    """

    frame: CameraFrame
    T_base_camera: np.ndarray
    base_frame: str

    def __post_init__(self) -> None:
        """Validate; raise PlannerError for an image on which nothing can be planned."""
        object.__setattr__(self, 'T_base_camera', rigid('T_base_camera', self.T_base_camera))
        checks.text('base_frame', self.base_frame, allow_empty=False)
        color, camera = self.frame.color, self.frame.intrinsics
        if color is None:
            raise PlannerError(ErrorCode.IMAGE_UNAVAILABLE, 'the image has no colour')
        if min(camera.width, camera.height) < SMALLEST:
            raise PlannerError(
                ErrorCode.IMAGE_UNAVAILABLE,
                f'the image has {camera.width} x {camera.height} pixels, at least {SMALLEST} each '
                'way are needed',
            )
        small = np.asarray(Image.fromarray(np.ascontiguousarray(color)).reduce(_blocks(camera)))
        if small.std((0, 1)).max() < FAINTEST:
            raise PlannerError(
                ErrorCode.IMAGE_UNAVAILABLE,
                f'the image shows nothing: it is {np.rint(small.mean((0, 1))).astype(int).tolist()}'
                ' of 255 everywhere; is the lens covered, or the light out?',
            )

    @property
    def color(self) -> np.ndarray:
        """Return the colour image, uint8 (H, W, 3)."""
        assert self.frame.color is not None
        return self.frame.color


@dataclass(frozen=True, eq=False)
class Picture(checks.Contract):
    """What a model sees: rgb, uint8 (H, W, 3), and of which part of the image it is."""

    rgb: np.ndarray
    crop: Crop

    @property
    def size(self) -> tuple[int, int]:
        """Return (width, height), pixels."""
        return self.rgb.shape[1], self.rgb.shape[0]

    def to_image(self, place: np.ndarray) -> np.ndarray:
        """Return pixels (..., 2) of the image for places (..., 2), shares of the picture."""
        return self.crop.to_image(place)

    def to_place(self, pixel: np.ndarray) -> np.ndarray:
        """Return shares of the picture (..., 2) for pixels (..., 2) of the image."""
        corner = np.array([self.crop.left, self.crop.top])
        return (np.asarray(pixel) + 0.5 - corner) / [self.crop.width, self.crop.height]


def whole(scene: Scene, longest: int) -> Picture:
    """Return the whole image, made smaller if its longer side has more than `longest` pixels."""
    camera = scene.frame.intrinsics
    scale = min(1.0, longest / max(camera.width, camera.height))
    size = max(1, round(camera.width * scale)), max(1, round(camera.height * scale))
    return _cut(scene.color, Crop(0.0, 0.0, camera.width, camera.height), size)


def workspace(scene: Scene, width: int, height: int) -> Picture:
    """Return the part of the image that shows the workspace, in width x height pixels."""
    crop = workspace_crop(scene.frame.intrinsics, scene.T_base_camera, aspect=width / height)
    return _cut(scene.color, crop, (width, height))


def _blocks(camera: CameraIntrinsics) -> int:
    return max(1, min(camera.width, camera.height) // COARSE)


def _cut(rgb: np.ndarray, crop: Crop, size: tuple[int, int]) -> Picture:
    height, width = rgb.shape[:2]
    over_x = max(0, int(np.ceil(crop.left + crop.width - width)))
    over_y = max(0, int(np.ceil(crop.top + crop.height - height)))
    if over_x or over_y:
        rgb = np.pad(rgb, ((0, over_y), (0, over_x), (0, 0)), constant_values=PAD)
    box = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
    image = Image.fromarray(np.ascontiguousarray(rgb))
    small = image.resize(size, Image.Resampling.BILINEAR, box, reducing_gap=3.0)
    return Picture(np.asarray(small), crop)
