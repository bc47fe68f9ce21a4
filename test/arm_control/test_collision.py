"""Distances against brute force: triangle meshes, samples of surfaces, all pairs and points."""

from __future__ import annotations

import itertools
from functools import lru_cache

import coal
import numpy as np
import pinocchio as pin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from three_arms import ARMS, collision_of, random_positions

from gae_arm.arm_control.collision import BoxObstacle, CollisionModel
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.core import geometry
from gae_arm.core.arm import ArmConfig, GripperConfig, JointLimits
from gae_arm.core.collision_geometry import collision_triangles
from gae_arm.core.errors import InvalidValueError


@lru_cache
def surface(name: str, spacing: float) -> dict[str, np.ndarray]:
    """Spots (P, 3) on every link's collision geometry, about this far apart, in its frame."""
    random, out = np.random.default_rng(0), {}
    for link, triangles in collision_triangles(collision_of(name).kinematics.urdf).items():
        sides = triangles[:, 1:] - triangles[:, :1]
        areas = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) / 2
        counts = np.floor(areas / spacing**2 + random.random(len(areas))).astype(int)
        chosen = np.repeat(triangles, counts, axis=0)
        weights = random.dirichlet(np.ones(3), len(chosen))
        out[link] = np.einsum('ti,tij->tj', weights, chosen)
    return out


def spots(name: str, link: str, q: np.ndarray, spacing: float = 0.015) -> np.ndarray:
    """The same in the base frame."""
    T_base_link = collision_of(name).kinematics.frame(link, q)
    return geometry.transform_points(T_base_link, surface(name, spacing)[link])


def between(a: np.ndarray, b: np.ndarray) -> float:
    """Least distance between points (N, 3) and (M, 3)."""
    return min(float(np.sqrt(((b - p) ** 2).sum(1).min())) for p in a)


@lru_cache
def meshes(name: str) -> tuple[pin.GeometryModel, pin.GeometryData]:
    """The URDF's own collision geometry, triangle meshes as they are: slow, and none of ours."""
    kinematics = collision_of(name).kinematics
    found = pin.buildGeomFromUrdfString(
        kinematics.model, kinematics.urdf, pin.GeometryType.COLLISION
    )
    return found, found.createData()


def touching_meshes(name: str, q: np.ndarray) -> set[tuple[str, str]]:
    """Those of the pairs of links that are compared whose meshes intersect."""
    kinematics, (found, data) = collision_of(name).kinematics, meshes(name)
    placed = kinematics.positions(np.asarray(q, float), 1.0)
    pin.updateGeometryPlacements(
        kinematics.model, kinematics.model.createData(), found, data, placed
    )
    poses = [coal.Transform3s(T.rotation, T.translation) for T in data.oMg]
    links = [kinematics.model.frames[o.parentFrame].name for o in found.geometryObjects]
    shapes = [o.geometry for o in found.geometryObjects]
    request = coal.CollisionRequest()
    return {
        (links[i], links[j])
        for i, j in itertools.combinations(range(len(links)), 2)
        if (links[i], links[j]) in collision_of(name).self_names
        and coal.collide(shapes[i], poses[i], shapes[j], poses[j], request, coal.CollisionResult())
    }


@pytest.mark.parametrize('opening', [0.0, 1.0])
@pytest.mark.parametrize('name', ARMS)
def test_home_is_free(name, opening):
    model = collision_of(name)
    home = model.kinematics.arm.home
    assert model.self_distance(home, opening).distance > 0.01
    assert model.environment_distance(home, opening).distance > 0.02
    assert model.is_free(home, 0.01, opening)
    assert not model.is_free(home, 0.5, opening)


@pytest.mark.parametrize(
    ('name', 'q', 'pair'),
    [
        ('panda', [0, -1.7, 0, -3.0, 0, 0, 0.785], ('panda_link5', 'panda_link7')),
        ('ur5', [0, -1.6, 3.1, 0, 0, 0], ('upper_arm_link', 'wrist_1_link')),
        ('xarm7', [0, 1.5, 0, 0.2, 0, 0, 0], ('link_base', 'link6')),
    ],
)
def test_a_folded_arm_touches_itself(name, q, pair):
    model = collision_of(name)
    assert pair in touching_meshes(name, q)
    found = model.self_distance(q)
    assert (found.first, found.second) == pair
    assert found.distance < 0.0
    assert not model.is_free(q)


