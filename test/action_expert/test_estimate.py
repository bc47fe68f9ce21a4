"""What is thought of an aim moves the straight ways beside it along, and is approached in time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from expert_parts import DOWN, pick

from action_expert.expert.estimate import ONWARD, Estimate
from action_expert.expert.held import Doing
from action_expert.guide import GuideWaypoints
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


def test_a_push_goes_straight_from_where_it_is_seen_to_begin():
    places = np.array([[0.5, 0, 0.1], [0.5, 0, 0.02], [0.5, 0.015, 0.02], [0.5, 0.2, 0.03]])
    said = GuideWaypoints(
        poses=geometry.transform(np.repeat(DOWN[None], 4, axis=0), places),
        gripper=np.array([0.0, np.nan, np.nan, 0.15]),
        touches=np.array([True, False, False, True]),
        sources=np.array([0, 1, 1, 2]),
    )
    estimate = Estimate(said)
    estimate.take(1, SHIFT, 1.0)
    _, begin, bit, end = estimate.waypoints().poses[:, :3, 3]
    np.testing.assert_allclose(end, places[3], atol=1e-12)
    np.testing.assert_allclose(np.cross(bit - begin, end - begin), 0.0, atol=1e-9)
    assert np.linalg.norm(bit - begin) == pytest.approx(0.015)


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


def dragging(apart=(0.02, -0.03, 0.01), deeper=0.0):
    """A grasp, the end of a pull, the same place again for letting go, and back."""
    grasp, end = np.array([0.5, 0.0, 0.1]), np.array([0.4, 0.02, 0.1])
    up, deeper_end = np.array([0, 0, 0.1]), end + apart - np.array([0, 0, deeper])
    places = [grasp + up, grasp, end, deeper_end, end + up]
    turned = DOWN @ geometry.rpy_to_matrix(0.1, 0.2, -0.1)
    return dataclasses.replace(
        pick(),
        poses=geometry.transform(np.array([DOWN, DOWN, turned, turned, turned]), np.array(places)),
        gripper=np.array([np.nan, 0.0, np.nan, 1.0, np.nan]),
        touches=np.array([False, True, False, True, False]),
        sources=np.arange(5),
    )


def test_two_waypoints_say_where_a_drag_ends_and_the_grasp_how_the_hand_is_turned():
    estimate = Estimate(dragging())
    estimate.take(1, SHIFT, 1.0)
    estimate.drag(3)
    said, poses = dragging().poses, estimate.waypoints().poses
    grasp = poses[1]
    end = said[2:4, :3, 3].mean(axis=0) - grasp[:3, 3]
    for T in poses[2:4]:
        np.testing.assert_allclose(T[:3, 3] - grasp[:3, 3], end, atol=1e-12)
        np.testing.assert_allclose(T[:3, :3], grasp[:3, :3], atol=1e-9)
    assert estimate.settled(3)


@pytest.mark.parametrize(('way', 'goes'), [(-0.1, -0.1), (0.1, 0.1 + ONWARD)])
def test_a_drag_goes_along_the_axis_of_the_hand_that_is_near_and_a_push_on_to_its_stop(way, goes):
    said = dragging()
    poses = said.poses.copy()
    x = poses[1, :3, 0]
    poses[2:4, :3, 3] = poses[1, :3, 3] + way * x + 0.02 * poses[1, :3, 1]
    estimate = Estimate(dataclasses.replace(said, poses=poses))
    estimate.drag(3)
    end = estimate.waypoints().poses[3, :3, 3]
    np.testing.assert_allclose(end, poses[1, :3, 3] + goes * x, atol=1e-9)


@pytest.mark.parametrize(
    'said', [dragging((0.12, 0.0, 0.0)), dragging(deeper=0.08), pick()], ids=['far', 'put', 'pick']
)
def test_what_is_put_down_or_only_lifted_is_not_dragged(said):
    estimate = Estimate(said)
    estimate.drag(len(said.poses) - 2)
    assert not estimate.known.any()
    assert Doing.DRAG not in [estimate.doing(k) for k in range(len(said.poses))]


def test_what_is_grasped_is_dragged_until_it_is_let_go_of():
    estimate = Estimate(dragging())
    drag, carry = Doing.DRAG, Doing.CARRY
    assert [estimate.doing(k) for k in range(5)] == [carry, carry, drag, drag, carry]
    estimate = Estimate(dragging(deeper=0.08))
    assert [estimate.doing(k) for k in (2, 3, 4)] == [carry, Doing.PUT_DOWN, carry]


def test_a_drag_that_is_stopped_on_its_way_has_come_to_its_end():
    estimate = Estimate(dragging())
    estimate.take(1, SHIFT, 1.0)
    estimate.drag(3)
    here = estimate.waypoints().poses[3].copy()
    here[:3, 3] += [0.03, 0.0, 0.0]
    assert estimate.feel(2, here) == 3
    for T in estimate.waypoints().poses[2:4]:
        np.testing.assert_allclose(T, here, atol=1e-9)


def test_it_is_felt_once_and_also_by_who_is_at_the_last_of_both():
    estimate = Estimate(dragging())
    estimate.take(1, SHIFT, 1.0)
    estimate.drag(3)
    here = estimate.waypoints().poses[3].copy()
    here[:3, 3] += [0.01, 0.0, 0.0]
    assert estimate.feel(3, here) == 3
    np.testing.assert_allclose(estimate.waypoints().poses[2], here, atol=1e-9)
    assert estimate.feel(3, estimate.waypoints().poses[1]) is None
    assert estimate.feel(2, estimate.waypoints().poses[1]) is None
