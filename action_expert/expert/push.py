"""Where a push begins: behind what is pushed, which the cloud shows, on the way to where it goes.

A hand that comes down on a thing instead of behind it presses it down. So the network's answer is
taken for which thing is meant, and the thing's own outline for where its back is.
"""

from __future__ import annotations

import numpy as np

from gae_arm.core.surface import objects

AHEAD, FAR = 0.06, 0.07
"""m: what is pushed has its middle so far before the fingers, and at most so far from there."""
AROUND, RAISED = 0.16, 0.012
"""m: of the place that are looked at, in x and y; above the table, what is no table: depth errs."""
FRONT = 0.02
"""m: to both sides of its middle the fingers meet what they push."""
FINGER, GAP = 0.011, 0.03
"""m: half the thickness of closed fingers; between them and what they are going to push."""
HIGH, TOP = 90.0, 0.012
"""Percent of a thing's points that are lower than its top, as depth errs; m, how thick that is."""
FEWEST_POINTS = 8
"""Fewer show nothing."""


def push_start(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray | None:
    """Return where the fingers come down, level, (2,), m; None where no thing is seen.

    points: float32 (N, 3), z up. start, end: (2,), where the push is thought to begin and to end.
    """
    way = end - start
    length = float(np.linalg.norm(way))
    if length < AHEAD:
        return None
    middle = start + AHEAD * way / length
    near = points[(np.abs(points[:, :2] - middle.astype(np.float32)) < AROUND).all(axis=1)]
    if len(near) < FEWEST_POINTS:
        return None
    # Most of what is seen there is table.
    found = objects(near, np.append(middle, 0.0), AROUND, float(np.median(near[:, 2])) + RAISED)
    if not found:
        return None
    centres = [_middle(_top(thing)) for thing in found]
    away = [float(np.linalg.norm(centre - middle)) for centre in centres]
    i = int(np.argmin(away))
    return _behind(found[i], centres[i], end) if away[i] < FAR else None


def _top(thing: np.ndarray) -> np.ndarray:
    """Return what is highest of a thing's points (N, 3), level, (M, 2).

    A camera sees all of that from any side; of its sides it sees those that are turned to it.
    """
    height = np.percentile(thing[:, 2], HIGH)
    return thing[thing[:, 2] > height - TOP, :2]


def _middle(places: np.ndarray) -> np.ndarray:
    return (places.min(axis=0) + places.max(axis=0)) / 2


def _behind(thing: np.ndarray, centre: np.ndarray, end: np.ndarray) -> np.ndarray | None:
    """Return the place (2,) behind a thing's points (N, 3), seen from where it is pushed to."""
    way = end - centre
    length = float(np.linalg.norm(way))
    if length < AHEAD:
        return None
    ahead = way / length
    side = np.array([-ahead[1], ahead[0]])
    across = (_top(thing) - centre) @ side
    centre = centre + (across.min() + across.max()) / 2 * side
    along = (thing[:, :2] - centre) @ ahead
    met = np.abs((thing[:, :2] - centre) @ side) < FRONT
    back = float((along[met] if met.any() else along).min())
    return centre + (back - FINGER - GAP) * ahead
