"""Wilson's interval: known values, and what holds for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.core.errors import InvalidValueError
from gae_arm.evaluation.statistics import wilson


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
