"""Where a hand has room: points on what is solid, distances as the governor keeps them, fits."""

import numpy as np
import pytest

from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_sim.objects.item import Cavity
from gae_arm.arm_sim.scene import Part, Scene, SceneObject
from gae_arm.core.arm import load_arm
from gae_arm.core.geometry import rpy_to_matrix, transform
from gae_arm.core.paths import arm_file
from gae_arm.demonstrations.room import Room, Stage
from gae_arm.demonstrations.solids import SPACING, Solids, points_of
from gae_arm.demonstrations.ways import _roomiest

WHITE = np.ones(3)
NOTHING = frozenset()


def part(shape, *size, **rest):
    return Part(shape, np.array(size), WHITE, **rest)


def test_points_lie_on_the_surface_and_leave_no_hole():
    box = points_of(SceneObject('box', (part('box', 0.04, 0.06, 0.1),)))
    np.testing.assert_allclose(np.abs(box / [0.02, 0.03, 0.05]).max(1), 1)
    ball = points_of(SceneObject('ball', (part('sphere', 0.03),)))
    np.testing.assert_allclose(np.linalg.norm(ball, axis=1), 0.03)
    can = points_of(SceneObject('can', (part('cylinder', 0.03, 0.08),)))
    radius, height = np.hypot(*can[:, :2].T), np.abs(can[:, 2])
    assert np.isclose(np.maximum(radius / 0.03, height / 0.04), 1).all()
    for points in (box, ball, can):
        apart = np.linalg.norm(points[:, None] - points[None], axis=2)
        np.fill_diagonal(apart, 1)
        assert apart.min(1).max() < 1.5 * SPACING


def test_a_print_is_not_solid_and_things_can_be_left_out():
    mark = SceneObject('mark', (part('cylinder', 0.03, 0.001, solid=False),))
    box = SceneObject('box', (part('box', 0.04, 0.04, 0.04),))
    solids, poses = Solids(Scene((mark, box))), {'mark': np.eye(4), 'box': np.eye(4)}
    assert len(solids.points(poses, NOTHING)) == len(points_of(box))
    assert len(solids.points(poses, frozenset(['box']))) == 0


@pytest.fixture(scope='module')
def collision():
    return CollisionModel(Kinematics(load_arm(arm_file('panda'))))


@pytest.mark.parametrize(
    ('below', 'site', 'free'),
    [(0.10, False, True), (0.035, False, False), (0.035, True, True), (0.0, True, False)],
)
def test_the_hand_keeps_the_governors_distance_but_where_it_grasps(collision, below, site, free):
    q = np.array(collision.kinematics.arm.home)
    hand = collision.kinematics.forward(q)[:3, 3]
    # Straight below the finger tips, which reach one centimetre beyond the end effector's frame.
    post = SceneObject('post', (part('box', 0.02, 0.12, 0.02),))
    poses = {'post': transform(np.eye(3), hand - [0, 0, below])}
    room = Room(collision, Solids(Scene((post,))), poses, [hand] if site else [])
    assert room.is_free(q, hand, Stage(1.0, NOTHING, carrying=False)) is free
    assert room.is_free(q, hand, Stage(1.0, frozenset(['post']), carrying=False))


def test_a_long_thing_is_put_along_a_long_hollow():
    thing = points_of(SceneObject('box', (part('box', 0.04, 0.07, 0.03),)))
    turns = [0, np.pi / 4, np.pi / 2, np.pi]
    places = [transform(rpy_to_matrix(0, 0, yaw), np.zeros(3)) for yaw in turns]
    hollow = Cavity(np.array([0.03, 0.045]), 0.0, 0.03, round=False)
    kept = _roomiest(places, thing, hollow)
    assert [any(T is place for T in kept) for place in places] == [True, False, False, True]
    tight = Cavity(np.array([0.02, 0.03]), 0.0, 0.03, round=False)
    assert len(_roomiest(places, thing, tight)) == 2
