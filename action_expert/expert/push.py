"""Where a push begins: behind what is pushed, which the cloud shows, on the way to where it goes.

A hand that comes down on a thing instead of behind it presses it down.
"""

from __future__ import annotations

import numpy as np

from gae_arm.core.things import Thing, things_at

AHEAD, FAR = 0.06, 0.07
"""m: what is pushed has its middle so far before the fingers, and at most so far from there."""
FRONT = 0.02
"""m: to both sides of its middle the fingers meet what they push."""
FINGER, GAP = 0.011, 0.03
"""m: half the thickness of closed fingers; between them and what they are going to push."""


def push_start(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray | None:
    """Return where the fingers come down, level, (2,), m; None where no thing is seen.

    points: float32 (N, 3), z up. start, end: (2,), where the push is thought to begin and to end.
    """
    way = end - start
    length = float(np.linalg.norm(way))
    if length < AHEAD:
        return None
    middle = start + AHEAD * way / length
    found = things_at(points, middle)
    if not found or np.linalg.norm(found[0].middle - middle) > FAR:
        return None
    return _behind(found[0], end)


def _behind(thing: Thing, end: np.ndarray) -> np.ndarray | None:
    """Return the place (2,) behind a thing, seen from where it is pushed to."""
    way = end - thing.middle
    length = float(np.linalg.norm(way))
    if length < AHEAD:
        return None
    ahead = way / length
    level = thing.points[:, :2] - thing.middle
    met = np.abs(level @ [-ahead[1], ahead[0]]) < FRONT
    along = level @ ahead
    back = float((along[met] if met.any() else along).min())
    return thing.middle + (back - FINGER - GAP) * ahead
