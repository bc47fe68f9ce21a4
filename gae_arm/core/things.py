"""Single things in the cloud: where their middles are, to some millimetres.

The network says which thing is meant, within a centimetre or two; where a thing is that stands by
itself, its outline says better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core.surface import around, objects

AROUND, RAISED = 0.16, 0.012
"""m: of a place that is looked at, in x and y; above the table, what is no table: depth errs."""
HIGH, TOP = 90.0, 0.012
"""Percent of a thing's points that are lower than its top: depth errs; m, how thick it is."""
FEWEST_POINTS = 8
"""Fewer show nothing."""
COMPACT, LONG = 0.075, 1.8
"""m and ratio: what is wider or longer is not held, nor stacked on, by its middle alone."""
NEAR = 0.025
"""m: from where it is thought to be a thing's middle is no farther."""


@dataclass(frozen=True, eq=False)
class Thing:
    """A thing by itself. points: (N, 3), m. middle, size: (2,), m, level, and height: of its top.

    A camera sees all of the top from any side; of the sides it sees those that are turned to it.
    """

    points: np.ndarray
    middle: np.ndarray
    size: np.ndarray
    height: float

    @staticmethod
    def of(points: np.ndarray) -> Thing:
        """Return the thing that shows these points."""
        height = float(np.percentile(points[:, 2], HIGH))
        top = points[points[:, 2] > height - TOP, :2]
        low, high = top.min(axis=0), top.max(axis=0)
        return Thing(points, (low + high) / 2, high - low, height)

    @property
    def is_compact(self) -> bool:
        """Return whether it is small and as wide as long."""
        return bool(self.size.max() < min(COMPACT, LONG * float(self.size.min())))


def things_at(points: np.ndarray, place: np.ndarray) -> list[Thing]:
    """Return the things around a place (2,), m, the one whose middle is nearest first.

    points: float32 (N, 3), z up; most of what is around the place is the table that they stand on.
    """
    near = around(points, place, AROUND)
    if len(near) < FEWEST_POINTS:
        return []
    lowest = float(np.median(near[:, 2])) + RAISED
    found = [Thing.of(part) for part in objects(near, np.append(place, 0.0), AROUND, lowest)]
    return sorted(found, key=lambda thing: float(np.linalg.norm(thing.middle - place)))


def middle_at(points: np.ndarray, place: np.ndarray, highest: float) -> np.ndarray | None:
    """Return the middle (2,) of the compact thing at a place (2,), m; None if there is none.

    highest: m, of its top: what is higher is in the hand, or the hand.
    """
    for thing in things_at(points, place):
        if thing.height < highest:
            near = np.linalg.norm(thing.middle - place) < NEAR
            return thing.middle if near and thing.is_compact else None
    return None
