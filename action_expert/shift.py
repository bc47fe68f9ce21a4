"""Poses beside a guide: shifted and turned, as a policy corrects what it follows.

A shift is (6,): m along and rotation vector, rad, about the axes of the base frame, the turn about
the pose's own place.
"""

from __future__ import annotations

import numpy as np

from gae_arm.core import geometry


def beside(T_base: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Return poses (..., 4, 4) with shifts (..., 6)."""
    turns = geometry.rotation_vector_to_matrix(shifts[..., 3:])
    return geometry.transform(turns @ T_base[..., :3, :3], T_base[..., :3, 3] + shifts[..., :3])


def apart(T_base: np.ndarray, T_other: np.ndarray) -> np.ndarray:
    """Return the shifts (..., 6) from poses (..., 4, 4) to others: `beside` takes them there."""
    turns = T_other[..., :3, :3] @ np.swapaxes(T_base[..., :3, :3], -1, -2)
    moves = T_other[..., :3, 3] - T_base[..., :3, 3]
    return np.concatenate([moves, geometry.matrix_to_rotation_vector(turns)], axis=-1)


def glide(
    start: np.ndarray, aims: np.ndarray, seconds: np.ndarray, constant: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return a way from a shift to shifts that are aimed at, and its rates: (M, 6) each.

    start: (2, 6), shift and its rate now. aims: (M, 6), at `seconds` (M,) from now, or (1, 6). The
    difference fades as a critically damped spring does, with a time constant, s: without a step in
    place or speed.
    """
    w, t = 1 / constant, seconds[:, None]
    aim_rates = np.gradient(aims, seconds, axis=0) if len(aims) > 1 else np.zeros_like(aims)
    a = start[0] - aims[0]
    b = start[1] - aim_rates[0] + w * a
    fading = np.exp(-w * t)
    return aims + (a + b * t) * fading, aim_rates + (b - w * (a + b * t)) * fading
