"""The quadratic program against its optimality conditions, and its refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.arm_control.box_qp import solve_box_qp
from gae_arm.core.errors import GaeError


def problem(seed: int, n: int) -> tuple[np.ndarray, ...]:
    """A program as IK makes them: six rows of very different size, tight and loose bounds."""
    random = np.random.default_rng(seed)
    J = random.normal(size=(6, n)) * 10.0 ** random.uniform(-3, 0.5, (6, 1))
    H = J.T @ J + 1e-6 * np.eye(n)
    g = J.T @ random.normal(size=6)
    lower, upper = np.sort(random.normal(size=(2, n)) * 10.0 ** random.uniform(-3, 1, n), axis=0)
    fixed = random.random(n) < 0.1
    return H, g, lower, np.where(fixed, lower, upper)


@settings(deadline=None)
@given(seed=st.integers(0, 100_000), n=st.integers(1, 8))
def test_the_answer_is_optimal_and_within_bounds(seed, n):
    """Karush-Kuhn-Tucker: the slope is zero, or points out of the box where x is at a bound."""
    H, g, lower, upper = problem(seed, n)
    x = solve_box_qp(H, g, lower, upper)
    assert (x >= lower).all()
    assert (x <= upper).all()
    slope = H @ x + g
    tolerance = 1e-9 * (np.abs(H).max() * np.abs(x).max() + np.abs(g).max())
    assert (slope[x < upper - 1e-9] > -tolerance).all()
    assert (slope[x > lower + 1e-9] < tolerance).all()


@settings(deadline=None)
@given(seed=st.integers(0, 100_000))
def test_the_same_problem_has_the_same_answer(seed):
    H, g, lower, upper = problem(seed, 7)
    first = solve_box_qp(H, g, lower, upper)
    solve_box_qp(*problem(seed + 1, 7))
    np.testing.assert_array_equal(solve_box_qp(H, g, lower, upper), first)


def test_without_bounds_it_is_the_linear_solution():
    H, g = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([1.0, -2.0])
    free = np.full(2, np.inf)
    np.testing.assert_allclose(solve_box_qp(H, g, -free, free), np.linalg.solve(H, -g))


def test_what_has_no_optimum_is_refused():
    one = np.ones(2)
    with pytest.raises(GaeError, match=r'^DAQP found no optimum \(status -1\) of H .*bounds \[1'):
        solve_box_qp(np.eye(2), one, one, -one)
    with pytest.raises(GaeError, match=r'^DAQP found no optimum .*g \[nan, 1\.0\]'):
        solve_box_qp(np.eye(2), np.array([np.nan, 1.0]), -one, one)
