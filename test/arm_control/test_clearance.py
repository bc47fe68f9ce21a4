"""A motion that is called certain keeps its distance at every point, also between measurements."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_arm import small_arm

from gae_arm.arm_control.clearance import RETREAT, ClearanceGuard, Rule
from gae_arm.arm_control.motion_filter import MotionFilter
from gae_arm.core.motion import HaltReason

REACH = np.array([1.0, 0.7, 0.3])
STEP = 0.01


class Bumps(Rule):
    """A margin that changes by at most REACH per radian, with dips where nobody has measured."""

    reason = HaltReason.SELF_COLLISION
    reach = REACH[None]

    def __init__(self, centers=(), height=0.5, slack=0.0, slow=0.0, budget=6):
        self.centers, self.height = np.reshape(centers, (-1, 3)), height
        self.slack, self.slow, self.budget = slack, slow, budget
        self.measured = 0

    def margins(self, q):
        self.measured += 1
        return np.array([self.true_margin(q)])

    def true_margin(self, q):
        if not len(self.centers):
            return self.height
        return float((np.abs(q - self.centers) @ REACH).min()) - self.height

    def sentence(self, k, margin):
        return f'{margin:.3f} m left'


def motion(goal, start=(0.0, 0.0, 0.0), steps=20, ticks=0):
    """States of a motion that has been under way for some ticks."""
    motion_filter = MotionFilter(small_arm(), STEP)
    states = np.zeros((1, 3, 3))
    states[0, 0] = start
    goals = np.zeros((steps, 3, 3))
    goals[:, 0] = goal
    return motion_filter.follow(states, goals, 1.0)[ticks:]


def dense(states):
    """Positions at 20 times between every two points."""
    for now, then in itertools.pairwise(states):
        for t in np.linspace(0, STEP, 20, endpoint=False):
            jerk = (then[2] - now[2]) / STEP
            yield now[0] + t * (now[1] + t * (now[2] / 2 + t * jerk / 6))


points = st.tuples(*[st.floats(-1.0, 1.0)] * 3)


@settings(max_examples=60, deadline=None)
@given(points, st.lists(points, min_size=1, max_size=4), st.floats(0.01, 0.3), st.integers(0, 15))
def test_what_is_certain_is_true_everywhere(goal, centers, height, ticks):
    rule = Bumps(centers, height, slack=0.005)
    states = motion(goal, ticks=ticks)
    guard = ClearanceGuard([rule])
    if guard.refusal(states, STEP) is None:
        start = rule.true_margin(states[0, 0])
        start = start - RETREAT if start < 0 else 0.0
        assert rule.true_margin(states[-1, 0]) >= start
        assert min(map(rule.true_margin, dense(states))) >= start - rule.slack - 1e-12


def test_far_from_everything_one_measurement_certifies_many_motions():
    rule = Bumps(height=5.0)
    guard = ClearanceGuard([rule])
    for k in range(10):
        assert guard.refusal(motion([0.5, 0.5, 0.5], ticks=k), STEP) is None
    assert rule.measured <= 2


def test_a_motion_into_a_breach_is_refused_with_what_was_measured():
    rule = Bumps([[0.3, 0.0, 0.0]], 0.1)
    cause = ClearanceGuard([rule]).refusal(motion([0.3, 0.0, 0.0], steps=100), STEP)
    assert cause.reason == HaltReason.SELF_COLLISION
    assert cause.message == '-0.100 m left'


def test_what_the_budget_cannot_certify_is_refused_and_says_so():
    rule = Bumps(height=0.011, budget=2)
    cause = ClearanceGuard([rule]).refusal(motion([0.9, 0.9, 0.9], steps=100), STEP)
    assert cause.message == '0.011 m left; too near for this speed'
    assert rule.measured <= 5


@pytest.mark.parametrize('goal', [[-0.5, 0, 0], [0.3, 0, 0]])
def test_out_of_a_breach_only_what_does_not_make_it_worse_is_certain(goal):
    rule = Bumps([[0.05, 0.0, 0.0]], 0.2, budget=10)
    guard = ClearanceGuard([rule])
    assert (guard.refusal(motion(goal), STEP) is None) == (goal[0] < 0)
    scale, _ = guard.speed_scale(np.zeros(3), np.sign(goal) * 0.01)
    assert scale == (1.0 if goal[0] < 0 else 0.0)


def test_a_margin_that_cannot_be_measured_is_a_breach():
    rule = Bumps(height=np.nan)
    guard = ClearanceGuard([rule])
    assert guard.refusal(motion([0, 0, 0]), STEP) is not None
    assert guard.speed_scale(np.zeros(3), np.zeros(3))[0] == 0.0


def test_surroundings_that_change_are_measured_again():
    rule = Bumps(height=5.0)
    guard = ClearanceGuard([rule])
    guard.refusal(motion([0, 0, 0]), STEP)
    rule.height = -1.0
    assert guard.refusal(motion([0, 0, 0]), STEP) is None
    guard.forget(HaltReason.OBSTACLE_NEAR)
    assert guard.refusal(motion([0, 0, 0]), STEP) is None
    guard.forget(HaltReason.SELF_COLLISION)
    assert guard.refusal(motion([0.1, 0, 0]), STEP) is not None


def test_the_speed_falls_to_zero_with_the_margin():
    here, there = np.zeros(3), np.array([0.0, 0.0, 0.01])
    scales = []
    for height in (0.2, 0.1, 0.05, 0.02, 0.0, -0.01):
        rule = Bumps(height=height, slow=0.1)
        scales.append(ClearanceGuard([rule]).speed_scale(here, there)[0])
    np.testing.assert_allclose(scales, [1, 1, 0.5, 0.2, 0, 0])


def test_away_from_an_obstacle_the_arm_may_creep():
    rule = Bumps([[0.0, 0.0, 0.0]], 0.2, slow=0.1)
    guard = ClearanceGuard([rule])
    near = np.array([0.1, 0.0, 0.0])
    assert guard.speed_scale(near, near * 2)[0] == 0.2
    assert guard.speed_scale(near, near / 2)[0] == 0.0


def test_at_most_half_of_the_margin_is_used_up_within_a_look_ahead():
    rule = Bumps([[0.5, 0.0, 0.0]], 0.1)
    scale, cause = ClearanceGuard([rule]).speed_scale(np.zeros(3), np.array([0.4, 0, 0]))
    assert scale == pytest.approx(0.5 * 0.4 / 0.4)
    assert cause.reason == HaltReason.SELF_COLLISION
    assert cause.message == '0.400 m left'


def test_the_strictest_rule_counts():
    rules = [Bumps(height=0.05, slow=0.1), Bumps(height=0.02, slow=0.1)]
    scale, cause = ClearanceGuard(rules).speed_scale(np.zeros(3), np.zeros(3))
    assert scale == pytest.approx(0.2)
    assert cause.message == '0.020 m left'


def test_a_breach_is_found_where_the_arm_stands():
    assert ClearanceGuard([Bumps(height=0.1)]).breach(np.zeros(3)) is None
    cause = ClearanceGuard([Bumps(height=0.1), Bumps(height=-0.1)]).breach(np.zeros(3))
    assert cause.message == '-0.100 m left'
