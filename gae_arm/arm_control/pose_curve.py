"""A chunk's poses as one smooth curve, and the offset that leads from another motion onto it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.arm_control import hermite
from gae_arm.core import geometry
from gae_arm.core.motion import ActionChunk


class PoseCurve:
    """Poses of a chunk over the seconds since its first action: smooth position and velocity.

    Quaternions are splined component by component and normalised: exact at the actions, and no
    rotation between them is too large. Before the first and after the last action it stands.

    duration: s from the first action to the last one that differs from the one before it.
    """

    def __init__(self, chunk: ActionChunk) -> None:
        q = chunk.orientation.copy()
        flips = np.cumprod(np.where((q[1:] * q[:-1]).sum(axis=1) < 0, -1.0, 1.0))
        q[1:] *= flips[:, None]
        self._times = (chunk.times_ns - chunk.times_ns[0]) * 1e-9
        self._points = np.concatenate([chunk.position, q], axis=1)
        self._gripper = chunk.gripper
        same = np.concatenate([self._points, chunk.gripper[:, None]], axis=1)
        moves = np.flatnonzero((same[1:] != same[:-1]).any(axis=1))
        self.duration = float(self._times[moves[-1] + 1]) if len(moves) else 0.0

    def poses(self, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return T_base_ee (M, 4, 4) and the twists (M, 6), [v; w] along the base frame's axes.

        seconds: (M,), not decreasing.
        """
        curve = hermite.sample(self._times, self._points, seconds)
        (x, v), (u, u_dot) = curve[:, :2, :3].swapaxes(0, 1), curve[:, :2, 3:].swapaxes(0, 1)
        length = np.linalg.norm(u, axis=1, keepdims=True)
        q = u / length
        q_dot = (u_dot - q * (q * u_dot).sum(axis=1, keepdims=True)) / length
        T = geometry.transform(geometry.quaternion_to_matrix(q), x)
        return T, np.concatenate([v, _angular_velocity(q, q_dot)], axis=1)

    def gripper(self, seconds: np.ndarray) -> np.ndarray:
        """Return the openings (M,), 0.0 closed to 1.0 open."""
        return np.interp(seconds, self._times, self._gripper)


def _angular_velocity(q: np.ndarray, q_dot: np.ndarray) -> np.ndarray:
    """Return w (M, 3) in the base frame: the vector part of 2 q_dot q^-1."""
    vector, vector_dot = q[:, :3], q_dot[:, :3]
    turn = q[:, 3:] * vector_dot - q_dot[:, 3:] * vector
    return 2 * (turn - np.cross(vector_dot, vector))


@dataclass(frozen=True)
class Seam:
    """The way from where the arm is onto a curve: an offset that fades within `seconds`.

    shift, shift_rate: (6,) each, position (m) and rotation vector (rad) of the arm relative to the
    curve at the seam, along the base frame's axes, and their rates per second.
    With u from 0 to 1 the offset is (1-u)^3 (o + u (3 o + T o')), which starts with o and o', and
    ends with value, velocity and acceleration 0.
    """

    shift: np.ndarray
    shift_rate: np.ndarray
    seconds: float

    @classmethod
    def between(
        cls,
        T_arm: np.ndarray,
        twist_arm: np.ndarray,
        T_curve: np.ndarray,
        twist_curve: np.ndarray,
        seconds: float,
    ) -> Seam:
        """Return the seam from a moving arm to a moving point of a curve."""
        turn = T_arm[:3, :3] @ T_curve[:3, :3].T
        phi = geometry.matrix_to_rotation_vector(turn)
        w = _left_jacobian_inverse(phi) @ (twist_arm[3:] - turn @ twist_curve[3:])
        return cls(
            shift=np.concatenate([T_arm[:3, 3] - T_curve[:3, 3], phi]),
            shift_rate=np.concatenate([twist_arm[:3] - twist_curve[:3], w]),
            seconds=seconds,
        )

    def apply(self, T: np.ndarray, since: np.ndarray) -> np.ndarray:
        """Return poses (M, 4, 4) of the curve with the offset `since` (M,) seconds after the seam.

        A seam of 0 s does nothing.
        """
        if self.seconds <= 0:
            return T
        u = np.clip(since / self.seconds, 0.0, 1.0)[:, None]
        offset = (1 - u) ** 3 * (self.shift + u * (3 * self.shift + self.seconds * self.shift_rate))
        out = T.copy()
        out[:, :3, 3] += offset[:, :3]
        out[:, :3, :3] = geometry.rotation_vector_to_matrix(offset[:, 3:]) @ T[:, :3, :3]
        return out


def _left_jacobian_inverse(phi: np.ndarray) -> np.ndarray:
    """Return (3, 3): the rate of a rotation vector per angular velocity, d phi/dt = J^-1 w.

    Source: Chirikjian, Stochastic Models, Information Theory, and Lie Groups 2, section 10.
    """
    x, y, z = phi
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = float(np.linalg.norm(phi))
    if angle < 1e-4:
        return np.eye(3) - cross / 2 + cross @ cross / 12
    factor = 1 / angle**2 - (1 + np.cos(angle)) / (2 * angle * np.sin(angle))
    return np.eye(3) - cross / 2 + factor * cross @ cross
