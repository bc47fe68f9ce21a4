"""Rotations and rigid transforms.

Conventions: a transform says its direction, `T_base_camera` maps camera points into the base
(`p_base = T_base_camera @ p_camera`). Quaternions are (x, y, z, w) as in ROS. Angles in radians,
lengths in metres. All functions take leading batch dimensions unless they say otherwise.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

Row = tuple[float, float, float]
Rows = tuple[Row, Row, Row]


def _matrix_of_products() -> np.ndarray:
    """Return (16, 9): how a rotation's entries follow from the products of its unit quaternion.

    Its transpose, times the entries, plus the identity, is four times the products.
    """
    out = np.zeros((4, 4, 3, 3))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        out[[i, 3, j, k], [i, 3, j, k], i, i] = 1, 1, -1, -1
        out[[i, j], [j, i], i, j] = out[[i, j], [j, i], j, i] = 1
        out[[k, 3], [3, k], i, j], out[[k, 3], [3, k], j, i] = -1, 1
    return out.reshape(16, 9)


_MATRIX_OF_PRODUCTS, _ONE = _matrix_of_products(), np.eye(4).reshape(16)


def quaternion_to_matrix(quaternion: npt.ArrayLike) -> np.ndarray:
    """Return rotation matrices (..., 3, 3) of quaternions (..., 4); they need not be unit."""
    q = np.asarray(quaternion, dtype=np.float64)
    if q.shape == (4,):
        return np.array(_matrix_of(*q.tolist()))
    q = q / np.sqrt((q * q).sum(axis=-1, keepdims=True))
    products = (q[..., :, None] * q[..., None, :]).reshape(*q.shape[:-1], 16)
    return (products @ _MATRIX_OF_PRODUCTS).reshape(*q.shape[:-1], 3, 3)


def matrix_to_quaternion(matrix: npt.ArrayLike) -> np.ndarray:
    """Return unit quaternions (..., 4), w >= 0, of rotation matrices (..., 3, 3).

    The largest component is taken from the diagonal, which is stable at every angle
    (Shepperd 1978, "Quaternion from rotation matrix").
    """
    m = np.asarray(matrix, dtype=np.float64)
    if m.shape == (3, 3):
        return np.array(_quaternion_of(*m.tolist()))
    # Four times the products of q with itself: each row of them is q but for its length.
    products = m.reshape(-1, 9) @ _MATRIX_OF_PRODUCTS.T + _ONE
    largest = products[:, ::5].argmax(axis=1)
    q = products.reshape(-1, 4, 4)[np.arange(len(products)), largest]
    q /= np.copysign(np.sqrt((q * q).sum(axis=1)), q[:, 3])[:, None]
    return q.reshape(*m.shape[:-2], 4)


# One rotation at a time is what a control loop turns: numbers are ten times as fast as arrays then.


def _matrix_of(x: float, y: float, z: float, w: float) -> Rows:
    length = math.sqrt(x * x + y * y + z * z + w * w) or math.nan
    x, y, z, w = x / length, y / length, z / length, w / length
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )


def _quaternion_of(one: Row, two: Row, three: Row) -> tuple[float, float, float, float]:
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = one, two, three
    x, y, z, w = 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz
    most = max(x, y, z, w)
    if most == w:
        q = zy - yz, xz - zx, yx - xy, w
    elif most == x:
        q = x, yx + xy, xz + zx, zy - yz
    elif most == y:
        q = yx + xy, y, zy + yz, xz - zx
    else:
        q = xz + zx, zy + yz, z, yx - xy
    length = math.copysign(math.sqrt(sum(part * part for part in q)), q[3])
    return (q[0] / length, q[1] / length, q[2] / length, q[3] / length)


def rpy_to_matrix(roll: float, pitch: float, yaw: float) -> np.ndarray:
    """Return Rz(yaw) Ry(pitch) Rx(roll), (3, 3): URDF's and tf's fixed-axis convention."""
    (cr, sr), (cp, sp), (cy, sy) = ((np.cos(a), np.sin(a)) for a in (roll, pitch, yaw))
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def rotation_vector_to_matrix(vector: npt.ArrayLike) -> np.ndarray:
    """Return rotations (..., 3, 3) by |v| radians about v of rotation vectors v (..., 3)."""
    v = np.asarray(vector, dtype=np.float64)
    half = np.sqrt((v * v).sum(axis=-1, keepdims=True)) / 2
    # sinc is smooth at zero: sin(a) / a of half the angle.
    return quaternion_to_matrix(np.concatenate([v / 2 * np.sinc(half / np.pi), np.cos(half)], -1))


def matrix_to_rotation_vector(matrix: npt.ArrayLike) -> np.ndarray:
    """Return rotation vectors (..., 3), of length 0 to pi, of rotations (..., 3, 3)."""
    q = matrix_to_quaternion(matrix)
    if q.ndim == 1:
        x, y, z, w = q.tolist()
        sine = math.sqrt(x * x + y * y + z * z)
        return q[:3] * (2 * math.atan2(sine, w) / sine if sine > 0 else 2.0)
    sines = np.sqrt((q[..., :3] * q[..., :3]).sum(axis=-1, keepdims=True))
    half = np.arctan2(sines, q[..., 3:])
    return q[..., :3] * 2 / np.sinc(half / np.pi)


def angle_between(rotation: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the angles (...), 0 to pi, between rotations (..., 3, 3)."""
    difference = rotation - other
    size = np.sqrt((difference * difference).sum(axis=(-2, -1)))
    angles: np.ndarray = 2 * np.arcsin(np.minimum(size / (2 * math.sqrt(2)), 1.0))
    return angles


