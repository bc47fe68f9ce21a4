"""Sparse plans are completed as a person would mean them; complete plans are left alone."""

import numpy as np
import pytest

from action_expert.preparation import PreparationSettings, prepared
from gae_arm.core import end_effector, geometry
from gae_arm.core.plan import Waypoint, WaypointPlan

YAW = 0.3
T_START = geometry.transform(geometry.rpy_to_matrix(np.pi, 0.1, YAW), [0.4, 0.0, 0.5])
DOWN = geometry.matrix_to_quaternion(geometry.rpy_to_matrix(np.pi, 0.0, 0.0))
UP = [0, 0, 0.1]
CUBE, BOWL = [0.5, 0.1, 0.02], [0.4, -0.2, 0.1]


def plan(*waypoints):
    """Waypoints as (position, opening or None[, quaternion])."""
    made = [Waypoint(w[0], w[2] if len(w) > 2 else None, w[1]) for w in waypoints]
    return WaypointPlan('p', 0, 'base', '', tuple(made), 10**12)


def complete(*waypoints, opening=1.0, T=T_START, cloud=None, **settings):
    return prepared(plan(*waypoints), T, opening, cloud, PreparationSettings(**settings))


def heights(waypoints):
    return waypoints.poses[:, 2, 3].round(6).tolist()


def test_a_complete_plan_stays_as_it_is():
    above = np.add(CUBE, UP)
    waypoints = complete(
        (above, None, DOWN), (CUBE, 0.0, DOWN), (above, None, DOWN),
        (np.add(BOWL, UP), None, DOWN), (BOWL, 1.0, DOWN), (np.add(BOWL, UP), None, DOWN),
    )  # fmt: skip
    assert waypoints.sources.tolist() == [0, 1, 2, 3, 4, 5]
    assert waypoints.touches.tolist() == [False, True, False, False, True, False]
    np.testing.assert_array_equal(waypoints.gripper, [np.nan, 0, np.nan, np.nan, 1, np.nan])
    turns = geometry.quaternion_to_matrix(DOWN)
    np.testing.assert_allclose(waypoints.poses[:, :3, :3], [turns] * 6, atol=1e-12)


def test_two_points_become_a_pick_and_a_place():
    waypoints = complete((CUBE, 0.0), (BOWL, 1.0))
    assert waypoints.sources.tolist() == [0, 0, 0, 1, 1, 1]
    assert heights(waypoints) == pytest.approx([0.12, 0.02, 0.12, 0.2, 0.1, 0.2])
    assert waypoints.touches.tolist() == [False, True, False, False, True, False]
    np.testing.assert_array_equal(waypoints.gripper, [np.nan, 0, np.nan, np.nan, 1, np.nan])


def test_a_path_that_starts_at_the_grasp_gets_what_it_lacks():
    """As 3D HAMSTER says it: the lift is there, the ways in and the last way out are not."""
    waypoints = complete((CUBE, 0.0), (np.add(CUBE, UP), None), (np.add(BOWL, UP), None), (BOWL, 1))
    assert waypoints.sources.tolist() == [0, 0, 1, 2, 3, 3]
    assert heights(waypoints) == pytest.approx([0.12, 0.02, 0.12, 0.2, 0.1, 0.2])


@pytest.mark.parametrize(('opening', 'opens'), [(1.0, False), (0.5, True), (0.0, True)])
def test_a_gripper_that_is_not_open_opens_before_the_first_grasp(opening, opens):
    waypoints = complete((CUBE, 0.0), opening=opening)
    assert waypoints.sources.tolist() == [0, 0, 0]
    assert (waypoints.gripper[0] == 1.0) == opens
    assert waypoints.touches.tolist() == [False, True, False]


def test_a_hand_that_may_hold_something_does_not_open_on_a_way_that_is_given():
    above = np.add(CUBE, UP)
    empty = complete((above, None), (CUBE, 0.0), (above, None), opening=0.0)
    assert empty.gripper[0] == 1.0
    full = complete((above, None), (CUBE, 0.0), (above, None), opening=0.5)
    assert np.isnan(full.gripper[0])


@pytest.mark.parametrize('height', [0.01, 0.15])
def test_who_stands_behind_the_grasp_needs_no_way_to_it(height):
    T = geometry.transform(geometry.rpy_to_matrix(np.pi, 0, 0), np.add(CUBE, [0, 0, height]))
    assert heights(complete((CUBE, 0.0), T=T)) == pytest.approx([0.02, 0.12])


