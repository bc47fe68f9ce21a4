"""Joint states against what was commanded: missing, frozen, lagging, moved, moving on its own."""

import numpy as np
import pytest
from small_arm import JOINTS, small_arm

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.feedback import Feedback
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.motion_filter import MotionFilter
from gae_arm.arm_control.timeline import Timeline
from gae_arm.core.motion import HaltReason, RobotState

STEP_NS = 10_000_000
T0 = 10**9


def feedback(**changes):
    return Feedback(small_arm(), GovernorSettings(**changes))


def state(position, stamp_ns=T0, names=JOINTS, velocity=None):
    zeros = np.zeros(len(names))
    return RobotState(stamp_ns, names, position, zeros if velocity is None else velocity, zeros)


def moving_timeline(ticks):
    """The first joint has been moving for some ticks; return the timeline and its positions."""
    motion = MotionFilter(small_arm(), 0.01)
    timeline = Timeline(T0, STEP_NS, np.zeros(3))
    goal = np.zeros((100, 3, 3))
    goal[:, 0, 0] = 0.8
    timeline.replace(motion.follow(timeline.states, goal, 1.0))
    positions = timeline.states[: ticks + 1, 0]
    timeline.advance(T0 + ticks * STEP_NS)
    return timeline, positions


def test_a_joint_that_is_missing_is_named():
    assert feedback().missing(state(np.zeros(3))) is None
    assert feedback().missing(state(np.zeros(2), names=('one', 'finger'))) == Cause(
        HaltReason.JOINT_STATE_INVALID,
        "the joint state lacks ['two', 'three']; it has: ['one', 'finger']",
    )


def test_joints_are_found_by_name_and_fingers_do_not_matter():
    names = ('finger', 'three', 'one', 'two')
    position = feedback().position(state([9.0, 3.0, 1.0, 2.0], names=names))
    np.testing.assert_array_equal(position, [1.0, 2.0, 3.0])


@pytest.mark.parametrize('delay', [0, 5, 15])
def test_a_controller_may_be_late_by_the_delay(delay):
    timeline, positions = moving_timeline(40)
    check = feedback(tracking_delay=0.15, tracking_error=0.001)
    assert check.disagrees(state(positions[40 - delay], T0 + 40 * STEP_NS), timeline) is None


def test_a_joint_that_does_not_follow_is_said_with_its_error():
    timeline, positions = moving_timeline(40)
    check = feedback(tracking_delay=0.05, tracking_error=0.1)
    low = positions[35, 0]
    cause = check.disagrees(state([low - 0.15, 0, 0], T0 + 40 * STEP_NS), timeline)
    assert cause == Cause(
        HaltReason.CONTROLLER_FAILED,
        f"joint 'one' is at {low - 0.15:.4f} rad, 0.1500 rad from where it was commanded; at most "
        '0.1 is allowed',
    )


def test_a_joint_that_is_pushed_aside_is_seen_whatever_the_command():
    timeline = Timeline(T0, STEP_NS, np.zeros(3))
    cause = feedback().disagrees(state([0, 0.2, 0]), timeline)
    assert cause.reason == HaltReason.CONTROLLER_FAILED


def test_a_frozen_joint_state_is_told_from_a_lagging_one():
    timeline, positions = moving_timeline(45)
    check = feedback(tracking_delay=0.1, tracking_error=1.0)
    # The values of joint one stay to the last bit while it is moved, the stamps go on.
    assert check.disagrees(state([0.01, 0, 0], T0 + 5 * STEP_NS), timeline) is None
    assert check.disagrees(state([0.01, 0, 0], T0 + 14 * STEP_NS), timeline) is None
    cause = check.disagrees(state([0.01, 0, 0], T0 + 40 * STEP_NS), timeline)
    moved = positions[30, 0] - positions[5, 0]
    assert cause == Cause(
        HaltReason.JOINT_STATE_FROZEN,
        f"joint 'one' has reported 0.0100 rad for 0.350 s while it was moved by {moved:.4f} rad",
    )


def test_a_joint_that_stands_may_report_one_value_for_ever():
    timeline = Timeline(T0, STEP_NS, np.zeros(3))
    check = feedback()
    for k in range(300):
        timeline.advance(T0 + k * STEP_NS)
        assert check.disagrees(state(np.zeros(3), T0 + k * STEP_NS), timeline) is None


def test_a_motion_starts_where_the_arm_is_within_its_limits():
    np.testing.assert_array_equal(feedback().start(state([0.3, -0.2, 0.1])), [0.3, -0.2, 0.1])
    np.testing.assert_array_equal(feedback().start(state([1.005, 0, 0])), [1.0, 0, 0])


def test_no_motion_starts_outside_the_limits():
    assert feedback().start(state([0, -2.3, 0])) == Cause(
        HaltReason.POSITION_LIMIT,
        "joint 'two' stands at -2.3000 rad, its limits are -2.0000 to 2.0000: move it back with "
        "the driver's own tools",
    )


def test_no_motion_starts_while_the_arm_moves_on_its_own():
    assert feedback().start(state(np.zeros(3), velocity=[0, 0, -0.2])) == Cause(
        HaltReason.CONTROLLER_FAILED, "joint 'three' moves at -0.200 rad/s without a command"
    )
