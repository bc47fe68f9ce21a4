"""One RGB-D image from files: colour, depth and a description of the camera.

The description is YAML or JSON, in one of three forms: our own (`intrinsics` 3x3, `extrinsics` 4x4
T_base_camera or null, and if need be `distortion_model`, `distortion`), what `ros2 topic echo
--once .../camera_info` prints, or what ROS's `camera_calibration` writes. `extrinsics` may be added
to each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from gae_arm.core import geometry
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.errors import ConfigError, InvalidValueError

FORMS = ('intrinsics', 'k', 'camera_matrix')


def load_rgbd(color: Path, depth: Path, camera: Path) -> tuple[CameraFrame, np.ndarray | None]:
    """Return the frame, stamp 0, and T_base_camera (4, 4), or None if the file has none.

    Raises ConfigError with the file for what cannot be read, and InvalidValueError for images
    that do not fit each other or the camera.
    """
    rgb, metres = read_color(color), read_depth(depth)
    intrinsics, T_base_camera = read_camera(camera, (metres.shape[1], metres.shape[0]))
    return CameraFrame(0, 'camera', intrinsics, metres, rgb), T_base_camera


def read_color(path: Path) -> np.ndarray:
    """Return uint8 (H, W, 3) RGB of an image file."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert('RGB'))
    except OSError as error:
        raise ConfigError(f'colour image {path} cannot be read: {error}') from error


def read_depth(path: Path) -> np.ndarray:
    """Return the depth (H, W): uint16 millimetres or float32 metres.

    .npy: as stored, floats are metres, integers millimetres. Images: 16 bit, millimetres.
    """
    try:
        if path.suffix == '.npy':
            depth = np.load(path, allow_pickle=False)
        else:
            with Image.open(path) as image:
                depth = np.asarray(image)
    except (OSError, ValueError) as error:
        raise ConfigError(f'depth image {path} cannot be read: {error}') from error
    if depth.ndim != 2 or depth.dtype.kind not in 'fui' or depth.dtype == np.uint8:
        raise ConfigError(
            f'depth image {path} is {depth.dtype} {depth.shape}, expected (H, W) of floats in '
            'metres or of integers of at least 16 bits in millimetres'
        )
    if depth.dtype.kind == 'f':
        return depth.astype(np.float32)
    if depth.size and (depth.min() < 0 or depth.max() > 65535):
        raise ConfigError(f'depth image {path} has values from {depth.min()} to {depth.max()} mm')
    return depth.astype(np.uint16)


def read_camera(path: Path, size: tuple[int, int]) -> tuple[CameraIntrinsics, np.ndarray | None]:
    """Return the intrinsics and T_base_camera (4, 4) or None of a description; see the module.

    size: (width, height) of the images; a description that says another is refused.
    """
    try:
        data = next(yaml.safe_load_all(path.read_text()), None)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f'camera description {path} cannot be read: {error}') from error
    if not isinstance(data, dict) or not any(key in data for key in FORMS):
        found = sorted(map(str, data)) if isinstance(data, dict) else data
        raise ConfigError(f'camera description {path} has none of {list(FORMS)}; it has: {found!r}')
    said = tuple(data.get(k, data.get(f'image_{k}', n)) for k, n in zip(SIZE, size, strict=True))
    if said != size:
        raise ConfigError(f'{path} describes {said[0]}x{said[1]} images, not {size[0]}x{size[1]}')
    try:
        K = np.reshape(_numbers(next(data[key] for key in FORMS if key in data)), (3, 3))
        coefficients = data.get(
            'distortion', data.get('d', data.get('distortion_coefficients', []))
        )
        model = data.get('distortion_model', '')
        intrinsics = CameraIntrinsics(*size, K, model, _numbers(coefficients))
        extrinsics = data.get('extrinsics')
        if extrinsics is None:
            return intrinsics, None
        return intrinsics, geometry.rigid('extrinsics', np.reshape(_numbers(extrinsics), (4, 4)))
    except (InvalidValueError, ValueError, TypeError) as error:
        raise ConfigError(f'{path}: {error}') from error


SIZE = ('width', 'height')


def _numbers(value: Any) -> np.ndarray:
    """Return a list, or the `data` of OpenCV's and ROS's matrices, as a flat array."""
    if isinstance(value, dict):
        value = value.get('data')
    return np.asarray(value, np.float64).reshape(-1)
