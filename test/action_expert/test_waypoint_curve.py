"""The curve is the B-spline that it says it is; the time law gives what a pencil gives."""

import numpy as np
import pytest

from action_expert.time_law import MotionLimits, timed, turning
from action_expert.waypoint_curve import distances, one_hemisphere, smooth_curve, straight_curve
from gae_arm.core import geometry

WEIGHTS = np.array([4.0, 1.0])
LIMITS = MotionLimits(speed=0.25, acceleration=1.0, turn_speed=1.0, turn_acceleration=4.0)


def knots(points, yaws=None):
    yaws = np.zeros(len(points)) if yaws is None else yaws
    turns = np.array([geometry.rpy_to_matrix(np.pi, 0.2, yaw) for yaw in yaws])
    return np.column_stack([points, one_hemisphere(geometry.matrix_to_quaternion(turns))])


def helix(count):
    angle = np.linspace(0, 2, count)
    return knots(np.column_stack([np.cos(angle), np.sin(angle), 0.1 * angle]) * 0.3, angle)


def smooth(points, straight=None):
    ends = np.zeros(len(points), bool)
    ends[[0, -1]] = True
    lines = np.zeros(len(points) - 1, bool) if straight is None else np.array(straight)
    return smooth_curve(points, ends, lines, WEIGHTS)


def test_position_slope_and_second_derivative_are_continuous():
    """Per centripetal parameter: the pieces of a cubic B-spline with simple knots."""
    points = helix(7)
    curve = smooth(points)
    way, turn = distances(points)
    h = np.sqrt(np.hypot(WEIGHTS[0] * way, WEIGHTS[1] * turn))[:, None]
    d = np.diff(points, axis=0)
    bend_start = (6 * d - 4 * curve.start - 2 * curve.end) / h**2
    bend_end = (-6 * d + 2 * curve.start + 4 * curve.end) / h**2
    np.testing.assert_allclose(bend_end[:-1], bend_start[1:], atol=1e-9)
    np.testing.assert_allclose((curve.end / h)[:-1], (curve.start / h)[1:], atol=1e-12)
    values, _ = curve.evaluate(np.array([0.0, 1.0]))
    np.testing.assert_allclose(values[:, 0], points[:-1], atol=1e-12)
    np.testing.assert_allclose(values[:, 1], points[1:], atol=1e-12)
    assert curve.rests.tolist() == [True, *[False] * 5, True]


def test_it_is_near_the_curve_that_the_points_are_of():
    """Most so away from the ends, where it sets out along the chord."""
    values, _ = smooth(helix(7)).evaluate(np.linspace(0, 1, 20))
    off = np.abs(np.hypot(values[..., 0], values[..., 1]) - 0.3).max(axis=1)
    assert off.max() < 4e-3
    assert off[2:4].max() < 4e-4


def test_a_straight_piece_is_straight_and_joined_without_a_corner():
    points = knots(np.array([[0, 0, 0.4], [0.3, 0.1, 0.3], [0.5, 0.0, 0.2], [0.5, 0.0, 0.1]]))
    curve = smooth(points, [False, False, True])
    values, _ = curve.evaluate(np.linspace(0, 1, 20))
    np.testing.assert_allclose(values[2][:, :2], [[0.5, 0.0]] * 20, atol=1e-12)
    before, after = curve.end[1], curve.start[2]
    cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
    assert cosine == pytest.approx(1.0)
    assert not curve.rests[2]


@pytest.mark.parametrize(
    'points',
    [
        [[0.0, 0, 0], [0.2, 0, 0], [0.0, 0.001, 0]],
        [[0.0, 0, 0], [0.2, 0, 0], [0.2, 0, 0.3], [0.2, 0.01, 0.0]],
    ],
)
def test_where_it_would_turn_on_the_spot_it_rests(points):
    assert smooth(knots(np.array(points))).rests[-2]


def test_first_the_way_and_then_the_turn_is_two_motions():
    points = knots(np.array([[0.0, 0, 0], [0.2, 0, 0], [0.2, 0, 0]]), [0.0, 0.0, 1.0])
    curve = smooth(points)
    assert curve.rests.all()
    values, _ = curve.evaluate(np.linspace(0, 1, 10))
    np.testing.assert_allclose(values[1][:, :3], [[0.2, 0, 0]] * 10, atol=1e-12)


def test_on_a_circle_the_speed_is_what_the_acceleration_across_allows():
    """v^2 / r = 0.6 a."""
    angle = np.linspace(0, np.pi, 40)
    points = knots(0.05 * np.column_stack([np.cos(angle), np.sin(angle), 0 * angle]))
    motion = timed(smooth(points), LIMITS)
    speed = np.linalg.norm(motion.rates[..., :3], axis=-1)
    assert speed[20].mean() == pytest.approx(np.sqrt(0.6 * 0.05), rel=0.01)


def test_a_turn_on_the_spot_is_a_trapezoid_too():
    motion = timed(straight_curve(knots(np.zeros((2, 3)), [0.0, 1.5])), LIMITS)
    assert motion.seconds[-1, -1] == pytest.approx(1.5 / 1.0 + 1.0 / (0.8 * 4.0), rel=0.01)
    w = np.linalg.norm(turning(motion.values[..., 3:], motion.rates[..., 3:]), axis=-1)
    assert w.max() == pytest.approx(1.0)


def test_rates_are_the_derivatives_of_the_values():
    motion = timed(smooth(helix(6)), LIMITS)
    for piece in range(5):
        change = np.diff(motion.values[piece], axis=0)
        mean = (motion.rates[piece, 1:] + motion.rates[piece, :-1]) / 2
        np.testing.assert_allclose(
            change, mean * np.diff(motion.seconds[piece])[:, None], atol=1e-4
        )