@pytest.mark.parametrize('name', ARMS)
def test_no_intersection_of_meshes_is_missed(name):
    model = collision_of(name)
    hits, alarms = 0, 0
    for q in random_positions(name, 60):
        distances = dict(zip(model.self_names, model.self_distances(q), strict=True))
        touching = touching_meshes(name, q)
        for pair in touching:
            assert distances[pair] <= 0.0, pair
        assert (model.self_distance(q).distance <= 0.0) == (min(distances.values()) <= 0.0)
        hits += bool(touching)
        alarms += min(distances.values()) <= 0.0
    assert hits > 0
    assert alarms <= hits + 3, 'hulls claim too much'


@pytest.mark.parametrize('name', ARMS)
def test_no_link_is_nearer_than_the_distance(name):
    """Spots on the surfaces are never nearer to each other than their links are said to be."""
    model = collision_of(name)
    checked = 0
    for q in random_positions(name, 6, seed=1):
        nearest = model.self_distance(q)
        for pair, distance in zip(model.self_names, model.self_distances(q), strict=True):
            if distance < 0.15:
                apart = between(spots(name, pair[0], q), spots(name, pair[1], q))
                assert apart > distance - 1e-5, pair
                assert apart > nearest.distance - 1e-5
                checked += 1
    assert checked > 10


def test_the_distance_of_convex_links_is_exact():
    """The Panda's collision meshes are convex: dense spots come as near as the distance says."""
    model = collision_of('panda')
    checked = 0
    for q in random_positions('panda', 12, seed=2):
        found = model.self_distance(q)
        if found.distance > 0.0 and 'finger' not in found.first + found.second:
            a, b = (spots('panda', link, q, 0.006) for link in (found.first, found.second))
            assert between(a, b) == pytest.approx(found.distance, abs=0.006)
            checked += 1
    assert checked > 3


@pytest.mark.parametrize('name', ARMS)
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), opening=st.floats(0, 1))
def test_the_nearest_spots_are_as_far_apart_as_it_says(name, seed, opening):
    model = collision_of(name)
    q = random_positions(name, 1, seed)[0]
    for found in (model.self_distance(q, opening), model.environment_distance(q, opening)):
        apart = np.linalg.norm(found.point_first - found.point_second)
        assert apart == pytest.approx(abs(found.distance), abs=1e-5)
    assert model.self_distance(q, opening) == model.self_distance(q, opening)


@pytest.mark.parametrize('name', ARMS)
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_leaving_pairs_out_by_their_spheres_loses_nothing(name, seed):
    model = collision_of(name)
    q = random_positions(name, 1, seed)[0]
    for pairs, all_at_once, nearest in (
        (model._self_pairs, model.self_distances, model.self_distance),
        (model._environment_pairs, model.environment_distances, model.environment_distance),
    ):
        transforms = model._body_transforms(q, 1.0)
        exact = np.array(
            [
                min(pairs._exact(transforms, p).distance for p in np.flatnonzero(pairs._group == k))
                for k in range(len(pairs.groups))
            ]
        )
        assert nearest(q).distance == pytest.approx(exact.min(), abs=1e-6)
        np.testing.assert_allclose(pairs.distances(transforms), exact, atol=1e-6)
        quick = all_at_once(q)
        near = exact < 0.1
        np.testing.assert_allclose(quick[near], exact[near], atol=1e-6)
        assert (quick[~near] >= 0.1 - 1e-6).all()
        assert (quick[~near] <= exact[~near] + 1e-6).all()


