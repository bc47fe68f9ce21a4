"""The table's plane: found among clutter, the same with the same seed, and when there is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import random_pose

from gae_arm.core.errors import InvalidValueError
from gae_arm.point_cloud.planes import find_plane


def table_and_clutter(seed=0, n=4000, share=0.4, noise=0.001):
    random = np.random.default_rng(seed)
    table = random.uniform(-0.5, 0.5, (int(n * share), 3))
    table[:, 2] = 0.1 + noise * random.normal(size=len(table))
    clutter = random.uniform([-0.5, -0.5, -0.4], [0.5, 0.5, 0.6], (n - len(table), 3))
    return random.permutation(np.concatenate([table, clutter])).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.floats(0.15, 0.9))
def test_found_wherever_it_lies(seed, share):
    T = random_pose(seed)
    points = (table_and_clutter(seed, share=share) @ T[:3, :3].T + T[:3, 3]).astype(np.float32)
    plane = find_plane(points)
    offset = T[:3, 2] @ T[:3, 3] + 0.1
    side = np.sign(plane.normal @ T[:3, 2])
    assert plane.normal @ T[:3, 2] * side > np.cos(0.01)
    assert plane.offset * side == pytest.approx(offset, abs=0.002)
    assert plane.offset <= 0, 'the normal points at the origin'
    assert plane.inliers == pytest.approx(share + 0.01 * (1 - share), abs=0.03)
    assert plane.rms == pytest.approx(0.001, abs=5e-4)


def test_up_decides_between_table_and_wall():
    random = np.random.default_rng(0)
    wall = np.stack([0 * random.random(9000) + 0.5, *random.uniform(-0.5, 0.5, (2, 9000))], -1)
    points = np.concatenate([wall, table_and_clutter()])
    assert abs(find_plane(points).normal[0]) > 0.99
    plane = find_plane(points, up=(0, 0, 2), max_tilt=0.2)
    assert plane.normal[2] > 0.999
    assert plane.offset == pytest.approx(0.1, abs=0.002)
    assert find_plane(points, up=(0, 0, -1), max_tilt=0.2).normal[2] < -0.999


def test_distances_are_signed():
    plane = find_plane(table_and_clutter(), up=(0, 0, 1), max_tilt=0.2)
    heights = plane.distance(np.array([[0, 0, 0.3], [0, 0, 0.1], [0, 0, -0.1]]))
    np.testing.assert_allclose(heights, [0.2, 0, -0.2], atol=0.002)


def test_the_same_seed_finds_the_same_plane():
    points = table_and_clutter(share=0.1)
    assert find_plane(points, seed=1) == find_plane(points, seed=1)


@pytest.mark.parametrize('n', [0, 1, 2])
def test_too_few_points(n):
    assert find_plane(np.zeros((n, 3))) is None


def test_points_on_a_line_or_in_one_place():
    assert find_plane(np.arange(300.0).reshape(100, 3) * [1, 0, 0]) is None
    assert find_plane(np.ones((100, 3))) is None


def test_no_plane_is_that_upright():
    random = np.random.default_rng(0)
    wall = np.stack([np.full(500, 0.5), *random.uniform(-0.5, 0.5, (2, 500))], -1)
    assert find_plane(wall, up=(0, 0, 1), max_tilt=0.1) is None


@pytest.mark.parametrize('seed', range(20))
def test_a_wall_askew_gives_no_upright_plane_of_the_same_point_drawn_twice(seed):
    random = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    wall = np.stack([np.full(1000, 0.9), *random.uniform(-1, 1, (2, 1000))], -1) @ turn.T
    assert find_plane(wall.astype(np.float32), up=turn[:, 2], max_tilt=0.3) is None


def test_two_million_points():
    assert find_plane(table_and_clutter(n=2_000_000)).rms == pytest.approx(0.001, abs=5e-4)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'threshold': 0.0}, 'threshold is 0.0'),
        ({'up': (0, 0)}, r'up has shape \(2,\)'),
        ({'up': (0, 0, 0)}, r'up is no direction: \[0.0, 0.0, 0.0\]'),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidValueError, match=message):
        find_plane(np.zeros((9, 3)), **options)
    with pytest.raises(InvalidValueError, match=r'points has shape \(9, 2\), expected \(N, 3\)'):
        find_plane(np.zeros((9, 2)))
