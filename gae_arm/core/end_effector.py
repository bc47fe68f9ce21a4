"""What the axes of the end effector frame mean: the only place that knows.

All arms of `config/arms` have the same frame between the pads of their two fingers: z points out of
the gripper, along the approach; the fingers open and close along y. Turned by pi about z, a
two-finger gripper grasps the same.
"""

from __future__ import annotations

import numpy as np

FINGERS, APPROACH = 1, 2
"""Columns of R_base_ee: the direction in which the fingers open, and the approach."""
DOWN = np.array([0.0, 0.0, -1.0])
HALF_TURN = np.diag([-1.0, -1.0, 1.0])
"""R_ee_ee' of the gripper's symmetry."""


def approach(rotation: np.ndarray) -> np.ndarray:
    """Return the unit approach directions (..., 3) of orientations R_base_ee (..., 3, 3)."""
    return rotation[..., APPROACH]


def grasp_rotation(direction: np.ndarray, fingers: np.ndarray) -> np.ndarray:
    """Return R_base_ee (3, 3) that approaches along `direction` with the fingers along `fingers`.

    direction: (3,), not zero. fingers: (3,), not parallel to it; only its part across counts.
    """
    z = direction / np.linalg.norm(direction)
    y = fingers - (fingers @ z) * z
    y = y / np.linalg.norm(y)
    return np.stack([np.cross(y, z), y, z], axis=1)


def nearest_grasp(rotation: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return the one of the two equal grasps (3, 3) that is less of a turn from `present`."""
    other = rotation @ HALF_TURN
    # The trace of R^T R' falls with the angle between the two.
    return rotation if np.sum(present * rotation) >= np.sum(present * other) else other


def turned_to(direction: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return the R_base_ee (3, 3) that approaches along `direction` with the least turn.

    direction: unit (3,). present: R_base_ee (3, 3). From the opposite direction, where every axis
    is as near, the gripper is turned about its fingers' axis.
    """
    z = present[:, APPROACH]
    cosine = float(z @ direction)
    if cosine < -1 + 1e-9:
        return present @ np.diag([-1.0, 1.0, -1.0])
    x, y, w = np.cross(z, direction)
    cross = np.array([[0.0, -w, y], [w, 0.0, -x], [-y, x, 0.0]])
    return (np.eye(3) + cross + cross @ cross / (1 + cosine)) @ present
