"""What the network is told does not depend on where the base is, and says when nothing is seen."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from expert_parts import DOWN, block, moment, pick
from hypothesis import given, settings
from hypothesis import strategies as st

from action_expert.expert.condition import POINTS, condition, find_aim, local_frame
from action_expert.guide import GuideWaypoints
from gae_arm.core import geometry

TURNS = st.floats(-3.0, 3.0)
PLACES = st.floats(-0.5, 0.5)


@settings(max_examples=25, deadline=None)
@given(turn=TURNS, x=PLACES, y=PLACES, z=PLACES, time=st.floats(0.0, 4.0))
def test_another_base_changes_nothing(turn, x, y, z, time):
    T = geometry.transform(geometry.rpy_to_matrix(0, 0, turn), [x, y, z])
    here = moment(time)
    waypoints = dataclasses.replace(pick(), poses=T @ pick().poses)
    there = moment(time, waypoints, T @ here.T_base_ee, T @ here.guide.sample(np.zeros(1))[0])
    points = block()
    one = condition(here, points).inputs()
    other = condition(there, geometry.transform_points(T, points)).inputs()
    for key in ('guidance', 'waypoints', 'state', 'hand'):
        np.testing.assert_allclose(one[key], other[key], atol=2e-4, err_msg=key)
    # Which points are taken may change where one lies on the edge of what is local.
    for key in ('mean', 'std'):
        a, b = (getattr(np, key)(c['points'][0], axis=0) for c in (one, other))
        np.testing.assert_allclose(a, b, atol=4e-3)


def test_the_hand_heads_for_what_is_touched():
    assert [find_aim(pick(), k) for k in range(3)] == [1, 1, 2]


def waypoints(places, touches, sources=None):
    count = len(places)
    return GuideWaypoints(
        poses=geometry.transform(np.repeat(DOWN[None], count, axis=0), np.array(places)),
        gripper=np.full(count, np.nan),
        touches=np.array(touches),
        sources=np.arange(count) if sources is None else np.array(sources),
    )


def test_a_grasp_is_an_aim_also_where_the_pull_after_it_errs_downwards_and_a_press_is_one():
    places = [[0.5, 0.0, 0.2], [0.5, 0.0, 0.1], [0.4, 0.0, 0.05], [0.4, 0.0, 0.05]]
    assert find_aim(waypoints(places, [False, True, False, True]), 0) == 1
    assert find_aim(waypoints(places[:2], [True, False]), 0) == 1


def test_a_push_has_two_aims_where_it_begins_and_where_it_ends():
    places = [[0.4, 0, 0.12], [0.4, 0, 0.02], [0.4, 0.015, 0.02], [0.4, 0.2, 0.02], [0.4, 0.2, 0.1]]
    push = waypoints(places, [True, False, False, True, False], [0, 1, 1, 2, 3])
    assert [find_aim(push, k) for k in range(5)] == [1, 1, 3, 3, 4]


def test_the_local_frame_is_upright_along_the_fingers():
    T = geometry.transform(geometry.rpy_to_matrix(np.pi + 0.2, -0.1, 0.7), [0.5, 0.1, 0.2])
    local = local_frame(T)
    np.testing.assert_allclose(local[:3, 2], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(local[:3, 3], T[:3, 3])
    fingers = T[:3, 1] * [1, 1, 0]
    np.testing.assert_allclose(local[:3, 0], fingers / np.linalg.norm(fingers), atol=1e-12)


def test_fingers_that_open_upwards_have_a_frame_too():
    sideways = np.array([[0, 0, 1.0], [1.0, 0, 0], [0, 1.0, 0]])
    local = local_frame(geometry.transform(sideways, np.zeros(3)))
    np.testing.assert_allclose(local[:3, :3] @ local[:3, :3].T, np.eye(3), atol=1e-12)
    assert local[2, 2] == 1.0


@pytest.mark.parametrize(
    'points',
    [
        None,
        np.zeros((0, 3), np.float32),
        np.full((3, 3), 0.5, np.float32),
        np.tile(np.array([[0.5, 0.0, 0.02]], np.float32), (500, 1)),
        np.full((500, 3), np.nan, np.float32),
        np.full((500, 3), 5.0, np.float32),
    ],
    ids=['none', 'empty', 'three', 'identical', 'nan', 'elsewhere'],
)
def test_a_cloud_that_shows_nothing_is_none(points):
    told = condition(moment(), points)
    assert told.seen == 0.0
    assert not told.points.any()


def test_points_are_mostly_of_what_stands_out():
    told = condition(moment(3.0), block())
    assert told.points.shape == (POINTS, 3)
    assert told.seen == 1.0
    heights = told.points[:, 2] + told.T_base_local[2, 3]
    assert 0.6 < (heights > 0.02).mean() < 0.9
