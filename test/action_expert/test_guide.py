"""The guide: through its waypoints, within its limits, resting for the gripper, no swinging out."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from random_plans import (
    DOWN,
    SETTINGS,
    TRAVEL,
    path,
    random_guide,
    random_pose,
    random_waypoints,
    rates,
)

from action_expert.guide import GuideWaypoints, make_guide
from action_expert.waypoint_curve import SAME_PLACE, SAME_TURN
from gae_arm.core import geometry

seeds = st.integers(0, 2**31)
PICK = ([0.5, 0.1, 0.12], [0.5, 0.1, 0.02], [0.5, 0.1, 0.12])


def angles(rotations, others):
    turns = rotations @ others.swapaxes(-1, -2)
    return np.linalg.norm(geometry.matrix_to_rotation_vector(turns), axis=-1)


@settings(deadline=None, max_examples=30)
@given(seeds, st.booleans())
@example(23556, False)
def test_it_starts_where_the_arm_is_and_passes_all_waypoints(seed, straight):
    guide = random_guide(seed, straight)
    poses = guide.sample(guide.arrivals)
    want = guide.waypoints.poses
    # Waypoints that are as good as one count as the first of them, and so on.
    count = len(want)
    assert np.linalg.norm(poses[:, :3, 3] - want[:, :3, 3], axis=1).max() <= count * SAME_PLACE
    assert angles(poses[:, :3, :3], want[:, :3, :3]).max() <= count * SAME_TURN
    assert (np.diff(guide.arrivals) >= 0).all()
    assert guide.arrivals[-1] <= guide.duration + 1e-9


@settings(deadline=None, max_examples=25)
@given(seeds, st.booleans())
@example(872, False)
@example(950, False)
def test_limits_hold(seed, straight):
    speed, acceleration, turn_speed, turn_acceleration = rates(random_guide(seed, straight))
    limits = SETTINGS.limits
    assert speed.max(initial=0) <= limits.speed * 1.01
    assert turn_speed.max(initial=0) <= limits.turn_speed * 1.01
    assert acceleration.max(initial=0) <= limits.acceleration * 1.1
    assert turn_acceleration.max(initial=0) <= limits.turn_acceleration * 1.1


@settings(deadline=None, max_examples=25)
@given(seeds, st.booleans())
def test_when_the_base_moves_the_guide_moves_along(seed, straight):
    random = np.random.default_rng(seed + 2)
    T_other_base, T_start = random_pose(random), random_pose(random)
    waypoints = random_waypoints(seed)
    moved = GuideWaypoints(
        T_other_base @ waypoints.poses, waypoints.gripper, waypoints.touches, waypoints.sources
    )
    one = make_guide(T_start, 1.0, waypoints, SETTINGS, TRAVEL, straight)
    other = make_guide(T_other_base @ T_start, 1.0, moved, SETTINGS, TRAVEL, straight)
    assert other.duration == pytest.approx(one.duration, rel=1e-5)
    times = np.linspace(0, one.duration, 50)
    np.testing.assert_allclose(other.sample(times), T_other_base @ one.sample(times), atol=2e-5)


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_straight_is_the_polyline(seed):
    guide = random_guide(seed, straight=True)
    start = guide.sample([0.0])
    corners = np.concatenate([start, guide.sample(guide.arrivals)])
    times = np.concatenate([[0.0], guide.arrivals])
    for k in range(len(times) - 1):
        T = guide.sample(np.linspace(times[k], times[k + 1], 20))
        a, b = corners[k, :3, 3], corners[k + 1, :3, 3]
        gone = np.linalg.norm(T[:, :3, 3] - a, axis=1) + np.linalg.norm(b - T[:, :3, 3], axis=1)
        np.testing.assert_allclose(gone, np.linalg.norm(b - a), atol=2e-6)
        R = T[:, :3, :3]
        turned = angles(R, corners[k, :3, :3]) + angles(corners[k + 1, :3, :3], R)
        total = angles(corners[k, :3, :3], corners[k + 1, :3, :3])
        if total < 3.0:  # Of a half turn there are two.
            np.testing.assert_allclose(turned, total, atol=2e-6)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_it_does_not_swing_out(seed):
    """Away from the chord by at most 4/9 of its length, and what a turn may add."""
    guide = random_guide(seed)
    corners = np.concatenate([guide.sample([0.0]), guide.sample(guide.arrivals)])
    times = np.concatenate([[0.0], guide.arrivals])
    for k in range(len(times) - 1):
        p = guide.sample(np.linspace(times[k], times[k + 1], 30))[:, :3, 3]
        a, b = corners[k, :3, 3], corners[k + 1, :3, 3]
        length = np.linalg.norm(b - a)
        share = np.clip((p - a) @ (b - a) / max(length**2, 1e-12), 0, 1)
        away = np.linalg.norm(p - a - share[:, None] * (b - a), axis=1).max()
        turn = angles(corners[k + 1, :3, :3], corners[k, :3, :3])
        weighed = np.hypot(length, turn * SETTINGS.speed / SETTINGS.turn_speed)
        assert away <= 4 / 9 * length + 0.015 * weighed + 1e-4


def test_a_grasp_is_entered_and_left_straight_and_not_from_below():
    guide = path(PICK, [np.nan, 0.0, np.nan], start=(0.2, -0.3, 0.4))
    p = guide.sample(np.linspace(0, guide.duration, 2000))[:, :3, 3]
    assert p[:, 2].min() >= 0.02 - 1e-9
    low = p[p[:, 2] < 0.1199]
    np.testing.assert_allclose(low[:, :2], [[0.5, 0.1]] * len(low), atol=1e-6)


def test_it_goes_over_into_the_approach_without_a_stop():
    guide = path(PICK, [np.nan, 0.0, np.nan], start=(0.2, -0.3, 0.4))
    speed = rates(guide)[0]
    arrival = round((guide.arrivals[0] + 0.01) * 1e3)
    assert speed[arrival] > 0.1
    straight = path(PICK, [np.nan, 0.0, np.nan], start=(0.2, -0.3, 0.4), straight=True)
    assert guide.duration < straight.duration


def test_the_arm_stands_while_the_fingers_move():
    guide = path([*PICK, [0.3, 0.3, 0.2]], [np.nan, 0.0, np.nan, 0.5])
    first, second = guide.events
    assert (first.waypoint, first.opening) == (1, 0.0)
    assert (second.waypoint, second.opening) == (3, 0.5)
    for event, change in ((first, 1.0), (second, 0.5)):
        assert event.act - event.arrive == pytest.approx(SETTINGS.settle)
        assert event.leave - event.arrive == pytest.approx(2 * SETTINGS.settle + change * TRAVEL)
        T = guide.sample(np.linspace(event.arrive, event.leave, 30))
        np.testing.assert_allclose(T, np.broadcast_to(T[0], T.shape), atol=1e-12)
        before, after = guide.openings(np.array([event.act - 1e-6, event.act]))
        assert abs(after - before) == pytest.approx(change)
    assert guide.duration == second.leave


def test_a_value_that_is_there_already_is_no_event():
    assert path([[0.5, 0.0, 0.2], [0.5, 0.1, 0.2]], [1.0, 1.0]).events == ()


def test_a_waypoint_where_an_event_was_comes_after_it():
    guide = path([[0.5, 0.0, 0.2]] * 3, [np.nan, 0.0, np.nan])
    event = guide.events[0]
    np.testing.assert_allclose(guide.arrivals, [event.arrive, event.arrive, event.leave])


def test_events_at_one_place_come_one_after_the_other():
    guide = path([[0.5, 0.0, 0.2]] * 2, [0.0, 1.0])
    first, second = guide.events
    assert first.leave == second.arrive
    assert guide.duration == second.leave
    np.testing.assert_allclose(guide.arrivals, [first.arrive, second.arrive])


@pytest.mark.parametrize('straight', [False, True])
@pytest.mark.parametrize('points', [[[0.4, 0.0, 0.4]], [[0.4, 0.0, 0.4]] * 5])
def test_who_is_there_already_stays_there(points, straight):
    guide = path(points, straight=straight)
    assert (guide.duration, guide.length) == (0.0, 0.0)
    T = guide.sample(np.array([-1.0, 0.0, 1.0]))
    np.testing.assert_allclose(T[:, :3, 3], [[0.4, 0.0, 0.4]] * 3)


def test_only_an_event_at_the_place_takes_its_time():
    guide = path([[0.4, 0.0, 0.4]], [0.0])
    assert guide.duration == pytest.approx(2 * SETTINGS.settle + TRAVEL)
    np.testing.assert_allclose(guide.openings(np.array([0.0, 1.2])), [1.0, 0.0])


def test_two_points_are_a_trapezoid():
    """0.6 m at 0.25 m/s with 0.8 of 1 m/s^2: v / a + d / v."""
    guide = path([[1.0, 0.0, 0.4]])
    assert guide.duration == pytest.approx(0.25 / 0.8 + 0.6 / 0.25, rel=0.01)


def test_collinear_points_cost_nothing():
    through = path([[0.6, 0.0, 0.4], [0.7, 0.0, 0.4], [1.0, 0.0, 0.4]])
    assert through.duration == pytest.approx(path([[1.0, 0.0, 0.4]]).duration, rel=0.01)
    p = through.sample(np.linspace(0, through.duration, 200))[:, :3, 3]
    np.testing.assert_allclose(p[:, 1:], [[0.0, 0.4]] * 200, atol=1e-9)


def test_on_the_way_back_it_stops_where_it_turns():
    guide = path([[0.8, 0.0, 0.4], [0.4, 0.0, 0.4]])
    speed = rates(guide)[0]
    assert speed[round((guide.arrivals[0] + 0.01) * 1e3)] < 5e-3
    p = guide.sample(np.linspace(0, guide.duration, 500))[:, :3, 3]
    assert p[:, 0].max() == pytest.approx(0.8, abs=1e-4)


def test_quaternions_of_either_sign_are_one_rotation():
    """Half turns in steps of 100 degrees: the shorter way each, whatever the sign."""
    turns = [geometry.rpy_to_matrix(0, 0, yaw) @ DOWN for yaw in np.radians([0, 100, 200, 300])]
    poses = geometry.transform(np.array(turns), [[0.4, 0.1 * k, 0.4] for k in range(4)])
    waypoints = GuideWaypoints(poses, np.full(4, np.nan), np.zeros(4, bool), np.arange(4))
    guide = make_guide(poses[0], 1.0, waypoints, SETTINGS, TRAVEL)
    T = guide.sample(np.linspace(0, guide.duration, 500))
    assert angles(T[1:, :3, :3], T[:-1, :3, :3]).sum() == pytest.approx(np.radians(300), rel=0.02)


@pytest.mark.parametrize('straight', [False, True])
def test_a_thousand_waypoints(straight):
    points = np.cumsum(np.random.default_rng(0).normal(0, 0.05, (1000, 3)), axis=0)
    guide = path(points, straight=straight)
    np.testing.assert_allclose(guide.sample(guide.arrivals)[:, :3, 3], points, atol=1e-9)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_way_and_time_go_together(seed):
    guide = random_guide(seed)
    times = np.linspace(0, guide.duration, 200)
    ways = guide.way_at(times)
    assert (np.diff(ways) >= 0).all()
    assert ways[-1] == pytest.approx(guide.length)
    back = guide.time_of(ways)
    assert (back >= times - 1e-6).all()  # The last time, where it stands.
    np.testing.assert_allclose(guide.way_at(back), ways, atol=1e-9)


def test_guidance_poses_ahead():
    guide = path(PICK)
    poses = guide.ahead(0.3, 4, 0.1)
    np.testing.assert_allclose(poses, guide.sample(np.array([0.3, 0.4, 0.5, 0.6])), atol=1e-12)
    beyond = guide.ahead(guide.duration, 3, 0.5)
    np.testing.assert_allclose(beyond[:, :3, 3], [PICK[-1]] * 3, atol=1e-9)
