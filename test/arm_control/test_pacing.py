"""Pacing: jumps are refused, what is too fast is slowed with the path kept, lag slows too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_arm import JOINTS, settings, small_arm

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.limits import limit_table
from gae_arm.arm_control.pacing import Pacing
from gae_arm.core.motion import HaltReason

HERE = np.zeros(3)


def pacing(arm=None, **changes):
    return Pacing(JOINTS, limit_table(arm or small_arm()), settings(**changes))


def reference(velocity=(0, 0, 0), start=(0, 0, 0), acceleration=(0, 0, 0)):
    return np.repeat(np.array([[start, velocity, acceleration]], float), 11, axis=0)


def test_a_command_that_goes_on_from_here_is_no_jump():
    assert pacing().rate(reference([0.9, 1.9, -1.9], [0.01, -0.01, 0]), HERE) == (1.0, None)


def test_a_start_far_away_is_a_jump():
    assert pacing().rate(reference(start=[0, 0.3, 0]), HERE) == (
        0.0,
        Cause(
            HaltReason.COMMAND_JUMP,
            "joint 'two' is at 0.0000 rad, the command starts at 0.3000 rad; at most 0.1 rad lie "
            'between',
        ),
    )


def test_a_speed_far_beyond_the_limit_is_a_jump():
    assert pacing().rate(reference([0, 0, 50.0]), HERE) == (
        0.0,
        Cause(
            HaltReason.COMMAND_JUMP,
            "joint 'three' is asked to move at 50 rad/s, 25 times its limit of 2 rad/s",
        ),
    )


def test_within_the_limits_nothing_is_slowed():
    assert pacing().rate(reference([1.0, -2.0, 2.0], [0.02, 0, 0]), HERE) == (1.0, None)


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=3))
def test_the_slowed_speeds_keep_all_limits_and_their_direction(velocity):
    scale, cause = pacing().rate(reference(velocity), HERE)
    limits = small_arm().limits.velocity
    slowed = scale * np.array(velocity)
    assert (np.abs(slowed) <= limits * (1 + 1e-12)).all()
    if cause is not None:
        assert cause.reason == HaltReason.VELOCITY_LIMIT
        assert (np.abs(slowed) / limits).max() == pytest.approx(1)


def test_too_fast_is_said_with_the_joint_and_its_limit():
    scale, cause = pacing().rate(reference([0, 4.0, 2.5]), HERE)
    assert scale == 0.5
    assert cause == Cause(
        HaltReason.VELOCITY_LIMIT,
        "joint 'two' is asked to move at 4 rad/s, its limit is 2 rad/s",
    )


def test_a_joint_that_must_not_move_stops_the_command_that_moves_it():
    arm = small_arm(velocity=[0.0, 2.0, 2.0])
    scale, cause = pacing(arm).rate(reference([0.1, 0, 0]), HERE)
    assert scale == 0.0
    assert cause == Cause(
        HaltReason.VELOCITY_LIMIT, "joint 'one' is asked to move at 0.1 rad/s, its limit is 0 rad/s"
    )
    assert pacing(arm).rate(reference([1e-9, 1.0, 0]), HERE) == (1.0, None)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=3))
def test_the_slowed_accelerations_keep_all_limits(acceleration):
    scale, cause = pacing().rate(reference(acceleration=acceleration), HERE)
    limits = small_arm().limits.acceleration
    slowed = scale**2 * np.array(acceleration)
    assert (np.abs(slowed) <= limits * (1 + 1e-12)).all()
    assert (cause is None) == (np.abs(acceleration) <= limits).all()


def test_too_sharp_is_said_with_the_joint_and_its_limit():
    scale, cause = pacing().rate(reference(acceleration=[0, 40.0, 0]), HERE)
    assert scale == 0.5
    assert cause == Cause(
        HaltReason.ACCELERATION_LIMIT,
        "joint 'two' is asked to accelerate at 40 rad/s^2, its limit is 10 rad/s^2",
    )


def test_too_sudden_is_said_with_the_joint_and_its_limit():
    asked = reference()
    # From 0 to -8 rad/s^2 within two points: 8 / 0.03 rad/s^3 over the time that counts.
    asked[5:, 2, 2] = -8.0
    arm = small_arm(jerk=[500.0, 1000.0, 8 / 0.03 / 8])
    scale, cause = pacing(arm).rate(asked, HERE)
    assert scale == pytest.approx(0.5)
    assert cause == Cause(
        HaltReason.JERK_LIMIT,
        "joint 'three' is asked for a jerk of 267 rad/s^3, its limit is 33.3 rad/s^3",
    )


@pytest.mark.parametrize(('lag', 'scale'), [(0.02, 1.0), (0.06, 0.5), (0.1, 0.0)])
def test_who_lags_behind_is_waited_for(lag, scale):
    found, cause = pacing().rate(reference(start=[0, lag, 0]), HERE)
    assert found == pytest.approx(scale)
    if scale == 1.0:
        assert cause is None
    else:
        assert cause == Cause(
            HaltReason.COMMAND_JUMP,
            f"joint 'two' is {lag:.3f} rad behind its command, which is waiting",
        )