@pytest.mark.parametrize('name', ARMS)
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_distances_change_no_faster_than_their_reach(name, seed):
    model = collision_of(name)
    random = np.random.default_rng(seed)
    q = random_positions(name, 1, seed)[0]
    p = q + random.normal(size=len(q)) * random.choice([0.0, 0.05, 0.5], len(q))
    before, after = (model._body_transforms(x, 0.5) for x in (q, p))
    for pairs, reach in (
        (model._self_pairs, model.self_reach),
        (model._environment_pairs, model.environment_reach),
    ):
        change = np.abs(pairs.distances(after) - pairs.distances(before))
        assert (change <= reach @ np.abs(p - q) + 1e-5).all()
    moved = np.zeros(len(model.pieces))
    for k, piece in enumerate(model.pieces):
        corners = piece.triangles.reshape(-1, 3)
        here, there = (geometry.transform_points(T[k], corners) for T in (before, after))
        moved[k] = np.linalg.norm(here - there, axis=1).max()
    assert moved.max() <= model.joint_reach() @ np.abs(p - q) + 1e-9


@pytest.mark.parametrize('name', ARMS)
def test_the_table_is_as_far_as_the_lowest_corner(name):
    model = collision_of(name)
    moving = {first for first, _ in model.environment_names}
    for q in random_positions(name, 20):
        transforms = model._body_transforms(q, 1.0)
        lowest = min(
            geometry.transform_points(T, piece.triangles.reshape(-1, 3))[:, 2].min()
            for T, piece in zip(transforms, model.pieces, strict=False)
            if piece.link in moving
        )
        found = model.environment_distance(q)
        assert found.second == 'table'
        assert found.distance == pytest.approx(lowest, abs=1e-9)
        assert found.point_first[2] == pytest.approx(lowest, abs=1e-9)
        assert found.point_second[2] == pytest.approx(0.0, abs=1e-9)


def test_the_table_may_be_higher_or_missing():
    kinematics = collision_of('panda').kinematics
    home = kinematics.arm.home
    at_zero = collision_of('panda').environment_distance(home).distance
    lower = CollisionModel(kinematics, table_height=-0.3)
    assert lower.environment_distance(home).distance == pytest.approx(at_zero + 0.3, abs=1e-9)
    free = CollisionModel(kinematics, table_height=None)
    assert free.environment_distance(home).distance == np.inf
    assert free.environment_distance(home).first == ''
    assert free.environment_names == ()
    assert free.is_free(home)


def test_a_box_is_as_far_as_its_nearest_spot():
    """Against spots on the arm: the distance of a point to a box is known."""
    kinematics = collision_of('panda').kinematics
    q = kinematics.arm.home
    turn = geometry.rpy_to_matrix(0.3, -0.2, 0.5)
    size = np.array([0.1, 0.3, 0.2])
    T = geometry.transform(turn, [0.75, 0.25, 0.4])
    model = CollisionModel(kinematics, None, [BoxObstacle('crate', T, size)])
    found = model.environment_distance(q)
    assert found.second == 'crate'
    links = {piece.link for piece in model.pieces} - {'panda_link0', 'panda_link1'}
    least = np.inf
    for link in links:
        inside = geometry.transform_points(geometry.invert(T), spots('panda', link, q, 0.004))
        out = np.maximum(np.abs(inside) - size / 2, 0.0)
        least = min(least, float(np.linalg.norm(out, axis=1).min()))
    assert found.distance == pytest.approx(least, abs=0.004)
    assert found.distance < least + 1e-6
    T_ee = kinematics.forward(q)
    inside = CollisionModel(kinematics, None, [BoxObstacle('crate', T_ee, size)])
    assert inside.environment_distance(q).distance < -0.01


@pytest.mark.parametrize(
    ('name', 'gripper', 'neighbours', 'steady'),
    [
        ('panda', {'panda_hand', 'panda_leftfinger', 'panda_rightfinger'},
         ('panda_link3', 'panda_link4'), ('panda_link6', 'panda_leftfinger')),
        ('ur5', {'gripper_base', 'gripper_left_finger', 'gripper_right_finger'},
         ('forearm_link', 'wrist_1_link'), ('wrist_1_link', 'wrist_3_link')),
        ('xarm7', {'gripper_base', 'gripper_left_finger', 'gripper_right_finger'},
         ('link7', 'gripper_left_finger'), ('link6', 'gripper_left_finger')),
    ],
)  # fmt: skip
def test_what_no_motion_changes_is_not_compared(name, gripper, neighbours, steady):
    model = collision_of(name)
    assert set(model.gripper_links) == gripper
    for pair in (neighbours, steady):
        assert pair not in model.self_names
        assert pair[::-1] not in model.self_names
    assert not any(set(pair) <= gripper for pair in model.self_names)
    assert len(model.self_names) > 30


