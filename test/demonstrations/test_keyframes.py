"""Keyframes on trajectories whose keyframes are known, with and without noise."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_episodes import ABOVE, GRASP, LIFTED, PLACE, UP, episode, pick_and_place

from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError
from gae_arm.demonstrations.keyframes import (
    KeyframeSettings,
    find_keyframes,
    gripper_events,
    keyframe_gripper,
    plan_of,
)


def keyframes_of(way, **settings):
    values = [way[key] for key in ('stamps_ns', 'position', 'orientation', 'gripper')]
    return find_keyframes(*values, KeyframeSettings(**settings))


def test_a_pick_and_place_is_five_poses():
    way = pick_and_place()
    found = way['position'][keyframes_of(way)]
    # Above, grasp, lifted, place, and the end above it.
    for pose, wanted in zip(found, [ABOVE, GRASP, LIFTED, PLACE, UP], strict=True):
        assert np.linalg.norm(pose - wanted) < 0.02


@pytest.mark.parametrize('rate', [10.0, 20.0, 50.0])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000))
def test_noise_moves_them_little(rate, seed):
    way = pick_and_place(rate)
    random = np.random.default_rng(seed)
    clean = way['position'].copy()
    way['position'] = clean + 0.001 * random.standard_normal(clean.shape)
    way['gripper'] = np.clip(way['gripper'] + 0.05 * random.standard_normal(len(clean)), 0, 1)
    steps = keyframes_of(way)
    assert len(steps) <= 6
    for wanted in (ABOVE, GRASP, LIFTED, PLACE, UP):
        assert np.linalg.norm(clean[steps] - wanted, axis=1).min() < 0.03


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    steps=st.integers(2, 200),
    most=st.integers(2, 8),
    opened=st.lists(st.booleans(), min_size=1, max_size=6),
)
def test_on_any_motion_they_are_few_ordered_and_hold_the_events_and_the_end(
    seed, steps, most, opened
):
    random = np.random.default_rng(seed)
    position = np.cumsum(0.02 * random.standard_normal((steps, 3)), 0)
    turn = geometry.rotation_vector_to_matrix(
        np.cumsum(0.1 * random.standard_normal((steps, 3)), 0)
    )
    gripper = np.repeat(np.array(opened, float), -(-steps // len(opened)))[:steps]
    stamps = np.arange(steps) * 50_000_000
    rules = KeyframeSettings(most=most)
    found = find_keyframes(stamps, position, geometry.matrix_to_quaternion(turn), gripper, rules)
    assert len(found) <= most
    assert (np.diff(found) > 0).all()
    assert found[-1] == steps - 1
    events = [t for t in gripper_events(gripper) if t < steps - 1]
    assert set(events[: most - 1]) <= set(found.tolist())


def test_a_straight_way_has_only_its_end():
    position = np.linspace([0, 0, 0.3], [0.4, 0.1, 0.3], 50)
    down = np.tile([1.0, 0, 0, 0], (50, 1))
    stamps = np.arange(50) * 50_000_000
    assert find_keyframes(stamps, position, down, np.ones(50)).tolist() == [49]


def test_a_corner_without_a_stop_is_found():
    corner = np.array([0.4, 0, 0.3])
    position = np.concatenate(
        [np.linspace([0, 0, 0.3], corner, 40)[:-1], np.linspace(corner, [0.4, 0.4, 0.3], 40)]
    )
    n = len(position)
    down = np.tile([1.0, 0, 0, 0], (n, 1))
    found = find_keyframes(np.arange(n) * 50_000_000, position, down, np.ones(n))
    assert len(found) == 2
    assert np.linalg.norm(position[found[0]] - corner) < 0.03


def test_a_turn_on_the_spot_counts():
    """It moves there, turns by 90 degrees, moves on, all on one line."""
    place = np.repeat(np.linspace([0, 0, 0.3], [0.4, 0, 0.3], 41), [1] * 20 + [40] + [1] * 20, 0)
    yaw = np.concatenate([np.zeros(20), np.linspace(0, np.pi / 2, 40), np.full(20, np.pi / 2)])
    turned = np.stack([geometry.rpy_to_matrix(0, 0, angle) for angle in yaw])
    stamps = np.arange(80) * 50_000_000
    quaternions = geometry.matrix_to_quaternion(turned)
    found = find_keyframes(stamps, place, quaternions, np.ones(80))
    assert len(found) == 3
    assert np.abs(found - [19, 60, 79]).max() <= 2


def test_a_gripper_that_holds_something_thick_still_closed():
    assert gripper_events(np.array([1.0] * 5 + [0.7] * 5)) == [5]
    assert gripper_events(np.array([1.0, 0.95, 1.0, 0.9])) == []
    # A ramp counts once, where it passes the middle; chatter about it does not.
    assert gripper_events(np.linspace(1, 0, 9)) == [5]
    assert gripper_events(np.array([1, 0.55, 0.45, 0.55, 0.45, 0.0])) == [5]


def test_the_opening_of_a_keyframe_is_where_the_gripper_comes_to_rest():
    gripper = np.array([1.0] * 10 + [0.8, 0.5, 0.3] + [0.2] * 10 + [1.0] * 5)
    np.testing.assert_allclose(
        keyframe_gripper(gripper, np.array([4, 12, 20, 27])), [1, 0.2, 0.2, 1]
    )


def test_the_plan_of_an_episode_in_two_frames():
    made = episode()
    plan = plan_of(made)
    assert (plan.frame_id, plan.instruction) == ('panda_link0', made.instruction)
    assert [w.gripper for w in plan.waypoints] == [1, 0, 0, 1, 1]
    T_camera_base = geometry.invert(made.cameras[0].T_base_camera[0])
    seen = plan_of(made, T_camera_base, made.cameras[0].frame_id)
    assert seen.frame_id == 'camera_color_optical_frame'
    for a, b in zip(plan.waypoints, seen.waypoints, strict=True):
        np.testing.assert_allclose(
            geometry.transform_points(T_camera_base, a.position[None])[0], b.position
        )
    with pytest.raises(InvalidValueError, match='has no waypoints'):
        plan_of(dataclasses.replace(made, keyframes=()))
