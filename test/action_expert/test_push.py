"""Where a push begins: behind what the cloud shows, whatever the plan says by a few centimetres."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from expert_parts import DOWN

from action_expert.expert.estimate import HIDDEN, LEAVES, Estimate
from action_expert.expert.push import FINGER, GAP, push_start
from action_expert.guide import GuideWaypoints
from gae_arm.core import geometry

HALF = 0.025
THING = np.array([0.5, 0.1])
END = np.array([0.5, 0.4])
BEHIND = THING - [0.0, HALF + FINGER + GAP]


def cloud(*places, noise=0.0, count=6000):
    """Points of a table with blocks on it, of which a camera at +x sees top and one side."""
    rng = np.random.default_rng(0)
    table = np.column_stack([rng.uniform(-0.4, 0.4, (count, 2)) + THING, np.zeros(count)])
    parts = [table]
    for place in places:
        top = np.column_stack([place + rng.uniform(-HALF, HALF, (300, 2)), np.full(300, 0.05)])
        side = np.column_stack([
            np.full(200, place[0] + HALF),
            place[1] + rng.uniform(-HALF, HALF, 200),
            rng.uniform(0, 0.05, 200),
        ])  # fmt: skip
        parts += [top, side]
    points = np.concatenate(parts)
    points[:, 2] += noise * rng.standard_normal(len(points))
    return points.astype(np.float32)


@pytest.mark.parametrize('noise', [0.0, 0.004])
@pytest.mark.parametrize('off', [(0, 0), (0.02, -0.02), (-0.02, 0.03)])
def test_a_push_begins_behind_the_thing(off, noise):
    found = push_start(cloud(THING, noise=noise), BEHIND + off, END)
    np.testing.assert_allclose(found, BEHIND, atol=0.006)


def test_of_several_things_the_one_that_the_plan_leads_to():
    points = cloud(THING, np.add(THING, [0.12, 0]), THING - [0.0, 0.13])
    np.testing.assert_allclose(push_start(points, BEHIND, END), BEHIND, atol=0.004)


@pytest.mark.parametrize(
    'points', [cloud(), cloud(np.add(THING, [0.1, 0.05])), cloud()[:5], cloud()[:0]]
)
def test_where_no_thing_is_seen_nothing_is_said(points):
    assert push_start(points, BEHIND, END) is None


def test_a_push_that_leads_nowhere_begins_nowhere_else():
    assert push_start(cloud(THING), BEHIND, BEHIND + 0.01) is None
    assert push_start(cloud(THING), BEHIND, THING) is None


def plan(after=(0.0, -LEAVES, 0.1)):
    """Fingers close above, come down, go round the corner, push, and leave."""
    end = np.array([BEHIND[0], BEHIND[1] + 0.2, 0.02])
    begin = np.array([*BEHIND, 0.02])
    above, around = np.add(begin, [0, 0, 0.1]), np.add(begin, [0, 0.015, 0])
    places = [above, begin, around, end, end + after]
    return GuideWaypoints(
        poses=geometry.transform(np.repeat(DOWN[None], 5, axis=0), np.array(places)),
        gripper=np.array([0.0, np.nan, np.nan, 0.15, np.nan]),
        touches=np.array([True, False, False, True, False]),
        sources=np.array([0, 1, 1, 2, 3]),
    )


def hand(over, aim=1):
    """Return the hand's pose `over` m above an aim of the plan."""
    T = plan().poses[aim].copy()
    T[2, 3] += over
    return T


ERR = np.array([0.02, 0.01, 0, 0, 0, 0.1])


def test_the_way_down_goes_along_with_where_the_push_begins():
    estimate = Estimate(plan())
    assert [estimate.begins_push(k) for k in range(5)] == [False, True, False, False, False]
    shift = estimate.outlined(1, ERR, cloud(THING), hand(0.2))
    np.testing.assert_allclose(shift, [0, 0, 0, 0, 0, 0.1], atol=0.004)
    estimate.take(1, np.array([0.03, 0, 0, 0, 0, 0]), 1.0)
    np.testing.assert_allclose(estimate.waypoints().poses[:2, 0, 3], THING[0] + 0.03, atol=1e-9)


def test_a_hand_that_hides_the_thing_goes_where_it_was_seen_unless_that_has_moved():
    estimate, near = Estimate(plan()), hand(HIDDEN / 2)
    assert estimate.outlined(1, ERR, cloud(THING), near).tolist() == ERR.tolist()
    seen = estimate.outlined(1, ERR, cloud(THING), hand(0.2))
    for points in (cloud(), None):
        np.testing.assert_allclose(estimate.outlined(1, 0 * ERR, points, near)[:2], seen[:2])
    moved = np.array([0.0, 0.08, 0, 0, 0, 0])
    assert estimate.outlined(1, moved, cloud(), near).tolist() == moved.tolist()
    assert estimate.outlined(1, ERR, cloud(), near).tolist() == ERR.tolist()


@pytest.mark.parametrize('after', [(0, -LEAVES, 0.1), (0, 0, 0.1), (0.02, -LEAVES, 0.1)])
def test_two_waypoints_say_where_a_push_ends(after):
    estimate = Estimate(plan(after))
    estimate.take(1, np.array([0.0, 0.0, 0.005, 0, 0, 0]), 1.0)
    estimate.push(3)
    end = estimate.waypoints().poses[3, :3, 3]
    said = plan().poses[3, :3, 3]
    np.testing.assert_allclose(end[:2], np.add(said[:2], [after[0] / 2, 0]), atol=2e-3)
    assert end[2] == pytest.approx(0.025)
    assert estimate.settled(3)


def test_what_leaves_elsewhere_says_nothing_of_the_end():
    estimate = Estimate(plan((0.2, 0.1, 0.1)))
    estimate.push(3)
    np.testing.assert_allclose(estimate.waypoints().poses[3, :2, 3], plan().poses[3, :2, 3])


def test_other_aims_are_no_pushes():
    said = dataclasses.replace(plan(), sources=np.arange(5))
    estimate = Estimate(said)
    estimate.push(3)
    assert not estimate.known.any()
