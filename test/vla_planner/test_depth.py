"""Depth at a pixel: the thing that is there, not what is behind it or in between."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.errors import InvalidValueError
from vla_planner.depth import depth_at, point_at, points_around

K = np.array([[300.0, 0, 159.5], [0, 300.0, 119.5], [0, 0, 1]])


def frame(depth):
    height, width = depth.shape
    return CameraFrame(1, 'camera', CameraIntrinsics(width, height, K), depth)


def table(z=0.8):
    return np.full((240, 320), z, np.float32)


def test_a_flat_thing_is_as_far_as_it_is():
    depth = (table() * 1000).astype(np.uint16)
    assert depth_at(frame(depth), np.array([100.0, 100.0])) == pytest.approx(0.8)


@given(st.integers(0, 2**32 - 1))
def test_noise_and_missing_readings_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    depth = table() + rng.normal(0, 0.001, (240, 320)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.3] = 0.0
    assert depth_at(frame(depth), np.array([100.0, 100.0])) == pytest.approx(0.8, abs=0.005)


def test_at_an_edge_it_is_one_thing_or_the_other_never_between():
    depth = table()
    depth[:, :100] = 0.6
    assert depth_at(frame(depth), np.array([99.0, 100.0])) == pytest.approx(0.6)
    assert depth_at(frame(depth), np.array([100.0, 100.0])) == pytest.approx(0.8)


def test_a_pixel_that_floats_between_two_things_counts_for_the_nearer_one():
    depth = table()
    depth[:, :100] = 0.6
    depth[100, 100] = 0.7
    assert depth_at(frame(depth), np.array([100.0, 100.0])) == pytest.approx(0.6)


def test_a_hole_is_filled_from_its_rim():
    depth = table()
    depth[97:104, 97:104] = np.nan
    assert depth_at(frame(depth), np.array([100.0, 100.0])) == pytest.approx(0.8)


def test_where_nothing_is_near_it_says_so():
    depth = table()
    depth[80:120, 80:120] = 0
    with pytest.raises(InvalidValueError, match=r'no reading within 6 pixels of \(100, 100\)'):
        depth_at(frame(depth), np.array([100.0, 100.0]))


@pytest.mark.parametrize('value', [0.0, np.nan, np.inf, 30.0])
def test_what_is_no_reading_is_none(value):
    with pytest.raises(InvalidValueError, match='no reading'):
        depth_at(frame(table(value)), np.array([100.0, 100.0]))


def test_the_corner_of_an_image_has_neighbours_too():
    assert depth_at(frame(table()), np.array([0.0, 239.0])) == pytest.approx(0.8)


def test_a_point_lies_on_the_ray_of_its_pixel():
    point = point_at(frame(table()), np.array([259.5, 119.5]))
    assert point == pytest.approx(np.array([0.8 / 3, 0.0, 0.8]))
    assert point_at(frame(table()), np.array([159.5, 119.5]), 0.5) == pytest.approx(
        np.array([0.0, 0.0, 0.5])
    )


def test_points_around_a_pixel_are_those_within_reach():
    points = points_around(frame(table()), np.array([159.5, 119.5]), 0.8, 0.05)
    assert np.abs(points[:, :2]).max() == pytest.approx(0.05, abs=0.005)
    assert len(points) > 1000
    assert len(points_around(frame(table()), np.array([-500.0, 119.5]), 0.8, 0.05)) == 0
