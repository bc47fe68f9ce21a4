"""The rules measure what they say, and say what they measured."""

import numpy as np
import pytest

from gae_arm.arm_control.rules import WALL, DistanceRule, ObstacleRule, WorkspaceRule
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import HaltReason

ONES = np.ones(3)


def place(q):
    """An arm whose joint positions are the place of its tip."""
    return np.array([q])


def test_the_box_is_measured_from_the_outermost_point_to_every_wall():
    rule = WorkspaceRule(lambda q: np.array([q, q / 2]), [-1, -1, 0], [1, 1, 2], ONES)
    margins = rule.margins(np.array([0.8, -0.4, 1.0]))
    assert margins + WALL == pytest.approx([1.4, 0.6, 0.5, 0.2, 1.2, 1.0])
    assert rule.margins(np.array([0.0, 0.0, 2.05]))[5] + WALL == pytest.approx(-0.05)
    assert rule.reach.shape == (6, 3)


def test_the_box_says_how_far_and_which_wall():
    rule = WorkspaceRule(place, [-1, -1, 0], [1, 1, 2], ONES)
    box = 'the workspace [-1.0, -1.0, 0.0] to [1.0, 1.0, 2.0] m'
    assert rule.sentence(0, 0.1 - WALL) == f'0.100 m from the -x wall of {box}'
    assert rule.sentence(5, -0.05 - WALL) == f'0.050 m beyond the +z wall of {box}'


def test_bodies_are_named():
    names, reach = [('elbow', 'hand'), ('hand', 'table')], np.ones((2, 3))
    distances = np.array([0.5, 0.012])
    rule = DistanceRule(HaltReason.TABLE_COLLISION, lambda q: distances, names, reach, 0.02)
    assert rule.margins(np.zeros(3)) == pytest.approx([0.48, -0.008])
    assert rule.sentence(1, -0.008) == 'hand is 0.012 m from table, at least 0.02 m is kept'


def nearest(q, points):
    return float(np.linalg.norm(points - q, axis=1).min())


def test_without_a_point_there_is_no_obstacle():
    rule = ObstacleRule(nearest, 0.02, 0.1, ONES)
    assert rule.margins(np.zeros(3)) == np.inf


def test_points_that_were_not_measured_are_none():
    rule = ObstacleRule(nearest, 0.02, 0.1, ONES)
    rule.see(np.array([[np.nan, 0, 0], [np.inf, 0, 0], [0.3, 0, 0]]), np.zeros((0, 4)))
    assert rule.margins(np.zeros(3)) == pytest.approx(0.28)


def test_where_the_plan_grasps_there_is_no_obstacle():
    rule = ObstacleRule(nearest, 0.02, 0.1, ONES)
    cloud = np.array([[0.3, 0.0, 0.0], [0.35, 0.0, 0.0], [0.5, 0.0, 0.0]])
    rule.see(cloud, np.array([[0.3, 0.0, 0.0, 0.1]]))
    assert rule.margins(np.zeros(3)) == pytest.approx(0.48)
    rule.see(cloud, np.zeros((0, 4)))
    assert rule.margins(np.zeros(3)) == pytest.approx(0.28)


def test_an_obstacle_is_said_with_both_distances():
    rule = ObstacleRule(nearest, 0.02, 0.1, ONES)
    assert rule.sentence(0, 0.01) == (
        'an obstacle is 0.030 m away; the arm slows down below 0.1 m and stands at 0.02 m'
    )


def test_nonsense_is_refused():
    with pytest.raises(InvalidValueError, match=r'^slow_distance is 0.01, allowed is 0.02 to inf$'):
        ObstacleRule(nearest, 0.02, 0.01, ONES)
    with pytest.raises(InvalidValueError, match=r'^keep is -1.0, allowed is 0.0 to inf$'):
        DistanceRule(HaltReason.SELF_COLLISION, place, [('a', 'b')], [ONES], -1.0)


def test_a_stray_reading_is_no_obstacle_and_a_small_thing_is():
    rng = np.random.default_rng(0)
    thing = np.array([0.5, 0.0, 0.2]) + rng.uniform(-0.01, 0.01, (30, 3))
    stray = np.array([[0.0, 0.0, 0.0], [0.3, 0.3, 0.3]])
    rule = ObstacleRule(nearest, 0.02, 0.1, ONES, company=8)
    rule.see(np.vstack([stray, thing]), np.zeros((0, 4)))
    alone = ObstacleRule(nearest, 0.02, 0.1, ONES)
    alone.see(thing, np.zeros((0, 4)))
    q = np.zeros(len(ONES))
    assert rule.margins(q) == alone.margins(q)
    rule.see(stray, np.zeros((0, 4)))
    assert rule.margins(q) == np.inf
