"""The things of a scene as points on their surfaces: what a hand must not run into."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gae_arm.arm_sim.scene import Part, Scene, SceneObject
from gae_arm.core import geometry

SPACING = 0.008
"""m between points; a finger is twice as wide."""


class Solids:
    """Points of all solid things of a scene, wherever these are."""

    def __init__(self, scene: Scene) -> None:
        self._points = {thing.name: points_of(thing) for thing in scene.objects}

    def points(self, poses: Mapping[str, np.ndarray], without: frozenset[str]) -> np.ndarray:
        """Return float64 (N, 3), m, base frame, of all things but some; poses: (4, 4) by name."""
        rows = [
            geometry.transform_points(poses[name], points)
            for name, points in self._points.items()
            if name not in without
        ]
        return np.concatenate([np.zeros((0, 3)), *rows])


def points_of(thing: SceneObject) -> np.ndarray:
    """Return points (N, 3) on all solid parts of a thing, m, in its own frame."""
    rows = [np.zeros((0, 3))]
    for part in thing.parts:
        if part.solid:
            rotation = geometry.quaternion_to_matrix(part.orientation)
            rows.append(_of_part(part) @ rotation.T + part.position)
    return np.concatenate(rows)


def _of_part(part: Part) -> np.ndarray:
    """Return points (N, 3) on the surface of a part, in its own frame."""
    if part.shape == 'box':
        return _box(part.size)
    if part.shape == 'cylinder':
        return _cylinder(*part.size)
    return _sphere(*part.size)


def _box(size: np.ndarray) -> np.ndarray:
    faces = []
    for axis in range(3):
        u, v = (_line(-size[i] / 2, size[i] / 2) for i in range(3) if i != axis)
        grid = np.stack(np.meshgrid(u, v, indexing='ij'), -1).reshape(-1, 2)
        for side in (-0.5, 0.5):
            faces.append(np.insert(grid, axis, side * size[axis], axis=1))
    return np.concatenate(faces)


def _cylinder(radius: float, height: float) -> np.ndarray:
    rings = [(radius, z) for z in _line(-height / 2, height / 2)]
    rings += [(r, side * height / 2) for r in _line(0.0, radius)[:-1] for side in (-1, 1)]
    return np.concatenate([_ring(r, z) for r, z in rings])


def _sphere(radius: float) -> np.ndarray:
    angles = _line(0.0, np.pi * radius) / radius
    return np.concatenate([_ring(radius * np.sin(a), radius * np.cos(a)) for a in angles])


def _ring(radius: float, z: float) -> np.ndarray:
    count = max(round(2 * np.pi * radius / SPACING), 1)
    angle = np.arange(count) * 2 * np.pi / count
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(count, z)], 1)


def _line(low: float, high: float) -> np.ndarray:
    return np.linspace(low, high, max(int(np.ceil((high - low) / SPACING)), 1) + 1)
