"""What a stereo depth camera of the RealSense D400 family gets wrong, added to a perfect depth.

Such a camera measures disparity d = f B / z, so an error of s pixels there becomes z^2 s / (f B)
in depth: 3.4 mm at 1 m and 14 mm at 2 m for f = 466 px (640 px wide) and the defaults.

Sources of the defaults: Grunnet-Jepsen, Sweetser, Woodfill, "Tuning depth cameras for best
performance" (Intel; z^2 law), and the first author in librealsense issue 3904 (0.08 px is a good
value for the subpixel error); Grunnet-Jepsen et al., "Subpixel linearity improvement for Intel
RealSense depth camera D400 series" (1/32 px); Intel RealSense D400 series datasheet (baseline
50 mm, least distance, no depth where only one imager sees). The shares of lost pixels are ours:
they differ from scene to scene.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

# Variance, per axis, of white noise after the two kernels of `_correlated`: the sum of squares of
# (1, 2, 1) convolved with (3/4, 1/4).
_VARIANCE = 5.25


@dataclass(frozen=True)
class DepthNoise:
    """Errors of a stereo depth camera.

    enabled: False leaves the depth as it is, bit by bit.
    baseline: distance of the two imagers, metres; the right one sees what is left of it.
    subpixel_std: standard deviation of the disparity, pixels; neighbours within about 3 px err
        alike, as they share a matching window.
    disparity_step: disparity is rounded to this, pixels; 0.0 = not at all.
    occlusion: whether what the right imager cannot see is lost, left of each nearer object.
    edge_jump: neighbours whose disparities differ by more than this, pixels, make an edge.
    edge_dropout: share of the pixels at edges that are lost.
    hole_share: share of the image that is lost in round holes.
    hole_radius: mean radius of the holes, pixels.
    min_range, max_range: metres; nearer and farther is lost.
    seed: of `generator`.
    """

    enabled: bool = True
    baseline: float = 0.05
    subpixel_std: float = 0.08
    disparity_step: float = 1 / 32
    occlusion: bool = True
    edge_jump: float = 0.5
    edge_dropout: float = 0.5
    hole_share: float = 0.002
    hole_radius: float = 3.0
    min_range: float = 0.2
    max_range: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Validate."""
        checks.number('baseline', self.baseline, 1e-3, 10.0)
        for key in ('subpixel_std', 'disparity_step', 'edge_jump', 'min_range'):
            checks.number(key, getattr(self, key), 0.0)
        for key in ('edge_dropout', 'hole_share'):
            checks.number(key, getattr(self, key), 0.0, 1.0)
        checks.number('hole_radius', self.hole_radius, 0.5, 100.0)
        checks.integer('seed', self.seed, 0, 2**63 - 1)
        if checks.number('max_range', self.max_range) <= self.min_range:
            raise InvalidValueError(
                f'max_range is {self.max_range}, not above min_range {self.min_range}'
            )

    def generator(self) -> np.random.Generator:
        """Return a new source of randomness for `apply`, the same for the same seed."""
        return np.random.Generator(np.random.SFC64(self.seed))

    def apply(self, depth: np.ndarray, fx: float, rng: np.random.Generator) -> np.ndarray:
        """Return what the camera makes of `depth`, float32 (H, W), metres, 0 invalid.

        depth: float32 (H, W), metres; 0, NaN and inf are invalid and stay so.
        fx: focal length of the image, pixels, > 0.
        Raises InvalidValueError.
        """
        if depth.ndim != 2 or depth.dtype != np.float32:
            raise InvalidValueError(
                f'depth is {depth.dtype} {depth.shape}, expected float32 (H, W), metres'
            )
        checks.number('fx', fx, 1e-6)
        if not self.enabled:
            return depth.copy()
        scale = np.float32(fx * self.baseline)
        with np.errstate(divide='ignore', over='ignore'):
            disparity = scale / depth
        # What has no depth is infinitely far for now: it hides nothing.
        disparity[~((disparity > 0) & (disparity < np.inf))] = 0
        lost = self._lost(disparity, rng) | (disparity == 0)
        if self.subpixel_std:
            disparity += _correlated(depth.shape, self.subpixel_std, rng)
        if self.disparity_step:
            disparity *= np.float32(1 / self.disparity_step)
            np.rint(disparity, out=disparity)
            disparity *= np.float32(self.disparity_step)
        np.maximum(disparity, np.float32(1e-6), out=disparity)
        out = np.divide(scale, disparity, out=disparity)
        out *= (out >= self.min_range) & (out <= self.max_range) & ~lost
        return out

    def _lost(self, disparity: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return which pixels find no match, bool (H, W)."""
        height, width = disparity.shape
        lost = np.zeros((height, width), dtype=bool)
        across = disparity[:, 1:] - disparity[:, :-1]
        if self.occlusion:
            _add_occlusion(lost, disparity, across)
        if self.edge_dropout:
            row, column = _edges(disparity, across, self.edge_jump)
            blocks = rng.random((height // 2 + 1, width // 2 + 1), dtype=np.float32)
            lost[row, column] |= blocks[row // 2, column // 2] < self.edge_dropout
        if self.hole_share:
            _add_holes(lost, self.hole_share, self.hole_radius, rng)
        return lost


def _add_occlusion(lost: np.ndarray, disparity: np.ndarray, across: np.ndarray) -> None:
    """Mark what a nearer surface, farther right in the image, hides from the right imager.

    Column u appears there at u - disparity. Wherever that steps back, the columns before the step
    that appear to the right of its end are hidden behind it.
    """
    width = disparity.shape[1]
    row, column = np.divmod(np.flatnonzero(across > 1), width - 1)
    end = column + 1 - disparity[row, column + 1]
    while len(column):
        lost[row, column] = True
        column = column - 1
        hidden = (column >= 0) & (column - disparity[row, column] > end)
        row, column, end = row[hidden], column[hidden], end[hidden]


def _edges(disparity: np.ndarray, across: np.ndarray, jump: float) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column, int (N,), of the pixels on both sides of each jump."""
    width = disparity.shape[1]
    row, column = np.divmod(np.flatnonzero((across > jump) | (across < -jump)), width - 1)
    along = disparity[1:] - disparity[:-1]
    top, middle = np.divmod(np.flatnonzero((along > jump) | (along < -jump)), width)
    return (
        np.concatenate([row, row, top, top + 1]),
        np.concatenate([column, column + 1, middle, middle]),
    )


def _add_holes(lost: np.ndarray, share: float, radius: float, rng: np.random.Generator) -> None:
    """Mark discs of 0.5 to 1.5 times `radius`, as many as cover `share` of the image on average."""
    height, width = lost.shape
    area = np.pi * radius**2 * (1 + 1 / 12)
    count = rng.poisson(share * lost.size / area)
    reach = int(1.5 * radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    radii = radius * rng.uniform(0.5, 1.5, (count, 1, 1))
    rows = rng.integers(0, height, (count, 1, 1)) + y
    columns = rng.integers(0, width, (count, 1, 1)) + x
    inside = (x * x + y * y < radii**2) & (rows >= 0) & (rows < height)
    inside &= (columns >= 0) & (columns < width)
    lost[rows[inside], columns[inside]] = True


def _correlated(shape: tuple[int, ...], std: float, rng: np.random.Generator) -> np.ndarray:
    """Return Gaussian noise, float32 (H, W), of this standard deviation and about 3 px reach.

    White noise at half the resolution, smoothed by (1, 2, 1) and interpolated: the same variance
    at every pixel, and four times fewer random numbers.
    """
    height, width = (shape[0] + 1) // 2, (shape[1] + 1) // 2
    white = rng.standard_normal((height + 4, width + 4), dtype=np.float32)
    white *= np.float32(std / _VARIANCE)
    for axis in (1, 0):
        white = _doubled(white, axis)
    return white[: shape[0], : shape[1]]


def _doubled(noise: np.ndarray, axis: int) -> np.ndarray:
    """Smooth n + 4 rows (or columns) by (1, 2, 1) and interpolate them to 2 n."""
    a = np.moveaxis(noise, axis, 0)
    smooth = a[:-2] + a[2:]
    smooth += a[1:-1]
    smooth += a[1:-1]
    near = np.float32(0.75) * smooth[1:-1]
    smooth *= np.float32(0.25)
    size = [n if i != axis else 2 * (n - 4) for i, n in enumerate(noise.shape)]
    out = np.empty(size, dtype=np.float32)
    rows = np.moveaxis(out, axis, 0)
    np.add(near, smooth[:-2], out=rows[0::2])
    np.add(near, smooth[2:], out=rows[1::2])
    return out
