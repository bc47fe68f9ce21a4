"""What measured margins promise elsewhere: the compiled part of `clearance.py`.

Margin k, measured as m_k at p, is at least m_k - travel_k(p, q) at q, and at most m_k + travel_k:

    travel_k(p, q) = sum_i reach_ki |q_i - p_i|

Memories are `measured`, float64 (M, N), rad, and `margins`, float64 (M, K), m, -inf where there is
no measurement yet. `reach` is float64 (K, N), m/rad.
"""

from __future__ import annotations

import numpy as np

from gae_arm.core.jit import kernel


@kernel
def between(states: np.ndarray, step: float, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return `Motion.of`: positions and stray, (P, N) each, of States (L, 3, N).

    chosen: int64 (P,), indices of the points that are looked at, increasing from 0 to L - 1.
    """
    joints, last = states.shape[2], len(chosen) - 1
    positions, stray = np.empty((len(chosen), joints)), np.zeros((len(chosen), joints))
    for j in range(joints):
        for p in range(last):
            way = 0.0
            for i in range(chosen[p], chosen[p + 1]):
                speed = max(abs(states[i, 1, j]), abs(states[i + 1, 1, j]))
                bend = abs(states[i + 1, 2, j] - states[i, 2, j])
                way += (speed + bend * (step / 8)) * step
            stray[p, j] = max(stray[p, j], way / 2)
            stray[p + 1, j] = way / 2
        for p in range(last + 1):
            positions[p, j] = states[chosen[p], 0, j]
    return positions, stray


@kernel
def certain(
    positions: np.ndarray, measured: np.ndarray, margins: np.ndarray, reach: np.ndarray
) -> np.ndarray:
    """Return float64 (P, K): the margins that are certain at positions (P, N)."""
    out = np.full((len(positions), len(reach)), -np.inf)
    for p in range(len(positions)):
        for m in range(len(measured)):
            for k in range(len(reach)):
                if margins[m, k] > out[p, k]:
                    way = _travel(reach[k], positions[p], measured[m])
                    out[p, k] = max(out[p, k], margins[m, k] - way)
    return out


@kernel
def ample(
    here: np.ndarray,
    there: np.ndarray,
    measured: np.ndarray,
    margins: np.ndarray,
    reach: np.ndarray,
    slow: float,
    share: float,
) -> bool:
    """Return whether it is certain that all margins are ample on the way from here to there, (N,).

    Each is at least `slow`, m, here, and the way uses up no more than `share` of it.
    """
    for k in range(len(reach)):
        now, then, most = -np.inf, -np.inf, np.inf
        for m in range(len(measured)):
            if margins[m, k] > -np.inf:
                way = _travel(reach[k], here, measured[m])
                now = max(now, margins[m, k] - way)
                most = min(most, margins[m, k] + way)
                then = max(then, margins[m, k] - _travel(reach[k], there, measured[m]))
        used = _travel(reach[k], here, there)
        if then < np.inf and most - then < used:
            used = most - then
        if not (now >= slow and share * now >= used):
            return False
    return True


@kernel
def _travel(reach: np.ndarray, p: np.ndarray, q: np.ndarray) -> float:
    out = 0.0
    for i in range(len(reach)):
        out += reach[i] * abs(q[i] - p[i])
    return out
