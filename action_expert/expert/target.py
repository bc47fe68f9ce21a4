"""What the network learns to answer: from the guide that it is given to the one that was meant.

Both guides go through the same waypoints, one as a planner said them, the other as they are. Where
one has come to a share of its way between two waypoints, the other's pose is the one at the same
share. The correction between the two is what an action is: a shift and a turn, in the local frame.
"""

from __future__ import annotations

import numpy as np

from action_expert.guide import Guide
from gae_arm.core import geometry

IDENTITY_6D = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0])


def same_phase(guide: Guide, other: Guide, times: np.ndarray) -> np.ndarray:
    """Return when `other` (M,) is as far as `guide` is at times (M,), s; both of K waypoints."""
    return np.interp(times, _marks(guide), _marks(other))


def _marks(guide: Guide) -> np.ndarray:
    """Return when the motion begins, and when each waypoint is reached and left: (1 + 2 K,)."""
    leaves = guide.arrivals.copy()
    for event in guide.events:
        leaves[event.waypoint] = event.leave
    marks = np.column_stack([guide.arrivals, leaves]).ravel()
    # Waypoints at one place: what comes later must not come before.
    return np.maximum.accumulate(np.concatenate([[0.0], marks])) + 1e-9 * np.arange(len(marks) + 1)


def correction(T_base: np.ndarray, T_meant: np.ndarray, T_base_local: np.ndarray) -> np.ndarray:
    """Return what leads from poses (M, 4, 4) to those meant, (M, 9): shift, m, and 6D turn less 1.

    Shift and turn are in the local frame: R_meant = R_turn R, about the local axes.
    """
    R = T_base_local[:3, :3]
    shift = (T_meant[..., :3, 3] - T_base[..., :3, 3]) @ R
    turn = R.T @ T_meant[..., :3, :3] @ np.swapaxes(T_base[..., :3, :3], -1, -2) @ R
    six = np.concatenate([turn[..., 0], turn[..., 1]], axis=-1)
    return np.concatenate([shift, six - IDENTITY_6D], axis=-1)


def shifts_of(corrections: np.ndarray, T_base_local: np.ndarray) -> np.ndarray:
    """Return corrections (M, 9) as shifts and rotation vectors (M, 6), base frame, m and rad."""
    R = T_base_local[:3, :3]
    x, y = np.split(corrections[:, 3:] + IDENTITY_6D, 2, axis=1)
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)
    y = y - (x * y).sum(axis=1, keepdims=True) * x
    y = y / np.maximum(np.linalg.norm(y, axis=1, keepdims=True), 1e-6)
    turns = np.stack([x, y, np.cross(x, y)], axis=-1)
    vectors = geometry.matrix_to_rotation_vector(turns)
    return np.concatenate([corrections[:, :3] @ R.T, vectors @ R.T], axis=1)
