"""A plan that must not be carried out is refused with the reason, the waypoint and the value."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.reach import Reach
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.plan_check import (
    PlanCheckSettings,
    check_expiry,
    check_message,
    check_places,
    check_reach,
)
from gae_arm.core.progress import PlanRefusal, PlanRefusedError

SECOND = 10**9
NOW = 1000 * SECOND
SETTINGS = PlanCheckSettings()
CAMERA = 'camera_color_optical_frame'


def plan_of(*positions, frame='base', stamp_ns=NOW - SECOND, expiry_ns=NOW + SECOND):
    waypoints = tuple(Waypoint(np.array(p, dtype=float)) for p in positions)
    return WaypointPlan('p', stamp_ns, frame, 'go', waypoints, expiry_ns)


GOOD = (0.5, 0.1, 0.2)


def refusal(check, *args, **kwargs) -> PlanRefusedError:
    with pytest.raises(PlanRefusedError) as caught:
        check(*args, **kwargs)
    return caught.value


def assert_refused(error, reason, message, waypoint=0):
    assert (error.reason, str(error), error.waypoint) == (reason, message, waypoint)


def test_a_good_plan_passes_as_it_is():
    plan = plan_of(GOOD, (0.4, -0.2, 0.05))
    check_message(plan, NOW, SETTINGS)
    assert check_places(plan, SETTINGS) == plan


@pytest.mark.parametrize(
    'positions', [[GOOD], [GOOD, GOOD], [(0.1 * i, 0.0, 0.2) for i in range(1, 6)]]
)
def test_one_waypoint_doubles_and_lines_are_no_reason_to_refuse(positions):
    plan = plan_of(*positions)
    check_message(plan, NOW, SETTINGS)
    assert check_places(plan, SETTINGS) == plan


def test_too_many_waypoints():
    error = refusal(check_message, plan_of(*[GOOD] * 10_000), NOW, SETTINGS)
    message = '10000 waypoints, at most 200 are allowed'
    assert_refused(error, PlanRefusal.TOO_MANY_WAYPOINTS, message)
    check_message(plan_of(*[GOOD] * 200), NOW, SETTINGS)


def test_behind_the_camera():
    error = refusal(check_message, plan_of(GOOD, (0.0, 0.1, -0.4), frame=CAMERA), NOW, SETTINGS)
    message = (
        "waypoint 1 is behind the camera: z is -0.400 m in 'camera_color_optical_frame', "
        'a camera sees z > 0'
    )
    assert_refused(error, PlanRefusal.BEHIND_CAMERA, message, 1)
    check_message(plan_of((0.0, 0.1, -0.4), frame='tool0'), NOW, SETTINGS)


def test_an_expired_plan():
    plan = plan_of(GOOD, expiry_ns=NOW - SECOND // 4)
    error = refusal(check_message, plan, NOW, SETTINGS)
    assert_refused(error, PlanRefusal.STALE, 'the plan expired 0.250 s ago')
    assert refusal(check_expiry, plan, NOW).reason == PlanRefusal.STALE
    check_expiry(plan, NOW - SECOND // 4)


def test_an_old_image():
    plan = plan_of(GOOD, stamp_ns=NOW - 61 * SECOND)
    error = refusal(check_message, plan, NOW, PlanCheckSettings(max_plan_age=60.0))
    message = 'the image of the plan is 61.000 s old, at most 60 s is allowed'
    assert_refused(error, PlanRefusal.STALE, message)


def test_a_plan_from_before_a_restart():
    error = refusal(check_message, plan_of(GOOD), NOW, SETTINGS, started_ns=NOW - SECOND // 2)
    message = (
        'the image of the plan was taken 0.500 s before this node started: after a restart the '
        'arm does not go on by itself; send it again'
    )
    assert_refused(error, PlanRefusal.STALE, message)


@pytest.mark.parametrize('off', [1, -2 * 86_400])
def test_another_clock(off):
    plan = plan_of(GOOD, stamp_ns=10**6 * SECOND + off * SECOND, expiry_ns=2 * 10**6 * SECOND)
    error = refusal(check_message, plan, 10**6 * SECOND, SETTINGS)
    message = (
        f'the plan is stamped {10**6 + off}.000 s, the node clock says 1000000.000 s: they run on '
        'different clocks (see use_sim_time)'
    )
    assert_refused(error, PlanRefusal.CLOCK_MISMATCH, message)


def test_through_the_table():
    error = refusal(check_places, plan_of(GOOD, (0.5, 0.0, -0.07)), SETTINGS)
    message = (
        'waypoint 1 is 0.070 m below the surface of the table, at most 0.05 m is taken for noise: '
        '[0.5, 0.0, -0.07] m'
    )
    assert_refused(error, PlanRefusal.THROUGH_TABLE, message, 1)


def test_outside_the_workspace():
    error = refusal(check_places, plan_of(GOOD, GOOD, (1.2, 0.0, 0.3)), SETTINGS)
    message = (
        'waypoint 2 is outside the workspace [-1.0, -1.0, 0.0] to [1.0, 1.0, 1.5] m: '
        '[1.2, 0.0, 0.3] m'
    )
    assert_refused(error, PlanRefusal.OUTSIDE_WORKSPACE, message, 2)


def test_the_workspace_is_the_governors():
    governor = GovernorSettings()
    assert SETTINGS.workspace_lower == governor.workspace_lower
    assert SETTINGS.workspace_upper == governor.workspace_upper
    assert SETTINGS.clock_tolerance == governor.clock_tolerance


@given(st.floats(-0.02, 0.012))
def test_waypoints_next_to_the_table_are_raised_clear_of_it(height):
    plan = plan_of((0.5, 0.1, height))
    placed = check_places(plan, SETTINGS)
    assert placed.waypoints[0].position.tolist() == [0.5, 0.1, 0.012]
    assert dataclasses.replace(placed, waypoints=plan.waypoints) == plan


@given(st.lists(st.tuples(*[st.floats(-3, 3)] * 3), min_size=1, max_size=5))
def test_what_passes_is_inside(positions):
    try:
        placed = check_places(plan_of(*positions), SETTINGS)
    except PlanRefusedError:
        return
    for waypoint in placed.waypoints:
        assert (waypoint.position >= SETTINGS.workspace_lower).all()
        assert (waypoint.position <= SETTINGS.workspace_upper).all()
        assert waypoint.position[2] >= SETTINGS.table_clearance


@pytest.fixture(scope='module')
def reach():
    return Reach(Kinematics(load_arm(arm_file('panda'))))


def grasp(x, y, z):
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = x, y, z
    return T


def test_out_of_reach_names_the_nearest_pose(reach):
    poses, sources = np.array([grasp(*GOOD), grasp(0.9, 0.3, 0.8)]), np.array([0, 2])
    error = refusal(check_reach, poses, sources, reach.check)
    nearest = reach.check(poses[1]).nearest[:3, 3]
    assert (error.reason, error.waypoint) == (PlanRefusal.UNREACHABLE, 2)
    assert str(error).startswith('waypoint 2 is out of reach: [0.9, 0.3, 0.8] m with (x, y, z, w)')
    assert f'the nearest that the arm reaches is {np.round(nearest, 3).tolist()} m' in str(error)


def test_each_waypoint_is_reached_from_the_one_before(reach):
    seeds = []

    def spy(T, q):
        seeds.append(q)
        return reach.check(T, q)

    start = reach.kinematics.arm.home
    poses = np.array([grasp(*GOOD), grasp(0.4, -0.2, 0.1), grasp(0.3, 0.3, 0.3)])
    check_reach(poses, np.arange(3), spy, start)
    assert seeds[0] is start
    for T, q in zip(poses, seeds[1:], strict=False):
        assert np.abs(reach.kinematics.forward(q) - T).max() < 1e-3


def test_a_workspace_that_is_none_is_refused():
    with pytest.raises(InvalidValueError, match='is not below workspace_upper'):
        PlanCheckSettings(workspace_lower=(0.0, 0.0, 2.0))
