"""Where a word beside a point of an image hides the least."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

SIDES = tuple(
    np.array(side) for side in itertools.product((1, -1, 0), (1, -1, 0)) if side != (0, 0)
)
"""Where a label may stand, the best first: (right, down)."""


def label_place(
    size: np.ndarray,
    at: np.ndarray,
    away: float,
    taken: Sequence[np.ndarray],
    image: tuple[int, int],
) -> np.ndarray:
    """Return the box (4,), left, top, right, bottom, of a label beside a point: the first best.

    size: (2,), of the label; at: (2,), the point; away: between them; taken: boxes (4,) that it
    should not cover; image: width and height, which it should not leave. All in pixels.
    """
    boxes = [_box(size, at, away * side, side) for side in SIDES]
    return min(boxes, key=lambda box: _hidden(box, taken, image))


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the area that two boxes (4,) share."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    return float(np.prod(np.maximum(sides, 0.0)))


def _box(size: np.ndarray, at: np.ndarray, step: np.ndarray, side: np.ndarray) -> np.ndarray:
    corner = at + step + (side - 1) / 2 * size
    return np.concatenate([corner, corner + size])


def _hidden(box: np.ndarray, taken: Sequence[np.ndarray], image: tuple[int, int]) -> float:
    """Return the area that a label hides, and that is cut off it."""
    inside = overlap(box, np.array([0.0, 0.0, *image]))
    cut = float(np.prod(box[2:] - box[:2])) - inside
    return cut + sum(overlap(box, other) for other in taken)
