"""A gripper as a few lines: where it is, how it is turned, how far it is open."""

from __future__ import annotations

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.plan import Waypoint

FINGER, STEM = 0.045, 0.04  # m, lengths
NARROW, WIDE = 0.006, 0.04  # m, half the distance between the fingers, closed and open


def glyph(opening: float | None) -> np.ndarray:
    """Return line segments (4, 2, 3), metres, in the frame of the end effector.

    The fingertips are at the origin, the approach is +z, the fingers move along y. A gripper that
    stays as it is (None) is drawn half open.
    """
    half = NARROW + (WIDE - NARROW) * (0.5 if opening is None else opening)
    left, right = np.array([0, half, 0]), np.array([0, -half, 0])
    back = np.array([0, 0, -FINGER])
    return np.array(
        [
            [left, left + back],
            [right, right + back],
            [left + back, right + back],
            [back, back - [0, 0, STEM]],
        ]
    )


def waypoint_glyph(waypoint: Waypoint) -> np.ndarray:
    """Return the segments (4, 2, 3) in the waypoint's frame; (0, 2, 3) without an orientation."""
    if waypoint.orientation is None:
        return np.zeros((0, 2, 3))
    pose = geometry.transform(
        geometry.quaternion_to_matrix(waypoint.orientation), waypoint.position
    )
    segments = glyph(waypoint.gripper).reshape(-1, 3)
    return geometry.transform_points(pose, segments).reshape(-1, 2, 3)
