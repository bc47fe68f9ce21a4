"""The depth at a pixel where readings around it are wrong, of something else, or missing."""

from __future__ import annotations

import numpy as np

from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.projection import deproject

NEAREST, FARTHEST = 0.05, 10.0
"""Metres: readings outside are none."""
NEAR, WIDE = 1, 6
"""Pixels on each side, for images 320 wide, that are looked at first, and around a hole."""
STEP = 0.015
"""Metres: where sorted depths jump by more, one thing ends and another begins."""
ACROSS = 120
"""Points across a square that is looked at, at most about so many."""
FLYING = 0.2
"""Share of the neighbours below which a group of readings is noise between two things."""


def metres(depth: np.ndarray) -> np.ndarray:
    """Return depth (...), uint16 mm or float32 m, as float64 m, NaN where there is no reading."""
    z = depth * 1e-3 if depth.dtype == np.uint16 else depth.astype(np.float64)
    return np.where((z >= NEAREST) & (z <= FARTHEST), z, np.nan)


def depth_at(frame: CameraFrame, pixel: np.ndarray) -> float:
    """Return the depth, m, of what is seen at a pixel (2,), (u, v).

    The median of the neighbours that belong to the same thing: that which the pixel itself shows,
    unless only a few neighbours agree with it, as with pixels that float between a thing and what
    is behind it; then the nearer thing of those that are really there. Around a hole, what is
    nearest to the pixel. Raises InvalidValueError where nothing is within `WIDE` pixels.
    """
    scale = max(1, round(frame.intrinsics.width / 320))
    u, v = np.rint(pixel).astype(int)
    for radius in (NEAR * scale, WIDE * scale):
        around, distance = _window(frame.depth, u, v, radius)
        if len(around):
            return _of_one_thing(around, distance)
    raise InvalidValueError(
        f'the depth camera has no reading within {WIDE * scale} pixels of ({u}, {v})'
    )


def point_at(frame: CameraFrame, pixel: np.ndarray, depth: float | None = None) -> np.ndarray:
    """Return the point (3,), m, optical frame, at a pixel: at a depth, or what is seen there.

    Raises InvalidValueError without a reading, and where the lens sees nothing.
    """
    z = depth_at(frame, pixel) if depth is None else depth
    point = deproject(frame.intrinsics, pixel, z)
    if not np.isfinite(point).all():
        raise InvalidValueError(f'the lens sees nothing at pixel {np.rint(pixel).tolist()}')
    return point


def points_around(
    frame: CameraFrame, pixel: np.ndarray, depth: float, reach: float, across: int = ACROSS
) -> np.ndarray:
    """Return the points (N, 3), m, optical frame, seen in a square of `reach` m about a pixel.

    Of large images, every so many pixels: about `across` are taken on a line.
    """
    camera = frame.intrinsics
    radius = int(np.clip(np.ceil(reach * camera.K[0, 0] / depth), 2, camera.width))
    u, v = np.rint(pixel).astype(int)
    step = max(1, 2 * radius // across)
    top, left = max(v - radius, 0), max(u - radius, 0)
    rows = slice(top, max(v + radius + 1, 0), step)
    columns = slice(left, max(u + radius + 1, 0), step)
    z = metres(frame.depth[rows, columns])
    y, x = np.nonzero(np.isfinite(z))
    pixels = np.stack([left + step * x, top + step * y], -1).astype(np.float64)
    return deproject(camera, pixels, z[y, x])


def _window(depth: np.ndarray, u: int, v: int, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the readings (N,), m, within `radius` of a pixel, and their distances, pixels."""
    top, left = max(v - radius, 0), max(u - radius, 0)
    z = metres(depth[top : max(v + radius + 1, 0), left : max(u + radius + 1, 0)])
    y, x = np.nonzero(np.isfinite(z))
    return z[y, x], np.hypot(x + left - u, y + top - v)


def _of_one_thing(z: np.ndarray, distance: np.ndarray) -> float:
    order = np.argsort(z)
    group = np.zeros(len(z), int)
    group[order[1:]] = np.cumsum(np.diff(z[order]) > STEP)
    share = np.bincount(group) / len(z)
    here = int(group[int(distance.argmin())])
    if share[here] < FLYING:
        # Groups are numbered from near to far.
        here = int(np.flatnonzero(share >= min(FLYING, share.max()))[0])
    return float(np.median(z[group == here]))
