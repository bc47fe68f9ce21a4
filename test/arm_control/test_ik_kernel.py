"""The compiled program of inverse kinematics against the plain formulas of `ik.py`."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.arm_control.box_qp import solve_box_qp
from gae_arm.arm_control.ik_kernel import FAR, NULL_SPACE, REGULARIZATION, Weights, program

DT = 0.02


def plain_cost(q, J, error, twist, weights, home):
    """H, g and the singular values of W J, ascending."""
    W = np.diag(np.repeat([1.0, weights.orientation], 3))
    WJ, Wt, We = W @ J, W @ twist, W @ error
    U, s, _ = np.linalg.svd(WJ)
    squares = np.zeros(6)
    squares[: len(s)] = s**2
    rows, wanted = U.T @ WJ, U.T @ Wt
    fade = np.maximum(1 - squares / weights.singular_value**2, 0.0)
    singular = fade * (wanted / (2 * weights.singular_speed)) ** 2 / (squares + REGULARIZATION)
    Z = np.eye(len(q)) - rows.T @ np.diag(1 / (squares + NULL_SPACE)) @ rows
    pull = weights.posture_gain * (home - q)
    pull *= min(1.0, weights.posture_speed / max(np.abs(pull).max(), 1e-9))
    damping = REGULARIZATION + DT**2 * (Wt @ Wt) + FAR * (We @ We)
    posture = weights.posture * Z @ Z
    H = rows.T @ np.diag(1 + singular) @ rows + posture + damping * np.eye(len(q))
    return H, -rows.T @ wanted - posture @ pull, np.sqrt(squares[::-1])


def plain_bounds(q, limits):
    lower, upper, velocity, acceleration = limits
    room = np.stack([q - lower, upper - q])
    ahead = np.maximum(room, 0.0)
    speed = 2 * ahead / (DT + np.sqrt(DT**2 + 2 * ahead / acceleration))
    speed = np.clip(np.where(room < 0, room / DT, speed), -velocity, velocity)
    return np.minimum(-speed[0], speed[1]), speed[1]


@settings(deadline=None)
@given(seed=st.integers(0, 100_000), n=st.integers(1, 8), size=st.floats(-4, 0))
def test_the_program_is_the_formula(seed, n, size):
    random = np.random.default_rng(seed)
    weights = Weights(0.2, 0.05, 2.0, 0.3, 0.3, 1e-4)
    J = random.normal(size=(6, n)) * 10.0 ** random.uniform(-2, 0.5, (6, 1))
    home, q = random.normal(size=(2, n))
    error, twist = random.normal(size=(2, 6)) * 10**size
    # Some joints stand beyond a limit, some far from one.
    limits = np.stack([-random.random(n), random.random(n), *random.uniform(0.1, 9, (2, n))])
    found = program(q, J, error, twist, DT, weights, home, limits)
    H, g, singular_values = plain_cost(q, J, error, twist, weights, home)
    lower, upper = plain_bounds(q, limits)
    np.testing.assert_allclose(found.H, H, atol=1e-10 * np.abs(H).max())
    np.testing.assert_allclose(found.g, g, atol=1e-10 * np.abs(g).max())
    np.testing.assert_allclose(found.lower, lower, atol=1e-12)
    np.testing.assert_allclose(found.upper, upper, atol=1e-12)
    np.testing.assert_allclose(found.least, singular_values[0], atol=1e-7)
    np.testing.assert_allclose(found.product, singular_values.prod(), rtol=1e-6, atol=1e-7)
    slope = found.H @ found.solution + found.g
    np.testing.assert_allclose(slope, 0.0, atol=1e-10 * max(1.0, np.abs(found.g).max()))
    inside = (lower <= found.solution) & (found.solution <= upper)
    assert found.free == inside.all()
    if found.free:
        answer = solve_box_qp(found.H, found.g, found.lower, found.upper)
        np.testing.assert_allclose(found.solution, answer, atol=1e-9 * max(1, np.abs(answer).max()))
