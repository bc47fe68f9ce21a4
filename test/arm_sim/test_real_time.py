"""The pacer asks for exactly the steps that time has made due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.arm_sim.real_time import Pacer
from gae_arm.core.errors import InvalidValueError

MS = 1_000_000


@given(st.lists(st.integers(0, 40 * MS), max_size=50), st.sampled_from([0.5, 1.0, 2.0]))
def test_steps_follow_the_clock_without_drift(waits, factor):
    pacer = Pacer(2 * MS, 0, factor, max_lag_ns=100 * MS)
    now = done = 0
    for wait in waits:
        now += wait
        done += pacer.due(now)
        assert done == int(now * factor) // (2 * MS)
    assert pacer.slipped_ns == 0


def test_waits_until_the_next_step_and_no_longer():
    pacer = Pacer(2 * MS, 0)
    assert pacer.wait_ns(0) == 2 * MS
    assert pacer.due(2 * MS - 1) == 0
    assert pacer.due(2 * MS) == 1
    assert pacer.wait_ns(3 * MS) == 1 * MS


def test_a_long_delay_is_dropped_and_counted():
    pacer = Pacer(2 * MS, 0, max_lag_ns=10 * MS)
    assert pacer.due(1000 * MS) == 5
    assert pacer.slipped_ns == 990 * MS
    assert pacer.due(1002 * MS) == 1


def test_a_new_factor_counts_from_now_on():
    pacer = Pacer(2 * MS, 0)
    assert pacer.due(20 * MS) == 10
    pacer.set_factor(0.5, 20 * MS)
    assert pacer.due(40 * MS) == 5


@pytest.mark.parametrize('factor', [0.0, -1.0, float('nan'), float('inf')])
def test_nonsense_factors_are_refused(factor):
    with pytest.raises(InvalidValueError, match='real-time factor is'):
        Pacer(2 * MS, 0, factor)
