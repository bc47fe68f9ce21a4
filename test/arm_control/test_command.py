"""Joint commands: everything that can be wrong with their form, and their reference."""

import dataclasses

import numpy as np
import pytest
from small_arm import JOINTS

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.command import JointCommand, Path, checked_path, outside_limits
from gae_arm.core.motion import HaltReason

GOOD = JointCommand(5, JOINTS, np.array([10, 20, 30]), np.arange(9.0).reshape(3, 3))


def refused(**changes):
    cause = checked_path(dataclasses.replace(GOOD, **changes), JOINTS)
    assert isinstance(cause, Cause)
    return cause.reason, cause.message


def test_a_good_command_passes_unchanged():
    path = checked_path(GOOD, JOINTS)
    np.testing.assert_array_equal(path.times_ns, GOOD.times_ns)
    np.testing.assert_array_equal(path.position, GOOD.position)


def test_joints_in_another_order_are_put_in_ours():
    other = dataclasses.replace(
        GOOD, joint_names=['three', 'one', 'two'], position=np.array(GOOD.position)[:, [2, 0, 1]]
    )
    np.testing.assert_array_equal(checked_path(other, JOINTS).position, GOOD.position)


@pytest.mark.parametrize(
    ('changes', 'reason', 'message'),
    [
        (
            {'joint_names': ['one', 'two']},
            HaltReason.COMMAND_WRONG_JOINTS,
            "the command is for the joints ['one', 'two'], the arm has ['one', 'two', 'three']",
        ),
        (
            {'joint_names': ['one', 'two', 'elbow']},
            HaltReason.COMMAND_WRONG_JOINTS,
            "the command is for the joints ['one', 'two', 'elbow'], the arm has "
            "['one', 'two', 'three']",
        ),
        (
            {'joint_names': ['one', 'two', 'two']},
            HaltReason.COMMAND_WRONG_JOINTS,
            "the command is for the joints ['one', 'two', 'two'], the arm has "
            "['one', 'two', 'three']",
        ),
        (
            {'position': [[0, 0, 0], [0, np.nan, 0], [0, 0, 0]]},
            HaltReason.COMMAND_INVALID,
            'command: position[1, 1] is not finite: nan',
        ),
        (
            {'position': np.zeros((3, 2))},
            HaltReason.COMMAND_INVALID,
            'command: position has shape (3, 2), expected (N, 3)',
        ),
        (
            {'position': np.full((3, 3), -1e300)},
            HaltReason.COMMAND_INVALID,
            'command: largest position is 1e+300, allowed is 0.0 to 1000.0',
        ),
        (
            {'position': np.zeros((0, 3)), 'times_ns': np.zeros(0, np.int64)},
            HaltReason.COMMAND_INVALID,
            'command: 0 points, allowed are 1 to 10000',
        ),
        (
            {'times_ns': [10, 30, 20]},
            HaltReason.COMMAND_INVALID,
            'command: times_ns do not increase: 30, then 20',
        ),
        (
            {'times_ns': [10, 20]},
            HaltReason.COMMAND_INVALID,
            'command: times_ns has shape (2,), expected (3)',
        ),
        (
            {'times_ns': [10.0, 20.0, 30.0]},
            HaltReason.COMMAND_INVALID,
            'command: times_ns are not integers: [10.0, 20.0, 30.0]',
        ),
        (
            {'times_ns': [-10, 20, 30]},
            HaltReason.COMMAND_INVALID,
            'command: times_ns[0] is -10, allowed is 0 to 2147483647999999999',
        ),
    ],
)
def test_what_is_wrong_is_said(changes, reason, message):
    assert refused(**changes) == (reason, message)


def test_a_slower_clock_keeps_the_path():
    times = np.arange(11) * 10_000_000
    path = Path(times, np.sin(np.arange(11) * 0.1)[:, None] * np.ones(3))
    full, half = path.sample(0, 0.01, 5), path.sample(0, 0.02, 5, 0.5)
    np.testing.assert_allclose(half[:, 0], full[:, 0], atol=1e-12)
    np.testing.assert_allclose(half[:, 1], full[:, 1] / 2, atol=1e-12)
    np.testing.assert_allclose(half[:, 2], full[:, 2] / 4, atol=1e-12)


def test_the_steps_that_are_left():
    path = Path(np.array([0, 50_000_000]), np.zeros((2, 3)))
    assert path.steps(0, 0.01) == pytest.approx(5)
    assert path.steps(10**9, 0.01) == 0


def test_rounding_beyond_a_limit_passes_and_more_does_not():
    lower, upper = np.full(3, -1.0), np.full(3, 1.0)
    assert outside_limits(np.full((2, 3), 1.00009), lower, upper, JOINTS) is None
    cause = outside_limits(np.array([[0, 0, 0], [0, 0, -1.2]]), lower, upper, JOINTS)
    assert cause == Cause(
        HaltReason.POSITION_LIMIT,
        "joint 'three' is asked to go to -1.2000 rad, its limits are -1.0000 to 1.0000",
    )
