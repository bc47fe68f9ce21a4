"""Shifts, corrections and the ways from one to the next."""

from __future__ import annotations

import numpy as np
from expert_parts import moment, pick
from hypothesis import given, settings
from hypothesis import strategies as st

from action_expert.expert import target
from action_expert.shift import apart, beside, glide
from gae_arm.core import geometry

SEEDS = st.integers(0, 10_000)


def random_poses(rng, count):
    turns = geometry.rotation_vector_to_matrix(rng.normal(0, 1, (count, 3)))
    return geometry.transform(turns, rng.normal(0, 0.3, (count, 3)))


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS)
def test_a_correction_leads_to_what_was_meant(seed):
    rng = np.random.default_rng(seed)
    T, meant, local = random_poses(rng, 4), random_poses(rng, 4), random_poses(rng, 1)[0]
    shifts = target.shifts_of(target.correction(T, meant, local), local)
    np.testing.assert_allclose(beside(T, shifts), meant, atol=1e-9)
    np.testing.assert_allclose(apart(T, meant), shifts, atol=1e-9)


def test_no_correction_is_no_shift():
    np.testing.assert_allclose(target.shifts_of(np.zeros((3, 9)), np.eye(4)), 0.0, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_a_glide_begins_as_it_is_and_ends_where_it_should(seed):
    rng = np.random.default_rng(seed)
    start, aims = rng.normal(0, 0.05, (2, 6)), rng.normal(0, 0.05, (1, 6))
    seconds = np.linspace(0.0, 3.0, 3001)
    places, rates = glide(start, aims, seconds, 0.12)
    np.testing.assert_allclose(places[0], start[0], atol=1e-12)
    np.testing.assert_allclose(rates[0], start[1], atol=1e-12)
    np.testing.assert_allclose(places[-1], aims[0], atol=1e-6)
    np.testing.assert_allclose(np.gradient(places, seconds, axis=0)[1:-1], rates[1:-1], atol=2e-4)


def test_guides_are_at_the_same_phase():
    one, other = moment().guide, moment(waypoints=pick(lift=0.2, x=0.55)).guide
    times = np.linspace(0, one.duration, 100)
    same = target.same_phase(one, other, times)
    assert (np.diff(same) >= 0).all()
    np.testing.assert_allclose(
        target.same_phase(one, other, one.arrivals), other.arrivals, atol=1e-6
    )
    np.testing.assert_allclose(target.same_phase(one, one, times), times, atol=1e-6)
