"""Things by themselves in a cloud: their middles, whatever side a camera sees of them."""

from __future__ import annotations

import numpy as np
import pytest
from expert_parts import pick

from action_expert.expert.estimate import Estimate
from gae_arm.core.things import NEAR, Thing, middle_at, things_at

PLACE = np.array([0.5, 0.1])
HIGHEST = 0.1


def thing(place=PLACE, size=(0.05, 0.05), height=0.05, base=0.0):
    """Points of a box, of which a camera at +x sees top and one side."""
    rng = np.random.default_rng(1)
    half = np.divide(size, 2)
    top = np.column_stack([place + rng.uniform(-half, half, (400, 2)), np.full(400, base + height)])
    side = np.column_stack([
        np.full(300, place[0] + half[0]),
        place[1] + rng.uniform(-half[1], half[1], 300),
        base + rng.uniform(0, height, 300),
    ])  # fmt: skip
    return np.concatenate([top, side])


def cloud(*things, noise=0.0):
    rng = np.random.default_rng(0)
    table = np.column_stack([rng.uniform(-0.4, 0.4, (6000, 2)) + PLACE, np.zeros(6000)])
    points = np.concatenate([table, *things])
    points[:, 2] += noise * rng.standard_normal(len(points))
    return points.astype(np.float32)


@pytest.mark.parametrize('noise', [0.0, 0.004])
@pytest.mark.parametrize('off', [(0.0, 0.0), (0.015, -0.015)])
def test_the_middle_is_that_of_the_top(noise, off):
    found = middle_at(cloud(thing(), noise=noise), PLACE + off, HIGHEST)
    np.testing.assert_allclose(found, PLACE, atol=0.004)


@pytest.mark.parametrize(
    'points',
    [
        cloud(),
        cloud(thing(PLACE + NEAR)),
        cloud(thing(size=(0.09, 0.09))),
        cloud(thing(size=(0.06, 0.025))),
        cloud(thing(height=0.2)),
        cloud(thing())[:5],
    ],
    ids=['table', 'elsewhere', 'large', 'long', 'high', 'few'],
)
def test_what_is_not_held_or_stacked_on_by_its_middle_says_nothing(points):
    assert middle_at(points, PLACE, HIGHEST) is None


def test_what_the_hand_holds_above_is_passed_over():
    held = thing(PLACE + 0.005, base=0.15)
    np.testing.assert_allclose(middle_at(cloud(thing(), held), PLACE, HIGHEST), PLACE, atol=0.004)


def test_the_nearest_thing_comes_first():
    other = np.add(PLACE, [0.0, 0.1])
    found = things_at(cloud(thing(), thing(other)), np.add(PLACE, [0.0, 0.08]))
    np.testing.assert_allclose([one.middle for one in found], [other, PLACE], atol=0.004)
    assert all(isinstance(one, Thing) and one.is_compact for one in found)
    assert found[0].height == pytest.approx(0.05, abs=0.002)


def test_a_grasp_goes_to_the_middle_and_keeps_height_and_turn():
    estimate = Estimate(pick(x=PLACE[0], y=PLACE[1], z=0.03))
    shift = np.array([0.01, -0.015, 0.004, 0.02, 0.01, 0.3])
    points, far = cloud(thing()), pick(z=0.4).poses[0]
    found = estimate.outlined(1, shift, points, far)
    np.testing.assert_allclose(found[:2], 0.0, atol=0.004)
    np.testing.assert_array_equal(found[2:], shift[2:])
    np.testing.assert_array_equal(estimate.outlined(2, shift, points, far), shift)
