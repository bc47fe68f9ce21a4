"""What a depth camera delivers: intrinsics and one aligned RGB-D image."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

DISTORTION_LENGTHS = {
    '': (0,),
    'plumb_bob': (0, 4, 5),
    'rational_polynomial': (8, 12, 14),
    'equidistant': (4,),
}


@dataclass(frozen=True, eq=False)
class CameraIntrinsics(checks.Contract):
    """Pinhole intrinsics with the distortion models of sensor_msgs/CameraInfo.

    width, height: pixels, >= 1.
    K: float64 (3, 3), pixels, [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] with fx, fy > 0; the centre of
        the top-left pixel is (0, 0), as in OpenCV and ROS.
    distortion_model: '' (none), 'plumb_bob', 'rational_polynomial' or 'equidistant'.
    distortion: float64 (D,), coefficients in the order of CameraInfo.
    """

    width: int
    height: int
    K: np.ndarray
    distortion_model: str = ''
    distortion: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        set_ = object.__setattr__
        set_(self, 'width', checks.integer('width', self.width, 1, 1 << 16))
        set_(self, 'height', checks.integer('height', self.height, 1, 1 << 16))
        set_(self, 'K', checks.array('K', self.K, (3, 3)))
        set_(self, 'distortion', checks.array('distortion', self.distortion, (None,)))
        if self.K[0, 0] <= 0 or self.K[1, 1] <= 0:
            raise InvalidValueError(f'K has focal lengths {self.K[0, 0]}, {self.K[1, 1]}, not > 0')
        if (self.K[2] != [0, 0, 1]).any() or self.K[1, 0] != 0:
            raise InvalidValueError(f'K is not a camera matrix: {self.K.tolist()}')
        checks.known('distortion model', self.distortion_model, DISTORTION_LENGTHS)
        if len(self.distortion) not in DISTORTION_LENGTHS[self.distortion_model]:
            raise InvalidValueError(
                f'{self.distortion_model!r} has {len(self.distortion)} coefficients, '
                f'expected one of {DISTORTION_LENGTHS[self.distortion_model]}'
            )


@dataclass(frozen=True, eq=False)
class CameraFrame(checks.Contract):
    """One RGB-D image, depth aligned to colour, in the optical frame (z forward, x right, y down).

    stamp_ns: time of exposure on the node clock, nanoseconds.
    frame_id: name of the optical frame.
    intrinsics: of both images.
    depth: uint16 (H, W) millimetres, 0 invalid; or float32 (H, W) metres, NaN, 0 or inf invalid
        (REP-118, REP-117).
    color: uint8 (H, W, 3) RGB, or None.
    """

    stamp_ns: int
    frame_id: str
    intrinsics: CameraIntrinsics
    depth: np.ndarray
    color: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Check sizes and types; images are taken as they are, not copied."""
        checks.stamp('stamp_ns', self.stamp_ns)
        checks.text('frame_id', self.frame_id, allow_empty=False)
        size = (self.intrinsics.height, self.intrinsics.width)
        if self.depth.shape != size:
            raise InvalidValueError(f'depth has shape {self.depth.shape}, intrinsics say {size}')
        if self.depth.dtype not in (np.uint16, np.float32):
            raise InvalidValueError(f'depth is {self.depth.dtype}, expected uint16 or float32')
        if self.color is not None and (
            self.color.shape != (*size, 3) or self.color.dtype != np.uint8
        ):
            raise InvalidValueError(
                f'color is {self.color.dtype} {self.color.shape}, expected uint8 {(*size, 3)}'
            )