def transform(rotation: npt.ArrayLike, translation: npt.ArrayLike) -> np.ndarray:
    """Return homogeneous transforms (..., 4, 4) of (..., 3, 3) and (..., 3)."""
    r = np.asarray(rotation, dtype=np.float64)
    t = np.asarray(translation, dtype=np.float64)
    out = np.zeros((*np.broadcast_shapes(r.shape[:-2], t.shape[:-1]), 4, 4))
    out[..., :3, :3], out[..., :3, 3], out[..., 3, 3] = r, t, 1.0
    return out


def invert(T: npt.ArrayLike) -> np.ndarray:
    """Return the inverse of rigid transforms (..., 4, 4)."""
    matrix = np.asarray(T, dtype=np.float64)
    r_inverse = np.swapaxes(matrix[..., :3, :3], -1, -2)
    return transform(r_inverse, -(r_inverse @ matrix[..., :3, 3:])[..., 0])


def adjoint(T: npt.ArrayLike) -> np.ndarray:
    """Return (..., 6, 6): twists (v, w) of frame b into those of frame a, for T_a_b (..., 4, 4).

    T_a_b exp(twist_b) = exp(adjoint(T_a_b) twist_b) T_a_b; (v, w) in m and rad.
    """
    matrix = np.asarray(T, dtype=np.float64)
    r, (x, y, z) = matrix[..., :3, :3], np.moveaxis(matrix[..., :3, 3], -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(r.shape)
    out = np.zeros((*r.shape[:-2], 6, 6))
    out[..., :3, :3] = out[..., 3:, 3:] = r
    out[..., :3, 3:] = cross @ r
    return out


def interpolate(T_from: np.ndarray, T_to: np.ndarray, share: float) -> np.ndarray:
    """Return the transform (4, 4) at `share` of the way, 0 to 1: straight, at a constant turn."""
    turn = matrix_to_rotation_vector(T_from[:3, :3].T @ T_to[:3, :3])
    rotation = T_from[:3, :3] @ rotation_vector_to_matrix(share * turn)
    return transform(rotation, (1 - share) * T_from[:3, 3] + share * T_to[:3, 3])


def transform_points(T: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points (..., 3) by one transform (4, 4); the result keeps the points' dtype."""
    r, t = T[:3, :3].astype(points.dtype), T[:3, 3].astype(points.dtype)
    return points @ r.T + t


def rigid(name: str, value: npt.ArrayLike) -> np.ndarray:
    """Return `value` as a read-only rigid transform (4, 4); raise InvalidValueError otherwise."""
    T = checks.array(name, value, (4, 4))
    if _certainly_rigid(*T.tolist()):
        return T
    if np.abs(T[3] - [0, 0, 0, 1]).max() > 1e-9:
        raise InvalidValueError(f'{name} has last row {T[3].tolist()}, expected [0, 0, 0, 1]')
    error = np.abs(T[:3, :3] @ T[:3, :3].T - np.eye(3)).max()
    determinant = np.linalg.det(T[:3, :3])
    if error > 1e-4 or determinant < 0:
        raise InvalidValueError(
            f'{name} is not a rotation: |R R^T - I| = {error:.3g}, det = {determinant:.3g}'
        )
    return T


def _certainly_rigid(x: list[float], y: list[float], z: list[float], last: list[float]) -> bool:
    """Return whether these rows (4,) are well within what `rigid` allows.

    For one matrix, plain numbers take a tenth of the time that numpy does.
    """
    (a, b, c, _), (d, e, f, _), (g, h, i, _) = x, y, z
    return (
        last == [0.0, 0.0, 0.0, 1.0]
        and abs(a * a + b * b + c * c - 1.0) < 1e-5
        and abs(d * d + e * e + f * f - 1.0) < 1e-5
        and abs(g * g + h * h + i * i - 1.0) < 1e-5
        and abs(a * d + b * e + c * f) < 1e-5
        and abs(a * g + b * h + c * i) < 1e-5
        and abs(d * g + e * h + f * i) < 1e-5
        and a * (e * i - f * h) + b * (f * g - d * i) + c * (d * h - e * g) > 0.0
    )


def look_at(eye: npt.ArrayLike, target: npt.ArrayLike, up: npt.ArrayLike = (0, 0, 1)) -> np.ndarray:
    """Return T_world_optical (4, 4): a camera at `eye` with its z axis towards `target`.

    Optical frame of REP-103: z forward, x right, y down. Raises InvalidValueError when the
    direction is zero or parallel to `up`.
    """
    eye, target, up = (
        checks.array(n, v, (3,)) for n, v in (('eye', eye), ('target', target), ('up', up))
    )
    z = target - eye
    x = np.cross(z, up)
    if np.linalg.norm(z) < 1e-9 or np.linalg.norm(x) < 1e-9:
        raise InvalidValueError(f'no view from {eye.tolist()} to {target.tolist()} with this up')
    z, x = z / np.linalg.norm(z), x / np.linalg.norm(x)
    return transform(np.stack([x, np.cross(z, x), z], -1), eye)
