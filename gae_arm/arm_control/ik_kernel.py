"""The quadratic program of one step of differential inverse kinematics: the compiled part.

What it says stands in `ik.py`. Here it is set up, and solved where no bound is active: then the
linear solution is the optimum, because the program is strictly convex.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gae_arm.core.jit import kernel

REGULARIZATION = 1e-6
"""Damping in every direction, m^2/rad^2: makes the program strictly convex, N > 6 or not."""
FAR = 0.01
"""Damping per square of the pose error, 1/rad^2."""
NULL_SPACE = 1e-4
"""Square of the singular value, m^2/rad^2, of a direction that is half in the null space."""
SWEEPS = 30
"""Of the eigenvalue iteration, at most; it converges quadratically, in about six."""


class Weights(NamedTuple):
    """What the program's terms count; as in `IkSettings`."""

    orientation: float
    singular_value: float
    singular_speed: float
    posture_gain: float
    posture_speed: float
    posture: float


class Program(NamedTuple):
    """Minimise x^T H x / 2 + g^T x with lower <= x <= upper; x: joint velocity (N,), rad/s.

    H: float64 (N, N), positive definite. g, lower, upper: float64 (N,). solution: float64 (N,), the
    optimum without bounds; free: whether it keeps them. least, product: the smallest singular value
    of W J, m/rad, and the product of all six.
    """

    H: np.ndarray
    g: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    solution: np.ndarray
    free: bool
    least: float
    product: float


@kernel
def program(
    q: np.ndarray,
    J: np.ndarray,
    error: np.ndarray,
    twist: np.ndarray,
    dt: float,
    weights: Weights,
    home: np.ndarray,
    limits: np.ndarray,
) -> Program:
    """Return the program at joint positions q (N,), rad.

    J: float64 (6, N), Jacobian. error: (6,), pose error, m and rad. twist: (6,), what is wanted,
    m/s and rad/s. home: (N,), rad. limits: (4, N), lower, upper, velocity, acceleration.
    """
    n = len(q)
    rows, wanted = np.empty((6, n)), np.empty(6)
    damping = REGULARIZATION
    for i in range(6):
        weight = 1.0 if i < 3 else weights.orientation
        for j in range(n):
            rows[i, j] = weight * J[i, j]
        wanted[i] = weight * twist[i]
        damping += (dt * wanted[i]) ** 2 + FAR * (weight * error[i]) ** 2
    squares, rows, wanted = _singular_directions(rows, wanted)
    H, g = _cost(q, rows, wanted, squares, damping, weights, home)
    lower, upper = _bounds(q, dt, limits)
    solution = _minimum(H, g)
    free = True
    for j in range(n):
        free = free and lower[j] <= solution[j] <= upper[j]
    least, product = np.inf, 1.0
    for square in squares:
        least, product = min(least, np.sqrt(square)), product * np.sqrt(square)
    return Program(H, g, lower, upper, solution, free, least, product)