def test_sliding_is_meant():
    """A drawer: grasped, pulled and let go along the table."""
    waypoints = complete((np.add(CUBE, UP), None), (CUBE, 0.0), ([0.4, 0.1, 0.02], None),
                         ([0.3, 0.1, 0.02], 1.0))  # fmt: skip
    assert waypoints.sources.tolist() == [0, 1, 2, 3, 3]


def push(*, over=0.1, rise=0.0, end_opening=0.15):
    """Closed fingers come down behind a thing, push it along y, and open a little."""
    start, end = [0.4, 0.0, 0.02], [0.4, 0.2, 0.02 + rise]
    above, last = np.add(start, [0, 0, over]), np.add(end, UP)
    return complete((above, 0.0), (start, None), (end, end_opening), (last, None))


def test_a_push_is_led_around_its_corner_by_a_short_level_piece():
    waypoints = push()
    assert waypoints.sources.tolist() == [0, 0, 1, 1, 2, 3]
    np.testing.assert_allclose(waypoints.poses[3, :3, 3], [0.4, 0.015, 0.02], atol=1e-12)
    assert not waypoints.touches[2:4].any()
    assert np.isnan(waypoints.gripper[3])


@pytest.mark.parametrize('opening', [0.0, None])
def test_fingers_that_stay_closed_push_as_well(opening):
    waypoints = push(end_opening=opening)
    np.testing.assert_allclose(waypoints.poses, push().poses)
    assert waypoints.touches.tolist() == push().touches.tolist()


@pytest.mark.parametrize('not_a_push', [{'over': 0.02}, {'rise': 0.2}])
def test_only_what_comes_down_and_goes_on_level_is_a_push(not_a_push):
    sources = push(**not_a_push).sources.tolist()
    assert sources.count(1) == 1


def test_a_drag_that_errs_downwards_turns_about_no_corner():
    handle, end = np.array([0.4, 0.0, 0.18]), np.array([0.5, -0.08, 0.14])
    waypoints = complete(
        (handle + UP, None), (handle, 0.0), (end, None), (np.add(end, 0.01), 1.0),
        (end + UP, None),
    )  # fmt: skip
    assert waypoints.sources.tolist() == [0, 1, 2, 3, 4]


def test_opening_the_hand_on_the_way_is_no_release():
    waypoints = complete(([0.1, 0, 0.3], 1.0), (CUBE, 0.0), opening=0.0)
    assert waypoints.touches.tolist()[0] is False
    assert waypoints.sources.tolist() == [0, 1, 1, 1]


def test_no_orientation_and_no_cloud_is_down_with_the_present_yaw():
    waypoints = complete((CUBE, 0.0), (BOWL, 1.0))
    expected = end_effector.turned_to(end_effector.DOWN, T_START[:3, :3])
    np.testing.assert_allclose(waypoints.poses[:, :3, :3], [expected] * 6, atol=1e-12)
    np.testing.assert_allclose(expected[:, 2], [0, 0, -1], atol=1e-12)
    assert np.arctan2(*expected[1::-1, 0]) == pytest.approx(YAW, abs=0.02)


def test_a_way_has_the_orientation_of_what_it_leads_to():
    tilted = geometry.rpy_to_matrix(2.6, 0.2, 1.0)
    q = geometry.matrix_to_quaternion(tilted)
    waypoints = complete(([0.4, 0, 0.3], None), (CUBE, 0.0, q), (np.add(BOWL, UP), None), (BOWL, 1))
    np.testing.assert_allclose(waypoints.poses[:, :3, :3], [tilted] * len(waypoints.poses))
    k = int(np.flatnonzero(waypoints.touches)[0])
    back = waypoints.poses[k + 1, :3, 3] - waypoints.poses[k, :3, 3]
    np.testing.assert_allclose(back, -0.1 * tilted[:, 2], atol=1e-12)


def test_when_the_base_turns_about_the_vertical_all_turns_along():
    T = geometry.transform(geometry.rpy_to_matrix(0, 0, 1.1), [0.2, -0.3, 0.05])
    here = complete((CUBE, 0.0), (BOWL, 1.0))
    moved = [(geometry.transform_points(T, np.array([p]))[0], g) for p, g in ((CUBE, 0), (BOWL, 1))]
    there = complete(*moved, T=T @ T_START)
    np.testing.assert_allclose(there.poses, T @ here.poses, atol=1e-12)


def test_the_length_of_the_way_is_a_setting():
    assert heights(complete((CUBE, 0.0), approach=0.2)) == pytest.approx([0.22, 0.02, 0.22])


def test_turning_down_from_the_opposite_direction():
    upright = np.eye(3)
    turned = end_effector.turned_to(end_effector.DOWN, upright)
    np.testing.assert_allclose(turned, np.diag([-1.0, 1.0, -1.0]))
