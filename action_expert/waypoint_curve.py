"""The geometry of a guide: one smooth curve of poses through waypoints, in cubic pieces.

Position and quaternion are one curve in R^7, normalised afterwards: the quaternions are on one
hemisphere first, so neighbours are at most a quarter of the unit sphere apart and the curve keeps
away from zero. Multiplying by a constant rotation is linear in them, so the curve turns with its
waypoints, exactly.

The pieces are those of the interpolating cubic B-spline over centripetal knots (Lee 1989, "Choosing
nodes in parametric curve interpolation"): continuous up to the second derivative. Where that would
swing out, its tangents are cut: no piece leaves the chord between its two waypoints by more than
4/9 of the chord's length, plus `SWING` of its weighed length. At a rest the curve begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SAME_PLACE, SAME_TURN = 1e-4, 1e-3
"""m, rad: waypoints nearer than this are one."""
STEEPEST = 1.5
"""Largest tangent, in slopes of the chord on either side of it."""
SWING = 0.05
"""What a tangent may always have of the weighed slope: a turn may begin in a piece without one."""
ON_THE_SPOT = 0.2
"""Tangent, in slopes of the chords, below which the curve turns on the spot: it rests there."""
BACK = -0.7
"""Cosine between two chords below which a straight one is not joined smoothly."""


@dataclass(frozen=True, eq=False)
class Curve:
    """S cubic pieces between S + 1 knots; S >= 1.

    knots: float64 (S+1, 7), position, m, and unit quaternion (x, y, z, w). start, end: (S, 7),
    derivative at both ends of each piece, per its parameter from 0 to 1. rests: bool (S+1,), where
    the motion has to stand: the derivative jumps there.
    """

    knots: np.ndarray
    start: np.ndarray
    end: np.ndarray
    rests: np.ndarray

    def evaluate(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return values and derivatives, (S, U, 7) each, at parameters u (U,), 0 to 1, of all."""
        p, q, a, b = (x[:, None] for x in (self.knots[:-1], self.knots[1:], self.start, self.end))
        u = u[:, None]
        d = q - p
        return (
            p + u * (a + u * (3 * d - 2 * a - b + u * (a + b - 2 * d))),
            a + u * (2 * (3 * d - 2 * a - b) + u * 3 * (a + b - 2 * d)),
        )


def one_hemisphere(quaternions: np.ndarray) -> np.ndarray:
    """Return the quaternions (K, 4) with signs such that no two neighbours are opposed."""
    out = quaternions.copy()
    signs = np.where((out[1:] * out[:-1]).sum(axis=1) < 0, -1.0, 1.0)
    out[1:] *= np.cumprod(signs)[:, None]
    return out


