"""Depth that errs much from pixel to pixel is steadied: over neighbours, and over frames.

A camera whose readings err by a few millimetres is left alone, bit by bit: nothing is delayed.
Where they err by more, the median of 3 x 3 pixels keeps edges and takes out most, and what stays
as it was is averaged over time. A reading that is far from what was there before is believed at
once: something moved.
"""

from __future__ import annotations

import numpy as np

from gae_arm.core.jit import kernel

ROWS = 40
"""About so many rows are looked at for the noise."""
SECOND_DIFFERENCE = np.float32(0.6745 * np.sqrt(6.0))
"""Median of |a - 2 b + c|, for a, b and c that err by 1 and are in a line."""
MEDIANS_LEAVE = (0.41, 0.31)
"""Share of white noise that is left after one and after two medians of 3 x 3."""
TWICE_FROM = 0.03
"""m: noise that one median leaves too much of."""
MOVED = 4.0
"""Standard deviations of what is left: readings that are farther apart show two things."""
FRAMES = 12
"""Over so many frames is averaged, at most."""
SURE = 0.012
"""m: pixels whose mean errs by more say nothing yet, for at most half as many frames."""


class SteadyDepth:
    """Steadies the depth images of one camera; give it all of them, in order.

    smooth_from: m, noise from which it does anything; 0: never.
    noise: m, standard deviation of single readings of the last image; nan without any.
    With a noise of centimetres what appears later is seen after some frames: single images show
    obstacles everywhere, and the arm would stand.
    """

    def __init__(self, smooth_from: float) -> None:
        self._from = smooth_from
        self._mean: np.ndarray | None = None
        self.noise = float('nan')

    def apply(self, depth: np.ndarray, scale: np.float32) -> np.ndarray:
        """Return the image (H, W) itself, or a steadier one of its type.

        depth: `scale` metres per unit, read-only; 0 and nan are no readings, and stay.
        """
        if self._from <= 0:
            return depth
        self.noise = _noise(depth) * float(scale)
        if not self.noise >= self._from:
            self._mean = None
            return depth
        smooth, left = _median(depth), MEDIANS_LEAVE[0]
        if self.noise > TWICE_FROM:
            smooth, left = _median(smooth), MEDIANS_LEAVE[1]
        if self._mean is None or self._mean.shape != depth.shape:
            self._mean = np.zeros(depth.shape, np.float32)
            self._count = np.zeros(depth.shape, np.uint8)
            self._images = 0
        self._images += 1
        errs = left * self.noise
        least = int(np.clip(np.ceil((errs / SURE) ** 2), 1, min(self._images, FRAMES // 2)))
        moved = np.float32(MOVED * errs / float(scale))
        half = np.float32(0.5 if np.issubdtype(depth.dtype, np.integer) else 0.0)
        out = np.empty_like(smooth)
        _average(smooth, self._mean, self._count, moved, least, FRAMES, half, out)
        out.flags.writeable = False
        return out


def _noise(depth: np.ndarray) -> float:
    """Return the standard deviation of single readings, in the image's unit; nan without readings.

    From second differences along rows, which planes have none of, and edges only some
    (Immerkaer 1996, "Fast noise variance estimation", with a median for the mean).
    """
    rows = depth[:: max(len(depth) // ROWS, 1)].astype(np.float32)
    seen = (rows > 0) & (rows < np.inf)
    three = seen[:, :-2] & seen[:, 1:-1] & seen[:, 2:]
    a, b, c = (part[three] for part in (rows[:, :-2], rows[:, 1:-1], rows[:, 2:]))
    difference = np.abs(a + c - 2 * b)
    if not difference.size:
        return float('nan')
    middle = difference.size // 2
    return float(np.partition(difference, middle)[middle] / SECOND_DIFFERENCE)


def _median(depth: np.ndarray) -> np.ndarray:
    """Return the median of 3 x 3 pixels (H, W); pixels without a reading stay, and do not count."""
    out = depth.copy()
    if min(depth.shape) >= 3:
        _median_inside(depth, out)
    out.flags.writeable = False
    return out


@kernel
def _median_inside(depth, out):  # type: ignore
    """Write the median of each pixel that is not on the border: the usual exchanges for nine."""
    for v in range(1, depth.shape[0] - 1):
        above, row, below = depth[v - 1], depth[v], depth[v + 1]
        result = out[v]
        for u in range(1, depth.shape[1] - 1):
            z = row[u]
            a, b, c = _or(above[u - 1], z), _or(above[u], z), _or(above[u + 1], z)
            d, e, f = _or(row[u - 1], z), z, _or(row[u + 1], z)
            g, h, i = _or(below[u - 1], z), _or(below[u], z), _or(below[u + 1], z)
            # Rows sorted; of lows the highest, of middles the middle, of highs the lowest.
            a, b, c = _sorted(a, b, c)
            d, e, f = _sorted(d, e, f)
            g, h, i = _sorted(g, h, i)
            _, middle, _ = _sorted(max(max(a, d), g), _sorted(b, e, h)[1], min(min(c, f), i))
            result[u] = middle if z > 0 and z < np.inf else z


@kernel
def _or(value, instead):  # type: ignore
    return value if value > 0 else instead


@kernel
def _sorted(a, b, c):  # type: ignore
    a, b = min(a, b), max(a, b)
    b, c = min(b, c), max(b, c)
    a, b = min(a, b), max(a, b)
    return a, b, c


@kernel
def _average(depth, mean, count, moved, least, most, half, out):  # type: ignore
    """Bring `mean` and `count`, both (H, W), up to date, and write the mean into `out`.

    least, most: frames below which a pixel has no reading, and that are counted. half: added to
    what is written, so that whole units are rounded.
    """
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            z = np.float32(depth[v, u])
            if not (z > 0 and z < np.inf):
                count[v, u] = 0
                out[v, u] = depth[v, u]
                continue
            n = count[v, u]
            if n == 0 or abs(z - mean[v, u]) > moved:
                n = 0
                mean[v, u] = z
            n = min(n + 1, most)
            mean[v, u] += (z - mean[v, u]) / np.float32(n)
            count[v, u] = n
            out[v, u] = mean[v, u] + half if n >= least else np.float32(0)
