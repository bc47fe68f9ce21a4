"""How fast a curve is travelled: as fast as speeds and accelerations allow, resting where it must.

The curve is measured by its *way* w: the time it would take at full speed, dw^2 = (|dx| / v)^2 +
(dtheta / omega)^2. With the rate r = dw/dt <= 1 both speeds are kept. The acceleration is
x'' r^2 + x' r', primes per way; of its limit, `ACROSS` is for the part across the motion, `ALONG`
for the part along it, whose squares add up to 1. What x'' has along the motion (turns and ways that
share the rate) takes from the latter. So each stretch has a largest r^2 and a largest |d(r^2)/dw|,
and the fastest r^2(w) is the lower envelope of cones: one pass forward and one backward.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from action_expert.waypoint_curve import Curve

ACROSS, ALONG = 0.6, 0.8
SHARED = 0.4
"""Share of an acceleration limit that x'' may take of the part along the motion."""
SAMPLES, FEWEST, MOST = 2048, 12, 24
"""Aim for the samples of all pieces together; fewest and most per piece."""


@dataclass(frozen=True)
class MotionLimits:
    """Limits of the end effector: m/s, m/s^2, rad/s, rad/s^2, all > 0."""

    speed: float
    acceleration: float
    turn_speed: float
    turn_acceleration: float


@dataclass(frozen=True, eq=False)
class TimedCurve:
    """Samples of a curve with the time of each; the last of a piece and the first of the next meet.

    seconds: float64 (S, n+1), since the beginning of each piece. way: (S, n+1), since that of the
    curve, s at full speed. values, rates: (S, n+1, 7), position and unit quaternion, and their
    change per second.
    """

    seconds: np.ndarray
    way: np.ndarray
    values: np.ndarray
    rates: np.ndarray


def timed(curve: Curve, limits: MotionLimits) -> TimedCurve:
    """Return the fastest motion along the curve within the limits."""
    pieces = len(curve.start)
    n = min(max(SAMPLES // pieces, FEWEST), MOST)
    values, slopes = _unit(*curve.evaluate(np.linspace(0.0, 1.0, 2 * n + 1)))
    speed = _per_way(values, slopes, limits)
    # Simpson's rule over each interval, whose middle is evaluated for it.
    steps = (speed[:, :-2:2] + 4 * speed[:, 1::2] + speed[:, 2::2]) / (6 * n)
    slopes = slopes / speed[..., None]
    halves = (speed[:, :-1] + speed[:, 1:]) / (4 * n)
    r = np.sqrt(_squared_rates(values, slopes, halves, steps, curve.rests, limits))
    values, slopes = values[:, ::2], slopes[:, ::2]
    seconds = np.zeros_like(r)
    np.cumsum(2 * steps / (r[:, :-1] + r[:, 1:]), axis=1, out=seconds[:, 1:])
    way = np.zeros_like(r)
    np.cumsum(steps, axis=1, out=way[:, 1:])
    way[1:] += np.cumsum(way[:-1, -1])[:, None]
    return TimedCurve(seconds, way, values, slopes * r[..., None])


def _unit(values: np.ndarray, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normalise the quaternions (..., 7) and their derivatives."""
    q, q_dot = values[..., 3:], slopes[..., 3:]
    length = np.linalg.norm(q, axis=-1, keepdims=True)
    q = q / length
    q_dot = (q_dot - q * (q * q_dot).sum(axis=-1, keepdims=True)) / length
    join = np.concatenate
    return join([values[..., :3], q], axis=-1), join([slopes[..., :3], q_dot], axis=-1)


def _per_way(values: np.ndarray, slopes: np.ndarray, limits: MotionLimits) -> np.ndarray:
    """Return dw/du (...): how much way a curve with these derivatives makes, always > 0."""
    x, w = slopes[..., :3], turning(values[..., 3:], slopes[..., 3:])
    ways = np.linalg.norm(x, axis=-1) / limits.speed
    return np.maximum(np.hypot(ways, np.linalg.norm(w, axis=-1) / limits.turn_speed), 1e-12)


def turning(q: np.ndarray, q_dot: np.ndarray) -> np.ndarray:
    """Return angular velocities (..., 3) in the base frame: the vector part of 2 q_dot q^-1."""
    vector, vector_dot = q[..., :3], q_dot[..., :3]
    turn = q[..., 3:] * vector_dot - q_dot[..., 3:] * vector
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):  # np.cross takes five times as long
        turn[..., i] -= q_dot[..., j] * q[..., k] - q_dot[..., k] * q[..., j]
    return 2 * turn


def _squared_rates(
    values: np.ndarray,
    slopes: np.ndarray,
    halves: np.ndarray,
    steps: np.ndarray,
    rests: np.ndarray,
    limits: MotionLimits,
) -> np.ndarray:
    """Return r^2 (S, n+1) at the samples.

    values, slopes: (S, 2n+1, 7), at the middles of intervals too: a hairpin may lie in one. halves:
    (S, 2n), steps: (S, n), way of half intervals and of whole ones.
    """
    turn = turning(values[..., 3:], slopes[..., 3:])
    top, gain = _bounds(slopes[..., :3], halves, limits.acceleration)
    turn_top, turn_gain = _bounds(turn, halves, limits.turn_acceleration)
    top = np.minimum(np.minimum(top, turn_top), 1.0)
    gain = 2 * steps * np.minimum(gain, turn_gain)
    y = np.ones((len(steps), steps.shape[1] + 1))
    y[:, :-1] = top
    y[:, 1:] = np.minimum(y[:, 1:], top)
    y[rests[:-1], 0] = y[rests[1:], -1] = 0.0
    # Between pieces nothing is gained: both samples of a knot get the same rate.
    rise = np.concatenate([gain, np.zeros((len(gain), 1))], axis=1).ravel()
    forward = _envelope(y.ravel(), np.concatenate([[0.0], np.cumsum(rise[:-1])]))
    backward = _envelope(forward[::-1], np.concatenate([[0.0], np.cumsum(rise[-2::-1])]))
    return np.maximum(backward[::-1].reshape(y.shape), 0.0)


def _bounds(
    derivative: np.ndarray, steps: np.ndarray, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest r^2 and the largest |r'|, (S, n) each, of pairs of half intervals.

    derivative: (S, 2n+1, 3), x' at their ends, per way; steps: (S, 2n), way.
    """
    middle = (derivative[:, 1:] + derivative[:, :-1]) / 2
    second = np.diff(derivative, axis=1) / steps[..., None]
    size = np.maximum(np.linalg.norm(middle, axis=-1), 1e-12)
    along = np.abs((second * middle).sum(axis=-1)) / size
    across = np.sqrt(np.maximum((second**2).sum(axis=-1) - along**2, 0.0))
    top = np.minimum(
        ACROSS * limit / np.maximum(across, 1e-12), SHARED * limit / np.maximum(along, 1e-12)
    )
    gain = (ALONG * limit - along * np.minimum(top, 1.0)) / size
    return np.minimum(top[:, ::2], top[:, 1::2]), np.minimum(gain[:, ::2], gain[:, 1::2])


def _envelope(y: np.ndarray, rise: np.ndarray) -> np.ndarray:
    """Return the largest function below y that grows no faster than `rise`, (M,) each."""
    return rise + np.minimum.accumulate(y - rise)
