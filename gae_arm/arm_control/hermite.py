"""Cubic Hermite splines through points at uneven times: smooth velocity, no overshoot far away."""

from __future__ import annotations

import numpy as np

from gae_arm.core.jit import kernel


@kernel
def tangents(times: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return (K, D): the velocity at each point of the parabola through it and its neighbours.

    times: float64 (K,), s, increasing. points: float64 (K, D). Zero for one point.
    """
    count = len(times)
    out = np.zeros_like(points)
    if count == 2:
        out[:] = (points[1] - points[0]) / (times[1] - times[0])
    for i in range(count if count > 2 else 0):
        k = min(max(i, 1), count - 2)
        before, after = times[k] - times[k - 1], times[k + 1] - times[k]
        for j in range(points.shape[1]):
            left = (points[k, j] - points[k - 1, j]) / before
            right = (points[k + 1, j] - points[k, j]) / after
            bend = (right - left) / (before + after)
            out[i, j] = left + bend * before + 2 * bend * (times[i] - times[k])
    return out


@kernel
def sample(times: np.ndarray, points: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return float64 (M, 3, D): value, first and second derivative of the spline at times `at`.

    times: float64 (K,), s, increasing. points: float64 (K, D). at: float64 (M,), s, not decreasing.
    Before the first and after the last point the value stands still there.
    """
    slopes = tangents(times, points)
    out = np.zeros((len(at), 3, points.shape[1]))
    k = 0
    for i in range(len(at)):
        if len(times) == 1 or at[i] < times[0] or at[i] > times[-1]:
            out[i, 0] = points[-1] if at[i] > times[-1] else points[0]
            continue
        while k < len(times) - 2 and at[i] >= times[k + 1]:
            k += 1
        h = times[k + 1] - times[k]
        u = (at[i] - times[k]) / h
        for j in range(points.shape[1]):
            d = points[k + 1, j] - points[k, j]
            m0, m1 = slopes[k, j] * h, slopes[k + 1, j] * h
            b, c = 3 * d - 2 * m0 - m1, m0 + m1 - 2 * d
            out[i, 0, j] = points[k, j] + u * (m0 + u * (b + u * c))
            out[i, 1, j] = (m0 + u * (2 * b + u * 3 * c)) / h
            out[i, 2, j] = (2 * b + u * 6 * c) / (h * h)
    return out
