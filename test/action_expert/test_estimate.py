"""What is thought of an aim moves the straight ways beside it along, and is approached in time."""

from __future__ import annotations

import dataclasses

import numpy as np
from expert_parts import pick

from action_expert.expert.estimate import Estimate
from action_expert.shift import beside
from gae_arm.core import geometry

SHIFT = np.array([0.02, -0.01, 0.005, 0.1, -0.05, 0.2])


def erring(seed=0):
    rng = np.random.default_rng(seed)
    shifts = np.concatenate([rng.normal(0, 0.01, (3, 3)), rng.normal(0, 0.1, (3, 3))], axis=1)
    return dataclasses.replace(pick(), poses=beside(pick().poses, shifts))


def test_nothing_is_known_at_first():
    estimate = Estimate(pick())
    np.testing.assert_allclose(estimate.waypoints().poses, pick().poses, atol=1e-12)
    assert not estimate.known.any()


def test_the_first_look_counts_in_full_and_later_ones_their_share():
    estimate = Estimate(erring())
    aim = erring().poses[1]
    estimate.take(1, SHIFT, 0.1)
    np.testing.assert_allclose(estimate.waypoints().poses[1], beside(aim, SHIFT), atol=1e-12)
    estimate.take(1, np.zeros(6), 0.25)
    np.testing.assert_allclose(estimate.waypoints().poses[1], beside(aim, 0.75 * SHIFT), atol=1e-12)


def test_ways_in_and_out_are_straight_behind_the_aim():
    estimate = Estimate(erring(3))
    estimate.take(1, SHIFT, 1.0)
    before, aim, after = estimate.waypoints().poses
    for T in (before, after):
        offset = T[:3, 3] - aim[:3, 3]
        np.testing.assert_allclose(np.cross(offset, aim[:3, 2]), 0.0, atol=1e-9)
        assert -offset @ aim[:3, 2] > 0.05
        np.testing.assert_allclose(T[:3, :3], aim[:3, :3], atol=1e-9)
    assert estimate.settled(0)
    assert estimate.settled(2)
    assert not estimate.settled(1)


def test_a_neighbour_that_lies_elsewhere_stays():
    said = pick()
    poses = said.poses.copy()
    poses[2, :3, 3] += [0.3, 0.0, 0.0]
    estimate = Estimate(dataclasses.replace(said, poses=poses))
    estimate.take(1, SHIFT, 1.0)
    np.testing.assert_allclose(estimate.waypoints().poses[2], poses[2], atol=1e-12)
    assert not estimate.known[2]


def test_a_turn_that_the_plan_means_is_kept():
    said = pick()
    poses = said.poses.copy()
    poses[2, :3, :3] = poses[2, :3, :3] @ geometry.rpy_to_matrix(0, 0, 1.2)
    estimate = Estimate(dataclasses.replace(said, poses=poses))
    estimate.take(1, np.zeros(6), 1.0)
    np.testing.assert_allclose(estimate.waypoints().poses[2, :3, :3], poses[2, :3, :3], atol=1e-9)


def test_what_stops_the_hand_nearly_there_is_what_it_was_to_touch():
    estimate = Estimate(erring())
    estimate.take(1, SHIFT, 1.0)
    here = estimate.waypoints().poses[1].copy()
    here[2, 3] += 0.012
    estimate.feel(1, here)
    np.testing.assert_allclose(estimate.waypoints().poses[1], here, atol=1e-9)
    assert estimate.settled(1)


def test_what_stops_it_far_away_or_where_nothing_is_touched_is_not():
    estimate = Estimate(pick())
    far = pick().poses[1].copy()
    far[2, 3] += 0.05
    estimate.feel(1, far)
    estimate.feel(2, pick().poses[2])
    assert not estimate.known.any()


def test_what_holds_something_back_is_farther_away():
    said = dataclasses.replace(pick(), gripper=np.array([np.nan, 1.0, np.nan]))
    estimate = Estimate(said)
    here = said.poses[1].copy()
    here[2, 3] += 0.04
    estimate.feel(1, here)
    np.testing.assert_allclose(estimate.waypoints().poses[1], here, atol=1e-9)
