"""How far the arm in a depth image is from where camera pose and joints put it.

Point-to-plane alignment (Chen and Medioni 1992) of the drawn surface to the depth image: each
surface point is compared with what its pixel measures, which needs no search for neighbours. Tukey
weights leave out what is not the arm: a carried object, a person in front of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core.geometry import (
    matrix_to_rotation_vector,
    rotation_vector_to_matrix,
    transform,
    transform_points,
)
from gae_arm.core.projection import project
from gae_arm.point_cloud.calibration.arm_image import ArmImage
from gae_arm.point_cloud.rays import RayTable

MAX_POINTS = 2000
STEPS = 8
GATE = 0.05
TUKEY = 4.685
MIN_SPREAD = 0.003
# Neighbouring pixels err alike, so that so many count as one.
ALIKE = 10.0
# Standard deviations of shift (m) and turn (rad) before anything is measured, and the largest ones
# afterwards: directions that the visible surface does not determine better are reported as zero.
PRIOR = np.array([0.05] * 3 + [np.radians(5.0)] * 3)
MAX_SHIFT_DEVIATION, MAX_TURN_DEVIATION = 0.003, np.radians(0.7)
MIN_POINTS = 100


@dataclass(frozen=True, eq=False)
class ArmShift:
    """Where the arm is seen, against where it should be; optical frame.

    shift: float64 (3,), metres, of the middle of the surface that is seen. turn: float64 (3,),
    rotation vector about that middle. Both are zero along directions that the surface does not
    determine. directions: in how many of three the shift is determined.
    matched: share of the points, of those whose pixel measures something, that the depth image has
    within GATE of its place; behind: share where it measures something farther, so that nothing
    is there.
    points: number of points whose pixel measures something.
    """

    shift: np.ndarray
    turn: np.ndarray
    directions: int
    matched: float
    behind: float
    points: int

    @property
    def hidden(self) -> float:
        """Share of the points before which something else is measured."""
        return 1 - self.matched - self.behind


def arm_shift(image: ArmImage, depth: np.ndarray, rays: RayTable) -> ArmShift | None:
    """Return the shift; None if fewer than MIN_POINTS points of the arm can be compared.

    depth: float32 (H, W), metres, 0, NaN or inf invalid, of the camera of `rays`. Shifts of up to
    3 cm are found; of larger ones, `matched` and `behind` tell.
    """
    every = slice(None, None, -(-len(image.points) // MAX_POINTS) or 1)
    points, normals = image.points[every], image.normals[every]
    if len(points) < MIN_POINTS:
        return None
    T, middle = np.eye(4), points.mean(0)
    precision = np.diag(PRIOR**-2.0)
    for step in range(STEPS):
        moved, facing = transform_points(T, points), normals @ T[:3, :3].T
        measured = _measure(moved, depth, rays)
        valid = np.isfinite(measured[:, 2])
        if valid.sum() < MIN_POINTS:
            return None
        r = np.einsum('ni,ni->n', facing, measured - moved)
        near = valid & (np.abs(r) < GATE)
        centre = T[:3, :3] @ middle + T[:3, 3]
        J = np.concatenate([facing, np.cross(moved - centre, facing)], -1)
        weights = _weights(r, near, robust=step > 1)
        information = (J * weights[:, None]).T @ J
        so_far = np.concatenate([centre - middle, matrix_to_rotation_vector(T[:3, :3])])
        slope = J.T @ (weights * np.where(near, r, 0.0)) - precision @ so_far
        T = _about(centre, np.linalg.solve(information + precision, slope)) @ T
    covariance = np.linalg.inv(information + precision)
    known, turn_known = (
        _determined(covariance[:3, :3], MAX_SHIFT_DEVIATION),
        _determined(covariance[3:, 3:], MAX_TURN_DEVIATION),
    )
    behind = valid & ~near & (measured[:, 2] > moved[:, 2])
    count = int(valid.sum())
    return ArmShift(
        known @ (T[:3, :3] @ middle + T[:3, 3] - middle),
        turn_known @ matrix_to_rotation_vector(T[:3, :3]),
        round(float(np.trace(known))),
        float(near.sum() / count),
        float(behind.sum() / count),
        count,
    )


def _determined(covariance: np.ndarray, largest: float) -> np.ndarray:
    """Return the projection (3, 3) onto the principal directions with at most that deviation."""
    variances, directions = np.linalg.eigh(covariance)
    kept = directions[:, variances <= largest**2]
    return kept @ kept.T


def _measure(points: np.ndarray, depth: np.ndarray, rays: RayTable) -> np.ndarray:
    """Return what the pixels of the points (N, 3) measure, (N, 3), NaN where they do not."""
    height, width = depth.shape
    pixels = np.rint(project(rays.intrinsics, points))
    inside = ((pixels >= 0) & (pixels < [width, height])).all(-1)
    column, row = np.where(inside[:, None], pixels, 0).astype(np.int64).T
    z = depth[row, column].astype(np.float64)
    z = np.where(inside & (z > 0) & (z < np.inf), z, np.nan)
    return np.stack([rays.x[row, column] * z, rays.y[row, column] * z, z], -1)


def _weights(r: np.ndarray, near: np.ndarray, robust: bool) -> np.ndarray:
    """Return the weights (N,) of the residuals r (N,), metres, per square metre."""
    used = r[near]
    if not len(used):
        return np.zeros(len(r))
    spread = 1.4826 * float(np.median(np.abs(used - np.median(used))))
    spread = max(spread, MIN_SPREAD)
    tukey = np.clip(1 - (np.where(near, r, np.inf) / (TUKEY * spread)) ** 2, 0, None) ** 2
    return (tukey if robust else near.astype(np.float64)) / (spread**2 * ALIKE)


def _about(centre: np.ndarray, twist: np.ndarray) -> np.ndarray:
    """Return the motion (4, 4) by a shift twist[:3] and a rotation twist[3:] about `centre`."""
    R = rotation_vector_to_matrix(twist[3:])
    return transform(R, centre - R @ centre + twist[:3])
