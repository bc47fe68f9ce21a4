"""The commanded motion moves along its grid, remembers, and is told without a loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_arm import JOINTS, small_arm

from gae_arm.arm_control.motion_filter import MotionFilter
from gae_arm.arm_control.timeline import Timeline
from gae_arm.arm_sim.trajectory import TrajectoryExecutor

STEP_NS = 10_000_000
MOTION = MotionFilter(small_arm(), 0.01)
JERK = MOTION.limits[4]


def moving():
    """A timeline that has just been given a motion of all joints."""
    timeline = Timeline(10**9, STEP_NS, np.zeros(3))
    goal = np.zeros((10, 3, 3))
    goal[:, 0] = [0.5, -1.0, 2.0]
    timeline.replace(MOTION.follow(timeline.states, goal, 1.0))
    return timeline


def test_it_stands_where_it_begins():
    timeline = Timeline(10**9, STEP_NS, np.array([0.1, 0.2, 0.3]))
    assert timeline.standing
    timeline.advance(10**9 + 10**12)
    np.testing.assert_array_equal(timeline.states, [[[0.1, 0.2, 0.3], [0] * 3, [0] * 3]])


@pytest.mark.parametrize(
    ('until_ns', 'steps'),
    [(0, 0), (10**9, 0), (10**9 + 1, 1), (10**9 + STEP_NS, 1), (10**9 + STEP_NS + 1, 2)],
)
def test_it_moves_to_the_first_grid_time_that_is_not_before(until_ns, steps):
    timeline = moving()
    states = timeline.states
    timeline.advance(until_ns)
    assert timeline.start_ns == 10**9 + steps * STEP_NS
    np.testing.assert_array_equal(timeline.states, states[steps:])


def test_after_its_end_it_stands_there():
    timeline = moving()
    end = timeline.states[-1]
    timeline.advance(timeline.start_ns + 5 * 10**9)
    assert timeline.standing
    np.testing.assert_array_equal(timeline.states, [end])


def test_what_was_commanded_is_remembered_for_a_second():
    timeline = moving()
    start_ns, states = timeline.start_ns, timeline.states
    timeline.advance(start_ns + 20 * STEP_NS)
    low, high = timeline.window(start_ns + 5 * STEP_NS, start_ns + 8 * STEP_NS)
    np.testing.assert_array_equal(low, states[5:9, 0].min(axis=0))
    np.testing.assert_array_equal(high, states[5:9, 0].max(axis=0))
    low, high = timeline.window(start_ns + 5 * STEP_NS, start_ns + 7 * STEP_NS + 1)
    np.testing.assert_array_equal(high, states[5:9, 0].max(axis=0))


def test_times_outside_the_memory_count_as_its_ends():
    timeline = moving()
    states = timeline.states
    timeline.advance(timeline.start_ns + 20 * STEP_NS)
    for at_ns, expected in ((0, np.zeros(3)), (10**18, states[20, 0])):
        low, high = timeline.window(at_ns, at_ns)
        np.testing.assert_array_equal(low, expected)
        np.testing.assert_array_equal(high, expected)


def test_a_clock_that_jumps_takes_the_motion_along():
    timeline = moving()
    states = timeline.states
    timeline.move_clock(-5 * 10**8)
    assert timeline.start_ns == 5 * 10**8
    np.testing.assert_array_equal(timeline.states, states)


@settings(deadline=None)
@given(st.integers(0, 30))
def test_a_command_says_the_whole_motion_with_few_points(steps):
    timeline = moving()
    timeline.advance(timeline.start_ns + steps * STEP_NS)
    trajectory = timeline.trajectory(JOINTS, JERK)
    assert trajectory.stamp_ns == timeline.start_ns - 2 * STEP_NS
    assert len(trajectory.times_ns) <= len(timeline.states) + 2
    np.testing.assert_array_equal(trajectory.positions[-1], timeline.states[-1, 0])
    executor = TrajectoryExecutor(
        JOINTS, MOTION.limits[0], MOTION.limits[1], np.zeros(3), max_points=10_000
    )
    executor.accept(trajectory, trajectory.stamp_ns, np.zeros(3), np.zeros(3))
    for i, state in enumerate(timeline.states):
        position, velocity = executor.sample(timeline.start_ns + i * STEP_NS)
        np.testing.assert_allclose(position, state[0], atol=1e-12)
        np.testing.assert_allclose(velocity, state[1], atol=1e-9)


def test_long_stretches_of_one_jerk_are_two_points():
    timeline = moving()
    assert len(timeline.trajectory(JOINTS, JERK).times_ns) < len(timeline.states) / 2 + 8


def test_a_controller_that_takes_a_command_over_late_goes_on_along_the_motion():
    timeline = moving()
    executor = TrajectoryExecutor(JOINTS, MOTION.limits[0], MOTION.limits[1], np.zeros(3))
    executor.accept(timeline.trajectory(JOINTS, JERK), 10**9 - 5, np.zeros(3), np.zeros(3))
    now_ns = 10**9 + 57_000_000
    before = executor.sample(now_ns)
    timeline.advance(now_ns)
    # The measured state is far off: it must not matter.
    executor.accept(timeline.trajectory(JOINTS, JERK), now_ns, np.ones(3), np.ones(3))
    for was, now in zip(before, executor.sample(now_ns), strict=True):
        np.testing.assert_allclose(now, was, atol=1e-9)


def test_the_first_moments_of_a_clock_have_no_time_before_zero():
    timeline = Timeline(STEP_NS, STEP_NS, np.zeros(3))
    assert timeline.trajectory(JOINTS, JERK).stamp_ns == 0