URDF = """<robot name="three">
  <link name="base"><collision><geometry><box size="0.2 0.2 0.1"/></geometry></collision></link>
  <link name="turret"><collision><geometry><cylinder radius="0.05" length="0.1"/></geometry>
    </collision></link>
  <link name="fat"><collision><origin xyz="0 0 -0.1"/><geometry><sphere radius="0.12"/></geometry>
    </collision></link>
  <link name="long"><collision><origin xyz="0.3 0 0"/><geometry><box size="0.6 0.05 0.05"/>
    </geometry></collision></link>
  <link name="tool"/><link name="finger"/>
  <joint name="j1" type="revolute"><parent link="base"/><child link="turret"/>
    <origin xyz="0 0 0.1"/><axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="1" velocity="1"/>
  </joint>
  <joint name="j2" type="revolute"><parent link="turret"/><child link="fat"/>
    <origin xyz="0 0 0.1"/><axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="1" velocity="1"/>
  </joint>
  <joint name="j3" type="revolute"><parent link="fat"/><child link="long"/>
    <origin xyz="0 0 0.3"/><axis xyz="0 1 0"/><limit lower="-3" upper="3" effort="1" velocity="1"/>
  </joint>
  <joint name="tip" type="fixed"><parent link="long"/><child link="tool"/><origin xyz="0.6 0 0"/>
  </joint>
  <joint name="grip" type="prismatic"><parent link="tool"/><child link="finger"/><axis xyz="1 0 0"/>
    <limit lower="0" upper="0.05" effort="1" velocity="1"/></joint>
</robot>"""


def test_links_that_always_touch_are_not_compared(tmp_path):
    """The sphere around j2 sits in the base whatever the joints do; the long link may hit both."""
    path = tmp_path / 'three.urdf'
    path.write_text(URDF)
    three = np.ones(3)
    limits = JointLimits(-3 * three, 3 * three, three, three, three, three, source='made up')
    gripper = GripperConfig(('grip',), [0.0], [0.05], 1.0, 1.0)
    arm = ArmConfig(
        'three', str(path), 'base', 'tool', ('j1', 'j2', 'j3'), 0 * three, limits, gripper
    )
    model = CollisionModel(Kinematics(arm), table_height=-0.05)
    assert set(model.self_names) == {('base', 'long'), ('turret', 'long')}
    assert {first for first, _ in model.environment_names} == {'fat', 'long'}
    straight_down = model.self_distance([0, 0, np.pi / 2])
    assert straight_down.distance < 0.0
    assert straight_down.second == 'long'
    level = model.environment_distance([0.5, 0.5, 0.0])
    assert level.distance == pytest.approx(0.2 - 0.1 - 0.12 + 0.05, abs=1e-3)


def test_bad_input_is_refused_with_its_value():
    model = collision_of('panda')
    home = model.kinematics.arm.home
    with pytest.raises(InvalidValueError, match=r'^q\[0\] is not finite: nan$'):
        model.self_distance(np.full(7, np.nan))
    with pytest.raises(InvalidValueError, match=r'^opening is -0\.1, allowed is 0 to 1$'):
        model.environment_distance(home, opening=-0.1)
    with pytest.raises(InvalidValueError, match=r'^table_height is not finite: inf$'):
        CollisionModel(model.kinematics, table_height=np.inf)
    with pytest.raises(InvalidValueError, match=r'^size is 0\.0, allowed is 1e-06 to inf$'):
        BoxObstacle('flat', np.eye(4), np.array([1.0, 1.0, 0.0]))
