"""Hermite splines pass their points, have the derivatives they say, and keep parabolas."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gae_arm.arm_control import hermite

gaps = st.lists(st.floats(0.01, 1.0), min_size=1, max_size=8)


@st.composite
def curves(draw):
    times = np.concatenate([[0.0], np.cumsum(draw(gaps))]) - 0.3
    return times, draw(arrays(np.float64, (len(times), 2), elements=st.floats(-2, 2)))


@settings(deadline=None)
@given(curves())
def test_it_passes_its_points(curve):
    times, points = curve
    np.testing.assert_allclose(hermite.sample(times, points, times)[:, 0], points, atol=1e-9)


@settings(deadline=None)
@given(curves(), st.floats(0.01, 0.99))
def test_derivatives_are_those_of_finite_differences(curve, share):
    times, points = curve
    k = int(share * (len(times) - 1))
    middle = times[k] + share * (times[k + 1] - times[k])
    h = 1e-3 * min(middle - times[k], times[k + 1] - middle)
    before, at, after = hermite.sample(times, points, np.array([middle - h, middle, middle + h]))
    gap = times[k + 1] - times[k]
    np.testing.assert_allclose(at[1] * gap, (after[0] - before[0]) / (2 * h) * gap, atol=1e-3)
    np.testing.assert_allclose(at[2] * gap, (after[1] - before[1]) / (2 * h) * gap, atol=1e-3)


@settings(deadline=None)
@given(gaps, st.floats(-1, 1), st.floats(-1, 1))
def test_a_parabola_is_kept(steps, slope, bend):
    times = np.concatenate([[0.0, 0.2], 0.2 + np.cumsum(steps)])
    at = np.linspace(0, times[-1], 17)
    out = hermite.sample(times, (slope * times + bend * times**2)[:, None], at)[:, :, 0]
    expected = [slope * at + bend * at**2, slope + 2 * bend * at, np.full_like(at, 2 * bend)]
    np.testing.assert_allclose(out, np.transpose(expected), atol=1e-6)


def test_two_points_are_a_straight_line_and_one_stands():
    at = np.array([0.0, 0.25, 1.0])
    line = hermite.sample(np.array([0.0, 1.0]), np.array([[0.0], [2.0]]), at)
    np.testing.assert_allclose(line[:, :, 0], [[0, 2, 0], [0.5, 2, 0], [2, 2, 0]], atol=1e-12)
    point = hermite.sample(np.array([0.5]), np.array([[3.0]]), at)
    np.testing.assert_allclose(point[:, :, 0], [[3, 0, 0]] * 3)


def test_outside_its_times_it_stands():
    out = hermite.sample(np.array([0.0, 1.0]), np.array([[1.0], [2.0]]), np.array([-1.0, 5.0]))
    np.testing.assert_array_equal(out[:, :, 0], [[1, 0, 0], [2, 0, 0]])
