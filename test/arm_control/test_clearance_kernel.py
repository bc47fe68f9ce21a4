"""The compiled promises of measured margins against the plain formulas."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.arm_control import clearance_kernel as kernel

SHARE = 0.5


def memory(seed):
    """Measurements of 3 margins of 4 joints, some of them missing or infinite."""
    random = np.random.default_rng(seed)
    measured, reach = random.normal(size=(16, 4)), random.random((3, 4))
    margins = random.normal(size=(16, 3)) + 1.0
    margins[random.random(16) < 0.3] = -np.inf
    margins[random.random((16, 3)) < 0.1] = np.inf
    margins[random.random((16, 3)) < 0.1] = -np.inf
    return random, measured, margins, reach


@settings(deadline=None)
@given(seed=st.integers(0, 100_000))
def test_what_is_certain_elsewhere(seed):
    random, measured, margins, reach = memory(seed)
    positions = random.normal(size=(5, 4))
    travel = np.abs(positions[:, None] - measured[None]) @ reach.T
    found = kernel.certain(positions, measured, margins, reach)
    np.testing.assert_allclose(found, (margins - travel).max(axis=1), atol=1e-12)


@settings(deadline=None)
@given(seed=st.integers(0, 100_000), size=st.floats(-3, 0), slow=st.sampled_from([0.0, 0.3]))
def test_when_margins_are_ample(seed, size, slow):
    random, measured, margins, reach = memory(seed)
    margins = margins + 1.0
    here = measured[0] + random.normal(size=4) * 0.1
    there = here + random.normal(size=4) * 10**size
    travel = np.abs(np.stack([here, there])[:, None] - measured[None]) @ reach.T
    now, then = (margins - travel).max(axis=1)
    most = np.where(margins > -np.inf, margins + travel[0], np.inf).min(axis=0)
    used = reach @ np.abs(there - here)
    used = np.where(then < np.inf, np.minimum(used, most - np.minimum(then, 1e300)), used)
    expected = bool(now.min() >= slow and (SHARE * now >= used).all())
    assert kernel.ample(here, there, measured, margins, reach, slow, SHARE) == expected


@settings(deadline=None)
@given(seed=st.integers(0, 100_000), count=st.integers(1, 40))
def test_how_far_a_motion_strays_from_the_points_that_are_looked_at(seed, count):
    random, step = np.random.default_rng(seed), 0.02
    states = random.normal(size=(count, 3, 4))
    inner = random.random(max(0, count - 2)) < 0.5
    chosen = np.unique([0, *(1 + np.flatnonzero(inner)), count - 1])
    speed, bend = np.abs(states[:, 1]), np.abs(np.diff(states[:, 2], axis=0))
    ways = (np.maximum(speed[1:], speed[:-1]) + bend * (step / 8)) * step
    way = np.concatenate([np.zeros((1, 4)), np.cumsum(ways, axis=0)])[chosen]
    expected = np.zeros_like(way)
    expected[:-1] = np.diff(way, axis=0) / 2
    expected[1:] = np.maximum(expected[1:], np.diff(way, axis=0) / 2)
    positions, stray = kernel.between(states, step, chosen)
    np.testing.assert_array_equal(positions, states[chosen, 0])
    np.testing.assert_allclose(stray, expected, atol=1e-12)
