"""The dominant plane of a cloud, by RANSAC and least squares: the table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.jit import kernel

VOTERS = 1024
REFINERS = 16384
REFINEMENTS = 3


@dataclass(frozen=True, eq=False)
class Plane(checks.Contract):
    """All points p with normal @ p = offset, and how well the cloud agrees.

    normal: float64 (3,), unit. offset: metres. inliers: share of the cloud's points within the
    threshold. rms: of the inliers' distances, metres.
    """

    normal: np.ndarray
    offset: float
    inliers: float
    rms: float

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Return the signed distances (N,) of points (N, 3), metres, positive along the normal."""
        return points @ self.normal.astype(points.dtype) - points.dtype.type(self.offset)


def find_plane(
    points: np.ndarray,
    threshold: float = 0.005,
    hypotheses: int = 4096,
    seed: int = 0,
    up: npt.ArrayLike | None = None,
    max_tilt: float = np.pi / 2,
) -> Plane | None:
    """Return the plane with the most points within `threshold` metres, or None.

    points: (N, 3), metres, finite. up: only planes whose normal is within `max_tilt` radians of it
    count, and the normal points that way; None: any plane, normal towards the frame's origin.
    None is returned for fewer than 3 points and when no plane is that upright. Every k-th point
    votes and refines, so that a large cloud costs no more than one of REFINERS points. The same
    points and seed give the same plane (RANSAC: Fischler and Bolles 1981).
    """
    checks.number('threshold', threshold, 1e-6)
    checks.number('max_tilt', max_tilt, 0.0)
    direction = _direction(up)
    cloud = np.asarray(points)
    if cloud.ndim != 2 or cloud.shape[1] != 3:
        raise InvalidValueError(f'points has shape {cloud.shape}, expected (N, 3)')
    if len(cloud) < 3:
        return None
    voters, refiners = _share(cloud, VOTERS), _share(cloud, REFINERS)
    triples = np.random.default_rng(seed).integers(voters.shape[1], size=(hypotheses, 3))
    votes = _vote(voters, triples, np.float32(threshold), direction, np.cos(max_tilt))
    if votes.max() < 3:
        return None
    normal, offset = _plane_through(voters[:, triples[votes.argmax()]].T.astype(np.float64))
    for _ in range(REFINEMENTS):
        normal, offset, inliers, rms = _least_squares(refiners, normal, offset, threshold)
    if up is not None and abs(normal @ direction) < np.cos(max_tilt):
        return None
    if (normal @ direction if up is not None else -offset) < 0:
        normal, offset = -normal, -offset
    return Plane(normal, offset, inliers, rms)


def _direction(up: npt.ArrayLike | None) -> np.ndarray:
    """Return `up` as a unit vector (3,), zeros for None."""
    if up is None:
        return np.zeros(3)
    vector = checks.array('up', up, (3,))
    length = np.linalg.norm(vector)
    if length < 1e-9:
        raise InvalidValueError(f'up is no direction: {vector.tolist()}')
    return vector / length


def _share(cloud: np.ndarray, count: int) -> np.ndarray:
    """Return about `count` of the points, at least all if there are fewer, as float32 (3, N)."""
    return np.ascontiguousarray(cloud[:: max(len(cloud) // count, 1)].T, np.float32)


def _plane_through(corners: np.ndarray) -> tuple[np.ndarray, float]:
    normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
    normal = normal / np.linalg.norm(normal)
    return normal, float(normal @ corners[0])


def _least_squares(
    points: np.ndarray, normal: np.ndarray, offset: float, threshold: float
) -> tuple[np.ndarray, float, float, float]:
    """Fit the plane to the points (3, N) near the given one: least eigenvector of their covariance.

    Returns the normal, the offset, and the share and RMS distance of the points fitted to.
    """
    a, b, c = map(float, normal)
    count, *sums = _moments(points, a, b, c, offset, threshold)
    x, y, z, xx, xy, xz, yy, yz, zz = np.array(sums) / count
    mean, square = np.array([x, y, z]), np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    values, vectors = np.linalg.eigh(square - np.outer(mean, mean))
    rms = float(np.sqrt(max(values[0], 0.0)))
    return vectors[:, 0], float(vectors[:, 0] @ mean), count / points.shape[1], rms


@kernel
def _moments(points, a, b, c, offset, threshold):  # type: ignore
    """Return count and sums of x, y, z, xx, xy, xz, yy, yz, zz of the points (3, N) near a plane.

    The plane: a x + b y + c z = offset.
    """
    count, x, y, z, xx, xy, xz, yy, yz, zz = 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(points.shape[1]):
        p, q, r = np.float64(points[0, i]), np.float64(points[1, i]), np.float64(points[2, i])
        if abs(a * p + b * q + c * r - offset) < threshold:
            count += 1
            x, y, z = x + p, y + q, z + r
            xx, xy, xz = xx + p * p, xy + p * q, xz + p * r
            yy, yz, zz = yy + q * q, yz + q * r, zz + r * r
    return count, x, y, z, xx, xy, xz, yy, yz, zz


@kernel
def _vote(points, triples, threshold, up, least_cosine):  # type: ignore
    """Return int64 (H,): how many of the points (3, N) lie on the plane through each triple.

    0 for a plane tilted too far from `up` (all zeros: any) and for points on one line.
    """
    px, py, pz = points[0], points[1], points[2]
    any_way = up[0] == 0 and up[1] == 0 and up[2] == 0
    votes = np.zeros(len(triples), np.int64)
    for h in range(len(triples)):
        a, b, c = triples[h, 0], triples[h, 1], triples[h, 2]
        ux, uy, uz = px[b] - px[a], py[b] - py[a], pz[b] - pz[a]
        vx, vy, vz = px[c] - px[a], py[c] - py[a], pz[c] - pz[a]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        length = np.sqrt(x * x + y * y + z * z)
        flat = (ux * ux + uy * uy + uz * uz) * (vx * vx + vy * vy + vz * vz)
        # Of equal points rounding may leave a length that is not zero.
        on_a_line = length <= max(np.float32(1e-9), np.float32(1e-4) * np.sqrt(flat))
        tilted = abs(x * up[0] + y * up[1] + z * up[2]) < least_cosine * length
        if not on_a_line and (any_way or not tilted):
            x, y, z = x / length, y / length, z / length
            offset = x * px[a] + y * py[a] + z * pz[a]
            count = np.int32(0)
            for i in range(len(px)):
                count += abs(x * px[i] + y * py[i] + z * pz[i] - offset) < threshold
            votes[h] = count
    return votes
