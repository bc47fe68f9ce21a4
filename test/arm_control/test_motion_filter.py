"""Motion on the grid: limits hold for any wish and any state on the way, and there is a stop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_arm import small_arm

from gae_arm.arm_control.limits import GovernorSettings, limited_arm, stopping_seconds
from gae_arm.arm_control.motion_filter import MotionFilter
from gae_arm.commands.benches.motion_checker import worst_excess
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file

STEP = 0.01


def standing(position):
    states = np.zeros((1, 3, 3))
    states[0, 0] = position
    return states


def excess(states, motion_filter):
    """The largest excess over the limits as another piece of code sees it."""
    times = np.arange(len(states)) * motion_filter.step
    limits = motion_filter.limits
    return worst_excess(times, states[:, 0], states[:, 1], states[:, 2], limits).max()


def assert_kept(states, motion_filter):
    assert motion_filter.within_limits(states)
    assert excess(states, motion_filter) < 1e-6
    assert not states[-1, 1:].any()


limits = st.fixed_dictionaries(
    {
        'velocity': st.lists(st.sampled_from([0.0, 0.3, 1.0, 3.0]), min_size=3, max_size=3),
        'acceleration': st.lists(st.sampled_from([0.0, 2.0, 5.0, 20.0]), min_size=3, max_size=3),
        'jerk': st.lists(st.sampled_from([0.0, 50.0, 500.0, 7500.0]), min_size=3, max_size=3),
    }
)
targets = st.lists(
    st.tuples(*[st.tuples(*[st.floats(-4, 4), st.floats(-5, 5), st.floats(-60, 60)])] * 3),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(limits, st.sampled_from([0.002, 0.01, 0.02]), st.lists(targets, min_size=1, max_size=12))
def test_limits_hold_whatever_is_wished_for(changes, step, wishes):
    motion = MotionFilter(small_arm(**changes), step)
    states = standing([0.0, -1.99, 3.0])
    for wish in wishes:
        followed = motion.follow(states, np.array(wish).swapaxes(1, 2).copy(), 1.0)
        assert_kept(followed, motion)
        assert (followed[0] == states[0]).all()
        braked = motion.brake(followed[1:] if len(followed) > 1 else followed)
        assert_kept(braked, motion)
        states = followed[min(2, len(followed) - 1) :]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(['panda', 'ur5', 'xarm7']))
def test_from_every_state_on_the_way_there_is_a_stop(seed, name):
    random = np.random.default_rng(seed)
    arm = limited_arm(load_arm(arm_file(name)), GovernorSettings(velocity_scale=1.0))
    motion = MotionFilter(arm, STEP)
    states = np.zeros((1, 3, len(arm.joints)))
    states[0, 0] = random.uniform(arm.limits.lower, arm.limits.upper)
    goal = np.zeros((10, 3, len(arm.joints)))
    goal[:, 0] = random.choice([arm.limits.lower, arm.limits.upper])
    for _ in range(30):
        states = motion.follow(states, goal, 1.0)
        for i in range(1, min(11, len(states))):
            assert_kept(motion.brake(states[i:]), motion)
        states = states[random.integers(1, 4) :] if len(states) > 4 else states


@pytest.mark.parametrize('key', ['velocity', 'acceleration', 'jerk'])
def test_a_joint_with_a_limit_of_zero_does_not_move_at_all(key):
    values = getattr(small_arm().limits, key).copy()
    values[1] = 0.0
    motion = MotionFilter(small_arm(**{key: values}), STEP)
    states = motion.follow(standing([0, 0.5, 0]), np.full((50, 3, 3), 1.0), 1.0)
    assert (states[:, 0, 1] == 0.5).all()
    assert not states[:, 1:, 1].any()
    assert states[-1, 0, 0] > 0.01


def test_a_range_of_one_point_holds_the_joint():
    motion = MotionFilter(small_arm(lower=[-1, 0.5, -3], upper=[1, 0.5, 3]), STEP)
    states = motion.follow(standing([0, 0.5, 0]), np.full((50, 3, 3), 1.0), 1.0)
    assert (states[:, 0, 1] == 0.5).all()


def test_a_stop_takes_at_most_three_steps_more_than_the_optimum():
    motion = MotionFilter(small_arm(), STEP)
    states = standing([-1.0, -2.0, -3.0])
    speed = np.zeros((1, 3, 3))
    speed[0, 1] = motion.limits[2]
    speed[0, 0] = 10.0
    for _ in range(60):
        states = motion.follow(states, speed, 1.0)[1:]
    np.testing.assert_allclose(states[0, 1], motion.limits[2], rtol=0.02)
    optimum = stopping_seconds(small_arm().limits).max()
    assert len(motion.brake(states)) - 1 <= np.ceil(optimum / STEP) + 3


def test_a_stop_from_steady_motion_stays_on_the_straight_line():
    # All joints need the same time relative to their speeds: the direction is that of the speeds.
    arm = small_arm(acceleration=[5.0, 10.0, 10.0], jerk=[500.0, 1000.0, 1000.0])
    motion = MotionFilter(arm, STEP)
    states = np.zeros((80, 3, 3))
    states[:, 1] = [0.3, -0.8, 0.05]
    states[:, 0] = np.arange(80)[:, None] * STEP * states[:, 1]
    braked = motion.brake(states[:1])
    way = braked[:, 0] - braked[0, 0]
    np.testing.assert_allclose(
        way[1:] / way[1:, :1], np.tile([1, -8 / 3, 1 / 6], (len(way) - 1, 1))
    )
    assert_kept(braked, motion)


def test_where_the_straight_line_has_no_room_the_joint_stops_by_itself():
    motion = MotionFilter(small_arm(), STEP)
    states = np.zeros((1, 3, 3))
    states[0, 0] = [0.0, 1.995, 0.0]
    states[0, 1] = [0.9, 0.2, 0.0]
    braked = motion.brake(states)
    assert_kept(braked, motion)
    two = np.flatnonzero(braked[:, 1, 1])[-1]
    assert two < np.flatnonzero(braked[:, 1, 0])[-1]


def test_a_target_within_reach_is_not_overrun():
    motion = MotionFilter(small_arm(), STEP)
    goal = np.zeros((10, 3, 3))
    goal[:, 0] = [0.5, -1.0, 2.0]
    states = standing([0.0, 0.0, 0.0])
    for _ in range(300):
        states = motion.follow(states, goal, 1.0)[1:]
        assert (np.abs(states[:, 0]) <= np.abs(goal[0, 0]) + 1e-6).all()
    np.testing.assert_allclose(states[0, 0], goal[0, 0], atol=1e-6)


def test_a_smooth_motion_is_followed_closely():
    motion = MotionFilter(small_arm(), STEP)
    states = standing([0.0, 0.0, 0.0])
    for tick in range(200):
        t = (tick + np.arange(10)[:, None]) * STEP
        wave = np.stack([0.3 - 0.3 * np.cos(2 * t), 0.6 * np.sin(2 * t), 1.2 * np.cos(2 * t)], 1)
        states = motion.follow(states, np.tile(wave, (1, 1, 3)), 1.0)[1:]
        wanted = 0.3 - 0.3 * np.cos(2 * (tick + 1) * STEP)
        assert np.abs(states[0, 0] - wanted).max() < 2e-3


def test_the_speed_scale_is_a_cap_that_is_approached_from_above_as_well():
    motion = MotionFilter(small_arm(), STEP)
    goal = np.zeros((5, 3, 3))
    goal[:, 0], goal[:, 1] = 1.0, 2.0
    states = standing([-1.0, -2.0, -3.0])
    for _ in range(30):
        states = motion.follow(states, goal, 0.5)[1:]
    assert (np.abs(states[0, 1]) <= 0.5 * motion.limits[2] + 1e-5).all()
    for _ in range(60):
        states = motion.follow(states, goal, 0.1)[1:]
    assert (np.abs(states[0, 1]) <= 0.1 * motion.limits[2] + 1e-5).all()


def test_the_same_inputs_give_the_same_motion_to_the_last_bit():
    def run():
        motion = MotionFilter(small_arm(), STEP)
        states = standing([0.1, 0.2, 0.3])
        for k in range(20):
            goal = np.full((10, 3, 3), np.sin(k))
            states = motion.follow(states, goal, 1.0)[1:]
        return states

    assert run().tobytes() == run().tobytes()


def test_what_breaks_a_limit_between_points_is_seen():
    motion = MotionFilter(small_arm(), STEP)
    states = standing([0.9995, 0.0, 0.0])
    states = np.repeat(states, 3, axis=0)
    # Outwards at 0.1 rad/s and back again within one step: the turning point is outside.
    states[0, 1, 0], states[0, 2, 0] = 0.2, 0.0
    assert not motion.within_limits(states)


def test_a_motion_that_does_not_end_standing_is_seen():
    motion = MotionFilter(small_arm(), STEP)
    states = standing([0.0, 0.0, 0.0])
    states[0, 1, 0] = 1e-3
    assert not motion.within_limits(states)


def test_the_grid_is_free_to_choose():
    for step in (0.001, 0.004, 0.02):
        motion = MotionFilter(small_arm(), step)
        states = motion.follow(standing([0, 0, 0]), np.full((5, 3, 3), 0.5), 1.0)
        assert_kept(states, motion)
