"""Distances between convex bodies: spheres around them first, exact ones (coal) for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import coal
import numpy as np


class Body(NamedTuple):
    """A convex shape. center (3,), radius: m, a sphere around it in its frame.

    A half-space below z = center[2] has no such sphere: its radius is infinite.
    """

    shape: coal.CollisionGeometry
    center: np.ndarray
    radius: float


class Nearest(NamedTuple):
    """Indices of two bodies, their signed distance, m, and the nearest spots (3,) on both."""

    first: int
    second: int
    distance: float
    point_first: np.ndarray
    point_second: np.ndarray


def polyhedron(shape: coal.Convex) -> Body:
    """Return a body with a sphere around the middle of its box."""
    corners = np.array(shape.points())
    center = (corners.min(0) + corners.max(0)) / 2
    return Body(shape, center, float(np.linalg.norm(corners - center, axis=1).max()))


def solid_box(size: np.ndarray) -> Body:
    """Return a box around its frame's origin; size: (3,), edge lengths, m."""
    return Body(coal.Box(*size), np.zeros(3), float(np.linalg.norm(size)) / 2)


def solid_below(height: float) -> Body:
    """Return all that is below z = height, m, of its frame."""
    shape = coal.Halfspace(np.array([0.0, 0.0, 1.0]), height)
    return Body(shape, np.array([0.0, 0.0, height]), np.inf)


class BodyPairs:
    """K groups of pairs of bodies, such as the pieces of two links; not for two threads at once.

    bodies: B of them; a half-space may only be second in a pair. groups: pairs of indices.
    Transforms are float64 (B, 4, 4), from each body's frame to one common frame.
    """

    def __init__(self, bodies: Sequence[Body], groups: Sequence[Sequence[tuple[int, int]]]) -> None:
        self.groups = [list(group) for group in groups]
        self._bodies = bodies
        self._centers = np.array([body.center for body in bodies]).reshape(-1, 3, 1)
        pairs = [pair for group in self.groups for pair in group]
        self._first, self._second = np.array(pairs, int).reshape(-1, 2).T
        self._group = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        radius = np.array([body.radius for body in bodies])
        self._flat = np.flatnonzero(np.isinf(radius[self._second]))
        self._radii = radius[self._first] + radius[self._second]
        self._radii[self._flat] = radius[self._first[self._flat]]
        self._request = coal.DistanceRequest()
        self._result = coal.DistanceResult()

    def nearest(self, transforms: np.ndarray) -> Nearest | None:
        """Return the pair with the least signed distance, exact to 1e-6 m; None without pairs."""
        bound = self._bounds(transforms)
        best: Nearest | None = None
        for pair in np.argsort(bound, kind='stable'):
            if best is not None and bound[pair] >= best.distance:
                break
            found = self._exact(transforms, pair)
            if best is None or found.distance < best.distance:
                best = found
        return best

    def distances(self, transforms: np.ndarray, near: float = np.inf) -> np.ndarray:
        """Return the least signed distance of each group, (K,), m.

        Exact to 1e-6 m below `near`; above, it may be any value from `near` to the true one.
        """
        bound = self._bounds(transforms)
        out = np.full(len(self.groups), np.inf)
        np.minimum.at(out, self._group, bound)
        close = bound < near
        for group in np.flatnonzero(out < near):
            members = np.flatnonzero(close & (self._group == group))
            out[group] = near
            for pair in members[np.argsort(bound[members], kind='stable')]:
                if bound[pair] >= out[group]:
                    break
                out[group] = min(out[group], self._exact(transforms, pair).distance)
        return out

    def _bounds(self, transforms: np.ndarray) -> np.ndarray:
        """Return what the distance of every pair is at least, (P,), m."""
        centers = (transforms[:, :3, :3] @ self._centers)[:, :, 0] + transforms[:, :3, 3]
        apart = centers[self._first] - centers[self._second]
        out = np.linalg.norm(apart, axis=1)
        if len(self._flat):
            up = transforms[self._second[self._flat], :3, 2]
            out[self._flat] = (apart[self._flat] * up).sum(1)
        return out - self._radii

    def _exact(self, transforms: np.ndarray, pair: int) -> Nearest:
        i, j = int(self._first[pair]), int(self._second[pair])
        result = self._result
        result.clear()
        distance = coal.distance(
            self._bodies[i].shape, _placed(transforms[i]),
            self._bodies[j].shape, _placed(transforms[j]),
            self._request, result,
        )  # fmt: skip
        return Nearest(i, j, distance, result.getNearestPoint1(), result.getNearestPoint2())


def _placed(T: np.ndarray) -> coal.Transform3s:
    return coal.Transform3s(T[:3, :3], T[:3, 3])
