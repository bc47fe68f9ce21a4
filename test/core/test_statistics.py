"""Intervals: known values, and what holds for all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.statistics import quantile_interval, wilson


def test_known_values():
    # Newcombe 1998, table I, method 3: 81 of 263 and 0 of 20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_contains_the_rate_and_is_symmetric(trial):
    successes, n = trial
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    other = wilson(n - successes, n)
    assert (low, high) == pytest.approx((1 - other[1], 1 - other[0]))


def test_without_trials_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)


def test_more_successes_than_trials():
    with pytest.raises(InvalidValueError, match='3 successes in 2 trials'):
        wilson(3, 2)


def test_the_interval_of_a_quantile_is_made_of_values():
    assert quantile_interval(range(101), 0.5) == (40.0, 61.0)
    assert quantile_interval([3.0], 0.9) == (3.0, 3.0)
    with pytest.raises(InvalidValueError, match='no values'):
        quantile_interval([], 0.5)


def test_the_interval_of_a_quantile_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        low, high = quantile_interval(rng.uniform(size=80).tolist(), 0.9)
        inside += low <= 0.9 <= high
    assert 0.92 < inside / 2000 < 0.995