def distances(knots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ways, m, and the turns, rad, (S,) each, between neighbours of knots (S+1, 7)."""
    chord = np.diff(knots, axis=0)
    half = np.clip(np.linalg.norm(chord[:, 3:], axis=1) / 2, 0.0, 1.0)
    return np.linalg.norm(chord[:, :3], axis=1), 4 * np.arcsin(half)


def smooth_curve(
    knots: np.ndarray, rests: np.ndarray, straight: np.ndarray, weights: np.ndarray
) -> Curve:
    """Return the spline through knots (S+1, 7), S >= 1; neighbours differ, on one hemisphere.

    rests: bool (S+1,), where the motion stands; the first and the last one do. straight: bool
    (S,), pieces that are straight lines and are joined smoothly. weights: (2,), per m and per rad:
    what makes ways and turns comparable.
    """
    way, turn = distances(knots)
    h = np.sqrt(np.hypot(weights[0] * way, weights[1] * turn))[:, None]
    slopes = np.diff(knots, axis=0) / h
    start, end, rests = slopes.copy(), slopes.copy(), rests.copy()
    weigh = _Weights(slopes, weights)
    inner = np.flatnonzero(~rests)
    for k in inner[straight[inner - 1] | straight[inner]]:
        _join_straight(int(k), straight, weigh, start, end, rests)
    free = ~rests
    free[inner[straight[inner - 1] | straight[inner]]] = False
    tangents = _solve(h, slopes, start, end, free)
    k = np.flatnonzero(free)
    tangents[k] *= weigh.cut(tangents[k], k)
    turning = weigh.size(tangents[k]) < ON_THE_SPOT * weigh.least(k)
    rests[k[turning]] = True
    k = k[~turning]
    start[k], end[k - 1] = tangents[k], tangents[k]
    return Curve(knots, start * h, end * h, rests)


def straight_curve(knots: np.ndarray) -> Curve:
    """Return straight lines between the knots, with a rest at each: the ablation."""
    chord = np.diff(knots, axis=0)
    return Curve(knots, chord, chord, np.ones(len(knots), dtype=bool))


class _Weights:
    """Sizes of tangents (P, 7), ways and turns weighed; and how large they may be at knots."""

    def __init__(self, slopes: np.ndarray, weights: np.ndarray) -> None:
        # A quaternion changes by half of the angle.
        self._weights = weights * (1.0, 2.0)
        self.slopes = slopes
        self.parts = self.split(slopes)
        self.total = np.hypot(*self.parts.T)

    def split(self, tangents: np.ndarray) -> np.ndarray:
        """Return the sizes (P, 2) of ways and turns."""
        ways, turns = (np.linalg.norm(x, axis=1) for x in np.split(tangents, [3], axis=1))
        return np.stack([ways, turns], axis=1) * self._weights

    def size(self, tangents: np.ndarray) -> np.ndarray:
        return np.hypot(*self.split(tangents).T)

    def least(self, k: np.ndarray) -> np.ndarray:
        """Return the smaller slope (P,) beside knots k (P,)."""
        return np.minimum(self.total[k - 1], self.total[k])

    def limit(self, pieces: np.ndarray) -> np.ndarray:
        """Return the largest way and turn (P, 2) of a tangent at the ends of pieces (P,)."""
        return np.maximum(STEEPEST * self.parts[pieces], SWING * self.total[pieces, None])

    def cut(self, tangents: np.ndarray, k: np.ndarray) -> np.ndarray:
        """Return factors (P, 7) that keep tangents (P, 7) at knots k (P,) below both limits."""
        limit = np.minimum(self.limit(k - 1), self.limit(k))
        factor = np.minimum(1.0, limit / np.maximum(self.split(tangents), 1e-12))
        return np.repeat(factor, (3, 4), axis=1)


def _join_straight(
    k: int,
    straight: np.ndarray,
    weigh: _Weights,
    start: np.ndarray,
    end: np.ndarray,
    rests: np.ndarray,
) -> None:
    """Let the piece beside a straight one enter or leave it along its direction, or rest at k."""
    line, other = (k - 1, k) if straight[k - 1] else (k, k - 1)
    if straight[other]:
        rests[k] = True
        return
    tangent = weigh.slopes[line] * (weigh.total[other] / weigh.total[line])
    share = (weigh.limit(np.array([other])) / np.maximum(weigh.split(tangent[None]), 1e-12)).min()
    scale = np.concatenate([np.full(3, weigh._weights[0]), np.full(4, weigh._weights[1])])
    cosine = (scale * tangent) @ (scale * weigh.slopes[other]) / weigh.total[other] ** 2
    if share < ON_THE_SPOT or cosine < BACK:
        rests[k] = True
        return
    side = start if other == k else end
    side[other] = tangent * min(1.0, share)


def _solve(
    h: np.ndarray, slopes: np.ndarray, start: np.ndarray, end: np.ndarray, free: np.ndarray
) -> np.ndarray:
    """Return the tangents (S+1, 7) at free knots that make the second derivative continuous.

    h_i m_{i-1} + 2 (h_{i-1} + h_i) m_i + h_{i-1} m_{i+1} = 3 (h_i s_{i-1} + h_{i-1} s_i); tangents
    beside knots that are not free are known. Solved by Thomas's algorithm.
    """
    out = np.zeros((len(free), slopes.shape[1]))
    upper = np.zeros(len(free))
    for i in np.flatnonzero(free).tolist():
        before, after = float(h[i - 1, 0]), float(h[i, 0])
        right = 3 * (after * slopes[i - 1] + before * slopes[i])
        diagonal = 2 * (before + after)
        if free[i - 1]:
            diagonal -= after * upper[i - 1]
            right -= after * out[i - 1]
        else:
            right -= after * start[i - 1]
        if free[i + 1]:
            upper[i] = before / diagonal
        else:
            right -= before * end[i]
        out[i] = right / diagonal
    for i in np.flatnonzero(free & (upper != 0))[::-1].tolist():
        out[i] -= upper[i] * out[i + 1]
    return out
