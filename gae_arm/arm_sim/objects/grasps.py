"""Grasp candidates of simple shapes, in the frame of the object."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gae_arm.arm_sim.objects.item import MAX_GRASP, Grasp
from gae_arm.core.geometry import rpy_to_matrix, transform

PALM = 0.035
"""The pads reach at most so far below the top of what they hold, metres, or the palm touches it."""


def from_above(
    width: float, yaw: float, z: float = 0.0, x: float = 0.0, y: float = 0.0
) -> tuple[Grasp, ...]:
    """Return the two grasps, half a turn apart, from above at (x, y, z); () if it is too wide.

    width: m between the pads. yaw: rad; at 0 the fingers close along the object's y axis.
    """
    if width > MAX_GRASP:
        return ()
    turns = (rpy_to_matrix(np.pi, 0, angle) for angle in (yaw, yaw + np.pi))
    return tuple(Grasp(transform(turn, [x, y, z]), width) for turn in turns)


def on_box(x: float, y: float, z: float = 0.0) -> tuple[Grasp, ...]:
    """Return the grasps from above of a box with edges x and y, at height z in its frame."""
    return (*from_above(y, 0.0, z), *from_above(x, np.pi / 2, z))


def on_round(
    radius: float, z: float = 0.0, yaws: Iterable[float] = np.arange(6) * np.pi / 6
) -> tuple[Grasp, ...]:
    """Return the grasps from above of something round about z, at height z in its frame."""
    return tuple(grasp for yaw in yaws for grasp in from_above(2 * radius, yaw, z))


def depth(half_height: float) -> float:
    """Return the z at which to hold something from above whose middle is z = 0: there if it can."""
    return max(0.0, half_height - PALM)
