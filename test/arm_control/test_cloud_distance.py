"""The distance to the cloud against coal, point by point, and against what is known."""

from __future__ import annotations

import coal
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from three_arms import ARMS, collision_of, random_positions

from gae_arm.arm_control.cloud_distance import without_strays
from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError


@pytest.mark.parametrize('name', ARMS)
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 60))
def test_the_cloud_is_as_far_as_its_nearest_point(name, seed, count):
    """Against coal, point by point and piece by piece."""
    model = collision_of(name)
    q = random_positions(name, 1, seed)[0]
    middle = model.kinematics.forward(q)[:3, 3]
    points = middle + np.random.default_rng(seed).normal(size=(count, 3)) * 0.3
    points[:, 2] = np.abs(points[:, 2]) + 0.02
    found = model.cloud_distance(q, points)
    transforms = model._body_transforms(q, 1.0)
    speck, request = coal.Sphere(1e-9), coal.DistanceRequest()
    exact = min(
        coal.distance(
            model.pieces[i].shape, coal.Transform3s(transforms[i][:3, :3], transforms[i][:3, 3]),
            speck, coal.Transform3s(np.eye(3), point), request, coal.DistanceResult(),
        )
        for i in model._moving
        for point in points
    )  # fmt: skip
    assert found.distance == pytest.approx(exact, abs=2e-6)
    assert any((found.point_second == point).all() for point in points)
    apart = np.linalg.norm(found.point_first - found.point_second)
    assert apart == pytest.approx(abs(found.distance), abs=1e-9)
    assert found.second == 'cloud'


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), spread=st.floats(0.01, 1.0), count=st.integers(1, 200))
def test_many_points_are_as_far_as_the_nearest_of_them_alone(seed, spread, count):
    """Blocks of points leave nothing out, whatever the order, in dense and in sparse clouds."""
    model = collision_of('panda')
    q = random_positions('panda', 1, seed)[0]
    random = np.random.default_rng(seed)
    middle = model.kinematics.forward(q)[:3, 3] + random.normal(size=3) * 0.1
    points = middle + random.normal(size=(count, 3)) * spread
    points[:, 2] = np.abs(points[:, 2]) + 0.02
    alone = [model.cloud_distance(q, point[None]).distance for point in points]
    assert model.cloud_distance(q, points).distance == pytest.approx(min(alone), abs=1e-12)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 80), least=st.integers(0, 6))
def test_points_with_company_stay(seed, count, least):
    """Against cells that are counted one by one; what stays comes in the order of the cells."""
    radius, random = 0.1, np.random.default_rng(seed)
    points = random.uniform(-0.3, 0.3, (count, 3))
    kept = without_strays(points, radius, least)
    cells = ((points - points.min(axis=0, initial=np.inf)) / radius).astype(int)
    near = (np.abs(cells[:, None] - cells[None]) <= 1).all(axis=2).sum(axis=1)
    expected = points[near > least] if least else points
    assert sorted(map(tuple, kept)) == sorted(map(tuple, expected))
    order = ((kept - points.min(axis=0, initial=np.inf)) / radius).astype(int).tolist()
    assert not least or order == sorted(order)


def test_a_point_inside_a_finger_is_as_deep_as_its_nearest_face():
    """The UR5's finger bars are boxes of 17.6 x 7 x 70 mm: the middle is 3.5 mm deep."""
    model = collision_of('ur5')
    home = model.kinematics.arm.home
    T = model.kinematics.frame('gripper_left_finger', home, 0.5)
    middle = geometry.transform_points(T, np.array([[0.0, 0.75 * 0.014, 0.02]]))
    found = model.cloud_distance(home, middle, opening=0.5)
    assert found.first == 'gripper_left_finger'
    assert found.distance == pytest.approx(-0.0035, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), angle=st.floats(-2, 2))
def test_turning_arm_and_cloud_about_the_base_changes_nothing(seed, angle):
    model = collision_of('ur5')
    q = random_positions('ur5', 1, seed)[0]
    points = np.random.default_rng(seed).uniform([-1, -1, 0.05], 1, (40, 3))
    turn = geometry.rpy_to_matrix(0, 0, angle)
    turned = model.cloud_distance(q + np.r_[angle, np.zeros(5)], points @ turn.T)
    found = model.cloud_distance(q, points)
    assert turned.distance == pytest.approx(found.distance, abs=1e-9)
    np.testing.assert_allclose(turned.point_first, turn @ found.point_first, atol=1e-6)


def test_the_order_and_the_layout_of_points_do_not_matter():
    model = collision_of('panda')
    home = model.kinematics.arm.home
    points = np.random.default_rng(0).uniform([0, -0.5, 0.05], [0.8, 0.5, 0.6], (500, 3))
    found = model.cloud_distance(home, points)
    for same in (points[::-1], np.asfortranarray(points), points.tolist()):
        assert model.cloud_distance(home, same) == found
    single = model.cloud_distance(home, points.astype(np.float32))
    assert single.distance == pytest.approx(found.distance, abs=1e-6)


def test_what_is_no_obstacle_is_left_out_of_the_cloud():
    model = collision_of('ur5')
    home = model.kinematics.arm.home
    nothing = model.cloud_distance(home, np.empty((0, 3)))
    assert nothing.distance == np.inf
    assert (nothing.first, nothing.second) == ('', '')
    table = np.random.default_rng(0).uniform([-1, -1, -0.02], [1, 1, 0.01], (300, 3))
    assert model.cloud_distance(home, table) == nothing
    beside_the_base = np.array([[0.0, 0.13, 0.05]])
    assert model.cloud_distance(home, beside_the_base).first == 'upper_arm_link'
    tip = model.kinematics.forward(home)[:3, 3][None]
    assert model.cloud_distance(home, tip).first in model.gripper_links
    without = model.cloud_distance(home, tip, ignore=model.gripper_links)
    assert without.first not in model.gripper_links
    assert without.distance > 0.05


def test_an_open_gripper_reaches_further():
    model = collision_of('xarm7')
    home = model.kinematics.arm.home
    T = model.kinematics.forward(home)
    beside = geometry.transform_points(T, np.array([[0.0, 0.1, 0.0]]))
    opened, half, closed = (model.cloud_distance(home, beside, o) for o in (1.0, 0.5, 0.0))
    assert opened.first == half.first == 'gripper_left_finger'
    assert half.distance - opened.distance == pytest.approx(0.0425 / 2, abs=1e-6)
    assert closed.distance > half.distance


def test_bad_input_is_refused_with_its_value():
    model = collision_of('panda')
    home = model.kinematics.arm.home
    points = np.zeros((2, 3))
    with pytest.raises(
        InvalidValueError, match=r'^points_base has shape \(2, 2\), expected \(N, 3'
    ):
        model.cloud_distance(home, points[:, :2])
    with pytest.raises(InvalidValueError, match=r'^points_base\[1, 2\] is not finite: nan$'):
        model.cloud_distance(home, [[0, 0, 1], [0, 0, np.nan]])
    with pytest.raises(InvalidValueError, match=r"^link 'tool' is unknown; there are: \['panda_ha"):
        model.cloud_distance(home, points, ignore=['tool'])