@kernel
def _singular_directions(A: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the squared singular values (M,) of A (M, N), and U^T A and U^T b.

    U: (M, M), the left singular vectors, from the eigenvectors of A A^T (Jacobi's rotations: Golub
    and Van Loan, Matrix Computations, algorithm 8.5.2).
    """
    m, n = A.shape
    S, U, scale = np.empty((m, m)), np.zeros((m, m)), 0.0
    for i in range(m):
        for j in range(m):
            S[i, j] = _dot(A[i], A[j])
        U[i, i] = 1.0
        scale += S[i, i]
    for _ in range(SWEEPS):
        largest = 0.0
        for i in range(m):
            for j in range(i + 1, m):
                largest = max(largest, abs(S[i, j]))
        if not largest > 1e-18 * scale:
            break
        for i in range(m):
            for j in range(i + 1, m):
                _rotate(S, U, i, j)
    squares, UA, Ub = np.empty(m), np.zeros((m, n)), np.zeros(m)
    for i in range(m):
        squares[i] = max(S[i, i], 0.0)
        for j in range(m):
            for k in range(n):
                UA[i, k] += U[j, i] * A[j, k]
            Ub[i] += U[j, i] * b[j]
    return squares, UA, Ub


@kernel
def _rotate(S: np.ndarray, U: np.ndarray, i: int, j: int) -> None:
    """Turn the axes i and j of S (M, M) so that S[i, j] becomes 0; U (M, M) collects the turns."""
    if S[i, j] == 0.0:
        return
    tau = (S[j, j] - S[i, i]) / (2.0 * S[i, j])
    t = 1.0 / (abs(tau) + np.sqrt(1.0 + tau * tau))
    if tau < 0.0:
        t = -t
    c = 1.0 / np.sqrt(1.0 + t * t)
    s = t * c
    for k in range(len(S)):
        S[k, i], S[k, j] = c * S[k, i] - s * S[k, j], s * S[k, i] + c * S[k, j]
        U[k, i], U[k, j] = c * U[k, i] - s * U[k, j], s * U[k, i] + c * U[k, j]
    for k in range(len(S)):
        S[i, k], S[j, k] = c * S[i, k] - s * S[j, k], s * S[i, k] + c * S[j, k]
    S[i, j] = S[j, i] = 0.0


@kernel
def _cost(
    q: np.ndarray,
    rows: np.ndarray,
    wanted: np.ndarray,
    squares: np.ndarray,
    damping: float,
    weights: Weights,
    home: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return H (N, N) and g (N,).

    rows: (6, N), s_i v_i. wanted: (6,), weighted twist along each. squares: (6,), s_i^2. damping:
    of all joints, m^2/rad^2.
    """
    n = len(q)
    Z, H, g = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n)
    fastest = 1e-9
    for j in range(n):
        Z[j, j] = 1.0
        fastest = max(fastest, weights.posture_gain * abs(home[j] - q[j]))
    gain = weights.posture_gain * min(1.0, weights.posture_speed / fastest)
    for i in range(6):
        # Along v_i the speed is s w / (s^2 + d) <= w / (2 sqrt(d)) = singular_speed.
        fade = max(1.0 - squares[i] / weights.singular_value**2, 0.0)
        singular = fade * (wanted[i] / (2.0 * weights.singular_speed)) ** 2
        share = 1.0 + singular / (squares[i] + REGULARIZATION)
        for j in range(n):
            g[j] -= rows[i, j] * wanted[i]
            for k in range(n):
                product = rows[i, j] * rows[i, k]
                H[j, k] += share * product
                Z[j, k] -= product / (squares[i] + NULL_SPACE)
    for j in range(n):
        for k in range(n):
            posture = weights.posture * _dot(Z[j], Z[k])
            H[j, k] += posture
            g[j] -= posture * gain * (home[k] - q[k])
        H[j, j] += damping
    return H, g


@kernel
def _bounds(q: np.ndarray, dt: float, limits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and the largest joint velocity, (N,) each.

    A joint that runs at v for dt and then brakes with its acceleration limit a stops before the
    position limit: v dt + v^2 / (2 a) <= room. One outside its limits must come back.
    """
    lower, upper = np.empty_like(q), np.empty_like(q)
    for j in range(len(q)):
        fastest, acceleration = limits[2, j], limits[3, j]
        upper[j] = _speed(limits[1, j] - q[j], dt, fastest, acceleration)
        # They cross only where the range is one point and q is beside it.
        lower[j] = min(-_speed(q[j] - limits[0, j], dt, fastest, acceleration), upper[j])
    return lower, upper


@kernel
def _speed(room: float, dt: float, fastest: float, acceleration: float) -> float:
    """Return the largest velocity towards a limit that is `room` away, rad/s."""
    if room < 0.0:
        speed = room / dt
    else:
        speed = 2.0 * room / (dt + np.sqrt(dt * dt + room * (2.0 / max(acceleration, 1e-300))))
    return min(max(speed, -fastest), fastest)


@kernel
def _minimum(H: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Return the x (N,) with H x = -g, by Cholesky's L L^T = H; NaN if H is not positive."""
    n = len(g)
    L, x = np.zeros((n, n)), np.empty(n)
    for i in range(n):
        for j in range(i + 1):
            rest = H[i, j] - _dot(L[i, :j], L[j, :j])
            L[i, j] = np.sqrt(rest) if i == j else rest / L[j, j]
        x[i] = (-g[i] - _dot(L[i, :i], x[:i])) / L[i, i]
    for i in range(n - 1, -1, -1):
        x[i] = (x[i] - _dot(L[i + 1 :, i], x[i + 1 :])) / L[i, i]
    return x


@kernel
def _dot(a: np.ndarray, b: np.ndarray) -> float:
    out = 0.0
    for i in range(len(a)):
        out += a[i] * b[i]
    return out
