"""Images as bytes: colour as JPEG or PNG, depth as 16-bit PNG; many of them in one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.settings import Settings, setting


@dataclass(frozen=True)
class ImageCoding(Settings):
    """How colour is kept; depth is always kept without loss."""

    color: str = setting('jpeg', 'jpeg: small; png: without loss', choices=('jpeg', 'png'))
    quality: int = setting(92, 'of JPEG', low=1, high=100)


def encode_color(image: np.ndarray, coding: ImageCoding) -> np.ndarray:
    """Return the bytes, uint8 (B,), of a colour image, uint8 (H, W, 3) RGB."""
    bgr = np.ascontiguousarray(image[..., ::-1])
    if coding.color == 'png':
        return _encoded('.png', bgr, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    return _encoded('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, coding.quality])


def encode_depth(image: np.ndarray) -> np.ndarray:
    """Return the bytes, uint8 (B,), of a depth image, uint16 (H, W)."""
    return _encoded('.png', np.ascontiguousarray(image), [cv2.IMWRITE_PNG_COMPRESSION, 3])


def decode_color(data: np.ndarray) -> np.ndarray:
    """Return uint8 (H, W, 3) RGB; InvalidValueError where the bytes are no image."""
    image = _decoded(data, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(image[..., ::-1])


def decode_depth(data: np.ndarray) -> np.ndarray:
    """Return uint16 (H, W); InvalidValueError where the bytes are no such image."""
    image = _decoded(data, cv2.IMREAD_UNCHANGED)
    if image.dtype != np.uint16 or image.ndim != 2:
        raise InvalidValueError(f'depth is {image.dtype} {image.shape}, expected uint16 (H, W)')
    return image


def join(parts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the parts one after the other, uint8 (B,), and where each begins, int64 (F + 1,)."""
    starts = np.cumsum([0, *(len(part) for part in parts)])
    return np.concatenate(parts) if parts else np.empty(0, np.uint8), starts.astype(np.int64)


def _encoded(suffix: str, image: np.ndarray, options: list[int]) -> np.ndarray:
    good, data = cv2.imencode(suffix, image, options)
    if not good:
        raise InvalidValueError(f'an image {image.dtype} {image.shape} cannot be kept as {suffix}')
    return data.reshape(-1)


def _decoded(data: np.ndarray, flags: int) -> np.ndarray:
    image = cv2.imdecode(np.asarray(data), flags) if len(data) else None
    if image is None:
        raise InvalidValueError(f'{len(data)} bytes are no image that can be read')
    return image
