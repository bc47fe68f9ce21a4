"""A box that something slides out of, as the depth camera shows it: its handle, how far it is open.

A handle is a few pixels: a model that knows which drawer is meant often points beside its handle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks, surface

REACH, ACROSS = 0.5, 320
"""Metres that are looked at around a place; points across that."""
LARGE, LOW = 0.1, 0.05
"""Metres: nothing is drawn out of what is smaller, seen from above, or lower."""
TOP = 0.02
"""Metres below its highest part down to which points are the box's top."""
ROW, GAP, FULL = 0.008, 1, 0.6
"""Metres of a row across the top of a box; rows in it that may have few points; share of the points
of a usual one that a whole one has: what stands out is narrower than the box."""
NEAR, FAR = 0.025, 0.10
"""Metres from the front at which handles begin, and end."""
HALF, ABOVE_TOP = 0.4, 0.03
"""Share of a box's height above which its handle and the upper edge of its front are; metres above
the box below which they are."""
MOST_OPEN, THICK = 0.3, 0.015
"""Metres by which a box is looked at for its front; of a handle that are held."""
FEWEST = 4
"""Points of a handle."""
CELL, WHOLE = 0.012, 0.7
"""Metres of a cell seen from above; share of cells in which the top of a box, or a row across its
front, is seen."""
PARTLY = 0.3
"""Share of such cells of a front that a hand hides in part."""
EDGE = 0.7
"""Share of half a side up to which, sideways, there are handles; beyond only the front shows."""
BOARD = 0.012
"""Metres by which the front of what is shut stands out of its box, about."""


@dataclass(frozen=True, eq=False)
class Cabinet(checks.Contract):
    """A box with a handle.

    handle: float64 (3,), m, what is seen of its handle, in the handle's middle from above. way:
    unit vector (2,), level, out of the side that the handle is on. opened: m by which it is open.
    """

    handle: np.ndarray
    way: np.ndarray
    opened: float


def cabinet_at(points: np.ndarray, place: np.ndarray, lowest: float) -> Cabinet | None:
    """Return the box nearest to a place, by the handle nearest to it; None: there is none.

    points: float32 (N, 3), m, base frame. place: (3,). lowest: m, height of what counts as table.
    """
    for thing in surface.things(points, place, REACH, lowest):
        high = float(np.percentile(thing[:, 2], 99))
        top = thing[thing[:, 2] > high - TOP, :2]
        outline = surface.outline(top)
        if outline is None or outline.sides.min() < LARGE or high < lowest + LOW:
            continue
        box = _without_what_stands_out(top, outline)
        if _covered(_seen_from(box, 0, top), box.sides[1] / 2, -box.sides[0], 0.0).mean() < WHOLE:
            continue
        half_up = lowest + HALF * (high - lowest)
        near = surface.around(points, place, REACH, half_up).astype(np.float64)
        near = near[near[:, 2] < high + ABOVE_TOP]
        sides = [found for side in range(4) if (found := _side(box, side, near))]
        if sides:
            return min(sides, key=lambda c: float(np.linalg.norm(c.handle - place)))
    return None


def _without_what_stands_out(flat: np.ndarray, box: surface.Rectangle) -> surface.Rectangle:
    """Return the rectangle of the rows of points (N, 2) that are as full as most rows are.

    Of those that follow each other: the front of what is open is a row by itself.
    """
    axes = np.array([box.direction, [-box.direction[1], box.direction[0]]])
    spans = []
    for along in ((flat - box.centre) @ axes.T).T:
        rows = np.floor(along / ROW).astype(int)
        count = np.bincount(rows - rows.min())
        whole = np.flatnonzero(count >= FULL * np.median(count[count > 0]))
        runs = np.split(whole, np.flatnonzero(np.diff(whole) > 1 + GAP) + 1)
        run = max(runs, key=len) + rows.min()
        spans.append((run[0] * ROW, (run[-1] + 1) * ROW))
    low, high = np.array(spans).T
    return surface.Rectangle(box.centre + (low + high) / 2 @ axes, box.direction, high - low)


def _side(box: surface.Rectangle, side: int, points: np.ndarray) -> Cabinet | None:
    """Return the cabinet if there is a handle on one of its four sides. points: (N, 3), m."""
    seen = _seen_from(box, side, points)
    out, aside = seen[:, 0], np.abs(seen[:, 1])
    wide = box.sides[1 - side % 2] / 2
    fronts = _fronts(_covered(seen, wide, 0.0, MOST_OPEN))
    opened = max(0.0, (fronts.max() + 1) * CELL - BOARD) if len(fronts) else 0.0
    handle = (aside < EDGE * wide) & (out > opened + NEAR) & (out < opened + FAR)
    if handle.sum() < FEWEST:
        return None
    held = handle & (out > float(np.percentile(out[handle], 95)) - THICK)
    return Cabinet(_middle(points[held]), _way(box, side), opened)


def _fronts(covered: np.ndarray) -> np.ndarray:
    """Return which rows show a front, of cells (rows, columns) in which something is seen.

    A hand may hide much of it: then what is seen beyond where handles are, on one side, tells it
    from what lies in the drawer.
    """
    columns = covered.shape[1]
    beyond = max(1, round((1 - EDGE) / 2 * columns))
    ends = np.maximum(covered[:, :beyond].mean(axis=1), covered[:, -beyond:].mean(axis=1))
    share = covered.mean(axis=1)
    return np.flatnonzero((share > WHOLE) | ((ends > WHOLE) & (share > PARTLY)))


def _way(box: surface.Rectangle, side: int) -> np.ndarray:
    x, y = box.direction
    return np.array([(x, y), (-y, x), (-x, -y), (y, -x)][side])


def _seen_from(box: surface.Rectangle, side: int, points: np.ndarray) -> np.ndarray:
    """Return how far out of a side points (N, 2) or (N, 3) are, and how far aside, (N, 2), m."""
    way = _way(box, side)
    off = points[:, :2] - box.centre
    return np.stack([off @ way - box.sides[side % 2] / 2, off @ [-way[1], way[0]]], -1)


def _covered(seen: np.ndarray, wide: float, first: float, last: float) -> np.ndarray:
    """Return in which cells something is seen: bool, rows out of a side, columns aside.

    seen: see `_seen_from`. wide: m, half the width of all columns. first, last: m, of all rows.
    """
    shape = max(1, int((last - first) / CELL)), max(1, int(2 * wide / CELL))
    cells = np.floor((seen + np.array([-first, wide])) / CELL).astype(int)
    cells = cells[((cells >= 0) & (cells < shape)).all(axis=1)]
    out = np.zeros(shape, dtype=bool)
    out[tuple(cells.T)] = True
    return out


def _middle(points: np.ndarray) -> np.ndarray:
    """Return that of some points (N, 3) which is, from above, nearest to the middle of them."""
    flat = points[:, :2]
    middle = (flat.min(axis=0) + flat.max(axis=0)) / 2
    return points[int(np.linalg.norm(flat - middle, axis=1).argmin())]
