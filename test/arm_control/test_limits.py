"""Settings refuse nonsense with the value; limits on the grid are what was published, scaled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_arm import small_arm

from gae_arm.arm_control.limits import (
    GovernorSettings,
    limit_table,
    limited_arm,
    stopping_seconds,
)
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.paths import arm_file


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'period': 0.0}, 'period is 0.0, allowed is 0.001 to 0.05'),
        ({'period': float('nan')}, 'period is not finite: nan'),
        ({'period': 'fast'}, "period is not a number: 'fast'"),
        ({'velocity_scale': 1.5}, 'velocity_scale is 1.5, allowed is 0.0 to 1.0'),
        ({'jerk_scale': -0.1}, 'jerk_scale is -0.1, allowed is 0.0 to 1.0'),
        ({'position_margin': -0.1}, 'position_margin is -0.1, allowed is 0.0 to 1.0'),
        ({'joint_state_age': 0.0}, 'joint_state_age is 0.0, allowed is 0.001 to 10.0'),
        ({'use_cloud': 'no'}, "use_cloud is not true or false: 'no'"),
        (
            {'workspace_lower': [0, 0, 2]},
            'workspace_lower [0.0, 0.0, 2.0] is not below workspace_upper [1.0, 1.0, 1.5]',
        ),
        (
            {'workspace_upper': [1, np.inf, 1]},
            'workspace_upper[1] is not finite: inf',
        ),
        (
            {'stop_distance': 0.2, 'slow_distance': 0.1},
            'stop_distance 0.2 is not below slow_distance 0.1',
        ),
        (
            {'seam_jump': 0.02, 'path_tolerance': 0.02},
            'path_tolerance 0.02 is not below seam_jump 0.02',
        ),
    ],
)
def test_nonsense_is_refused(changes, message):
    with pytest.raises(InvalidValueError) as caught:
        GovernorSettings(**changes)
    assert str(caught.value) == message


def test_all_rules_are_on_by_default():
    settings = GovernorSettings()
    assert settings.use_cloud
    assert min(settings.stop_distance, settings.self_distance, settings.tracking_error) > 0
    ages = settings.joint_state_age, settings.cloud_age, settings.chunk_age
    assert ages == (0.1, 0.25, 0.3)


def test_limits_are_scaled_and_the_margin_is_kept():
    settings = GovernorSettings(
        velocity_scale=0.5, acceleration_scale=0.25, jerk_scale=0.1, position_margin=0.1
    )
    arm = limited_arm(small_arm(), settings)
    np.testing.assert_allclose(arm.limits.lower, [-0.9, -1.9, -2.9])
    np.testing.assert_allclose(arm.limits.upper, [0.9, 1.9, 2.9])
    np.testing.assert_allclose(arm.limits.velocity, [0.5, 1.0, 1.0])
    np.testing.assert_allclose(arm.limits.acceleration, [1.25, 2.5, 2.5])
    np.testing.assert_allclose(arm.limits.jerk, [50.0, 100.0, 20.0])


def test_a_margin_that_leaves_no_range_is_refused():
    arm = small_arm(lower=[-1, -2, -0.1], upper=[1, 2, 0.1])
    with pytest.raises(InvalidValueError) as caught:
        limited_arm(arm, GovernorSettings(position_margin=0.2))
    assert str(caught.value) == 'lower[2] 0.1 is above upper -0.1'


def test_limits_without_a_quick_stop_are_refused():
    with pytest.raises(InvalidValueError) as caught:
        limit_table(small_arm(acceleration=[5.0, 0.5, 10.0]))
    assert str(caught.value) == (
        "joint 'two' needs 4 s to stop from 2 rad/s with 0.5 rad/s^2 and 1e+03 rad/s^3; "
        'at most 2 s is allowed'
    )


@pytest.mark.parametrize('key', ['velocity', 'acceleration', 'jerk'])
def test_a_limit_of_zero_stops_the_joint_and_no_other(key):
    values = getattr(small_arm().limits, key).copy()
    values[1] = 0.0
    table = limit_table(small_arm(**{key: values}))
    assert (table[2:, 1] == 0).all()
    assert (table[2:, [0, 2]] > 0).all()


@pytest.mark.parametrize('name', ['panda', 'ur5', 'xarm7'])
def test_the_shipped_arms_stop_quickly(name):
    arm = limited_arm(load_arm(arm_file(name)), GovernorSettings(velocity_scale=1.0))
    assert limit_table(arm).shape == (5, len(arm.joints))
    assert stopping_seconds(arm.limits).max() < 0.7


@given(
    st.floats(0.1, 4.0),
    st.floats(0.5, 20.0),
    st.floats(10.0, 1e4),
)
def test_the_stopping_time_is_that_of_a_bang_bang_jerk(V, A, J):
    # The speed that a jerk-limited deceleration of this duration removes is V again.
    arm = small_arm(velocity=[V] * 3, acceleration=[A] * 3, jerk=[J] * 3)
    T = stopping_seconds(arm.limits)[0]
    ramp = min(A / J, T / 2)
    np.testing.assert_allclose(J * ramp * (T - ramp), V, rtol=1e-9)
