"""512 local points: exactly N, spread evenly, the same again, and what happens with too few."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.core.errors import InvalidValueError
from gae_arm.point_cloud.sampling import LocalSampler, farthest_points


def bumpy_table(n=20000, seed=0):
    random = np.random.default_rng(seed)
    points = random.uniform([-0.5, -0.5, 0], [0.5, 0.5, 0], (n, 3))
    points[:, 2] = 0.05 * np.sin(9 * points[:, 0]) + 0.001 * random.normal(size=n)
    return points.astype(np.float32)


def naive(points, count, first):
    chosen, distance = [first], np.full(len(points), np.inf, np.float32)
    for _ in range(count - 1):
        step = points - points[chosen[-1]]
        distance = np.minimum(distance, (step * step).sum(1))
        chosen.append(int(distance.argmax()))
    return points[chosen]


def coverage(points, sample):
    """Largest and mean distance of a point to the nearest sample."""
    nearest = np.sqrt([((sample - p) ** 2).sum(1).min() for p in points])
    return nearest.max(), nearest.mean()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999), st.integers(1, 60), st.sampled_from([60, 129, 300]))
def test_the_blocks_choose_what_the_naive_way_chooses(seed, count, n):
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, 3)).astype(np.float32)
    first = int(random.integers(n))
    ours, theirs = farthest_points(points, count, first), naive(points, count, first)
    np.testing.assert_array_equal(ours, theirs)


def test_as_many_as_asked_for_all_different_all_near():
    cloud, center = bumpy_table(), np.array([0.1, -0.2, 0.05])
    sample = LocalSampler(512, 0.2).sample(cloud, center)
    assert sample.points.shape == (512, 3)
    assert sample.points.dtype == np.float32
    assert sample.distinct == 512 == len(np.unique(sample.points, axis=0))
    assert np.linalg.norm(sample.points - center, axis=1).max() <= 0.2 + 1e-6
    there = {tuple(p) for p in cloud}
    assert all(tuple(p) in there for p in sample.points)


def test_spread_nearly_as_evenly_as_the_exact_way_and_far_better_than_at_random():
    cloud, center = bumpy_table(), np.zeros(3)
    near = cloud[np.linalg.norm(cloud, axis=1) < 0.2]
    sample = LocalSampler(256, 0.2).sample(cloud, center).points
    exact = coverage(near, naive(near, 256, 0))
    chance = coverage(near, near[np.random.default_rng(0).choice(len(near), 256, replace=False)])
    ours = coverage(near, sample)
    assert ours[0] < 1.25 * exact[0] < 0.6 * chance[0]
    assert ours[1] < 1.03 * exact[1]


def test_the_first_points_are_a_sample_of_their_own():
    cloud = bumpy_table()
    many, few = LocalSampler(256, 0.2), LocalSampler(64, 0.2)
    few._voxels, few._taken = many._voxels, many._taken
    np.testing.assert_array_equal(
        many.sample(cloud, np.zeros(3)).points[:64], few.sample(cloud, np.zeros(3)).points
    )


def test_the_seed_decides():
    cloud, center = bumpy_table(), np.zeros(3)
    one, same, other = (LocalSampler(64, 0.2, seed).sample(cloud, center) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.points, same.points)
    assert (one.points != other.points).any()
    sampler = LocalSampler(64, 0.2, 3)
    for _ in range(2):
        np.testing.assert_array_equal(sampler.sample(cloud, center).points, one.points)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99))
def test_moving_the_cloud_moves_the_sample(seed):
    """By whole numbers of 2**-8 m, so that rounding cannot decide."""
    random = np.random.default_rng(seed)
    cloud = random.integers(-90, 90, (2000, 3)).astype(np.float32) / 256
    shift = random.integers(-256, 256, 3).astype(np.float32) / 256
    sampler = LocalSampler(100, 0.2)
    still, moved = sampler.sample(cloud, [0, 0, 0]), sampler.sample(cloud + shift, shift)
    np.testing.assert_array_equal(still.points + shift, moved.points)


@pytest.mark.parametrize('n', [1, 2, 37, 63])
def test_fewer_points_than_asked_for_are_repeated(n):
    cloud = bumpy_table(n) * np.float32(0.1)
    sample = LocalSampler(64, 0.2).sample(cloud, np.zeros(3))
    assert sample.distinct == n
    np.testing.assert_array_equal(sample.points[:n], cloud)
    there = {tuple(p) for p in cloud}
    assert all(tuple(p) in there for p in sample.points[n:])


@pytest.mark.parametrize('cloud', [np.zeros((0, 3)), np.ones((9, 3)), np.full((9, 3), np.nan)])
def test_nothing_near_is_said_so(cloud):
    sample = LocalSampler(64, 0.2).sample(cloud, [0, 0, 0.5])
    assert sample.distinct == 0
    np.testing.assert_array_equal(sample.points, np.tile(np.float32([0, 0, 0.5]), (64, 1)))


@pytest.mark.parametrize('n', [70, 5000, 60000])
def test_many_points_in_a_tiny_place(n):
    """All in a few voxels: still N different ones."""
    cloud = bumpy_table(n) * np.float32(0.01)
    sample = LocalSampler(64, 0.2).sample(cloud, np.zeros(3))
    assert sample.distinct == 64 == len(np.unique(sample.points, axis=0))


def test_points_that_are_all_the_same():
    sample = LocalSampler(8, 0.2).sample(np.full((100, 3), 0.01), np.zeros(3))
    assert sample.points.shape == (8, 3)
    np.testing.assert_array_equal(sample.points, np.float32(0.01))


def test_points_that_are_not_numbers_are_never_taken():
    cloud = bumpy_table()
    cloud[::3] = np.nan
    cloud[1::7] = np.inf
    assert np.isfinite(LocalSampler(512, 0.2).sample(cloud, np.zeros(3)).points).all()


def test_two_million_points():
    sample = LocalSampler(512, 0.2).sample(bumpy_table(2_000_000), np.zeros(3))
    assert sample.distinct == 512


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: LocalSampler(0), 'count is 0, allowed is 1 to 65536'),
        (lambda: LocalSampler(8, 0.0), 'radius is 0.0'),
        (lambda: LocalSampler(8, seed=-1), 'seed is -1'),
        (
            lambda: LocalSampler().sample(np.zeros((4, 2)), np.zeros(3)),
            r'points has shape \(4, 2\)',
        ),
        (
            lambda: LocalSampler().sample(np.zeros((4, 3)), [0, np.nan, 0]),
            r'center\[1\] is not fin',
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(InvalidValueError, match=message):
        call()
