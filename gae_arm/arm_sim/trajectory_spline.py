"""A piecewise polynomial through the points of a joint trajectory, cheap to sample at 1 kHz.

The interpolation is that of ros2_control's joint_trajectory_controller (`trajectory.cpp`, Jazzy):
linear between positions, cubic where velocities are given too, quintic where accelerations are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from gae_arm.core.errors import InvalidValueError


class TrajectorySpline:
    """Position and velocity of J joints over absolute time; constant after the last knot.

    times_ns: K strictly increasing times, nanoseconds, K >= 1.
    points: one to three float64 (K, J): positions (rad or m), velocities (per second),
        accelerations (per second squared); that makes it linear, cubic or quintic.

    Raises InvalidValueError when the polynomials leave what a float can hold.
    """

    def __init__(self, times_ns: list[int], points: Sequence[np.ndarray]) -> None:
        self._times_ns = times_ns
        self._joints = points[0].shape[1]
        velocity = points[1][-1] if len(points) > 1 else np.zeros(self._joints)
        self._final = np.concatenate([points[0][-1], velocity])
        self._table = _table(np.diff(times_ns)[:, None] * 1e-9, points)
        self._exponents = np.arange(self._table.shape[1])

    @property
    def begin_ns(self) -> int:
        """Time of the first knot."""
        return self._times_ns[0]

    @property
    def end_ns(self) -> int:
        """Time of the last knot."""
        return self._times_ns[-1]

    def sample(self, now_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return position (J,) and velocity (J,); before the first knot those of the first knot.

        After the last knot they are the last point's position and velocity, as the real
        controller keeps commanding them.
        """
        if now_ns >= self._times_ns[-1]:
            state = self._final.copy()
        else:
            k, u = self._segment(now_ns)
            state = u**self._exponents @ self._table[k]
        return state[: self._joints], state[self._joints :]

    def acceleration(self, now_ns: int) -> np.ndarray:
        """Return the acceleration (J,); zero on linear segments and after the last knot."""
        if now_ns >= self._times_ns[-1]:
            return np.zeros(self._joints)
        k, u = self._segment(now_ns)
        duration = (self._times_ns[k + 1] - self._times_ns[k]) * 1e-9
        slope = self._exponents[1:] * u ** self._exponents[:-1]
        return slope @ self._table[k, 1:, self._joints :] / duration

    def _segment(self, now_ns: int) -> tuple[int, float]:
        """Return the segment of a time before the end, and how far along it is, 0.0 to 1.0."""
        k = max(bisect_right(self._times_ns, now_ns) - 1, 0)
        start, end = self._times_ns[k], self._times_ns[k + 1]
        return k, max(now_ns - start, 0) / (end - start)


def _table(seconds: np.ndarray, points: Sequence[np.ndarray]) -> np.ndarray:
    """Return coefficients (K-1, 2 | 4 | 6, 2J) of u in 0..1: position, then velocity columns."""
    with np.errstate(over='ignore', invalid='ignore'):
        position = np.stack(_coefficients(seconds, points), axis=1)
        velocity = np.zeros_like(position)
        powers = np.arange(1, position.shape[1])[:, None]
        velocity[:, :-1] = position[:, 1:] * powers / seconds[:, None]
        table = np.concatenate([position, velocity], axis=2)
        worst = np.abs(table).sum(axis=1)  # Bounds the value at every u in 0..1.
    if not np.isfinite(worst).all():
        k = int(np.argwhere(~np.isfinite(worst))[0, 0])
        raise InvalidValueError(f'the interpolation overflows after {k} segments')
    return table


def _coefficients(seconds: np.ndarray, points: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the coefficients of 1, u, u^2, ..., each (K-1, J), with u = time / duration."""
    start, step = points[0][:-1], np.diff(points[0], axis=0)
    if len(points) == 1:
        return [start, step]
    v0, v1 = points[1][:-1] * seconds, points[1][1:] * seconds
    if len(points) == 2:
        return [start, v0, 3 * step - 2 * v0 - v1, -2 * step + v0 + v1]
    a0, a1 = 0.5 * points[2][:-1] * seconds**2, 0.5 * points[2][1:] * seconds**2
    return [
        start,
        v0,
        a0,
        10 * step - 6 * v0 - 4 * v1 - 3 * a0 + a1,
        -15 * step + 8 * v0 + 7 * v1 + 3 * a0 - 2 * a1,
        6 * step - 3 * v0 - 3 * v1 - a0 + a1,
    ]
