"""Objects, their middles and how to grasp them, out of clouds sampled from known shapes."""

import numpy as np
import pytest
from work_cell import cloud_of

from gae_arm.arm_sim.scene import Scene, box, cylinder, sample_scene
from gae_arm.core import end_effector, geometry, surface

LOWEST, TILT = 0.01, 0.8
PRESENT = geometry.rpy_to_matrix(np.pi, 0.0, 0.0)


def grasp(points, position, present=PRESENT):
    return surface.grasp_rotation_at(points, np.array(position), present, LOWEST, TILT)


def yaw_of(axis):
    return np.arctan2(axis[1], axis[0]) % np.pi


def apart(a, b, period=np.pi):
    return abs((a - b + period / 2) % period - period / 2)


@pytest.mark.parametrize('seed', range(4))
def test_every_object_is_found_by_itself_and_its_middle_is_its_middle(seed):
    scene = sample_scene(seed)
    cloud = cloud_of(scene)
    for item in scene.objects:
        found = surface.objects(cloud.points, item.position, 0.18, LOWEST)
        gaps = [np.linalg.norm((surface.middle(o) - item.position)[:2]) for o in found]
        assert min(gaps) < 0.004


def test_what_goes_on_beyond_the_view_is_no_object():
    cloud = cloud_of(Scene((box('wall', (0.02, 0.6, 0.1), 'red', 1.0).at(0.5, 0.0, 0.0),)))
    assert surface.objects(cloud.points, np.array([0.5, 0, 0.05]), 0.18, LOWEST) == []
    assert len(surface.objects(cloud.points, np.array([0.5, 0, 0.05]), 0.4, LOWEST)) == 1


@pytest.mark.parametrize('points', [np.zeros((0, 3)), np.full((100, 3), [0.5, 0.0, 0.0])])
def test_nothing_above_the_table_is_nothing(points):
    points = points.astype(np.float32)
    assert surface.objects(points, np.array([0.5, 0, 0]), 0.2, LOWEST) == []
    np.testing.assert_allclose(grasp(points, [0.5, 0, 0.02]), PRESENT, atol=1e-12)


@pytest.mark.parametrize('yaw', np.radians([-80, -30, 0, 20, 60]))
def test_the_fingers_close_on_the_narrow_side(yaw):
    cloud = cloud_of(Scene((box('box', (0.04, 0.07, 0.03), 'red', 0.1).at(0.5, 0.0, yaw),)))
    rotation = grasp(cloud.points, [0.5, 0.0, 0.015])
    assert apart(yaw_of(rotation[:, end_effector.FINGERS]), yaw) <= np.radians(3)
    np.testing.assert_allclose(rotation[:, end_effector.APPROACH], [0, 0, -1], atol=1e-12)


@pytest.mark.parametrize('yaw', np.radians([-40, 0, 15, 80]))
def test_of_the_two_ways_to_grasp_a_cube_the_nearer_one(yaw):
    cloud = cloud_of(Scene((box('cube', (0.04, 0.04, 0.04), 'red', 0.1).at(0.5, 0.0, yaw),)))
    rotation = grasp(cloud.points, [0.5, 0.0, 0.02])
    assert apart(yaw_of(rotation[:, 0]), yaw, np.pi / 2) <= np.radians(3)
    turn = geometry.matrix_to_rotation_vector(rotation @ PRESENT.T)
    assert np.linalg.norm(turn) <= np.radians(48)


@pytest.mark.parametrize('present_yaw', [0.0, 1.0, -2.0])
def test_what_is_round_is_grasped_nearly_as_the_hand_is(present_yaw):
    """A camera sees one side of it: it looks a little narrower one way."""
    cloud = cloud_of(Scene((cylinder('can', 0.02, 0.05, 'blue', 0.1).at(0.5, 0.0, 0.0),)))
    present = geometry.rpy_to_matrix(np.pi, 0.0, present_yaw)
    rotation = grasp(cloud.points, [0.5, 0, 0.03], present)
    np.testing.assert_allclose(rotation[:, end_effector.APPROACH], [0, 0, -1], atol=1e-12)
    assert geometry.angle_between(present, rotation) < np.radians(25)


@pytest.mark.parametrize(('tilt', 'follows'), [(0.1, False), (0.5, True), (1.2, False)])
def test_a_tilted_plate_is_approached_along_its_normal(tilt, follows):
    grid = np.stack(np.meshgrid(*[np.arange(-0.03, 0.03, 0.003)] * 2), -1).reshape(-1, 2)
    flat = np.column_stack([grid, np.zeros(len(grid))])
    turn = geometry.rpy_to_matrix(tilt, 0.0, 0.4)
    points = (flat @ turn.T + [0.5, 0.0, 0.1]).astype(np.float32)
    approach = end_effector.approach(grasp(points, [0.5, 0.0, 0.1]))
    expected = -turn[:, 2] if follows else [0, 0, -1]
    np.testing.assert_allclose(approach, expected, atol=0.01)


def test_a_grasp_and_its_half_turn_are_one():
    rotation = geometry.rpy_to_matrix(np.pi, 0, 3.0)
    near = end_effector.nearest_grasp(rotation, PRESENT)
    np.testing.assert_allclose(near, rotation @ end_effector.HALF_TURN)
    np.testing.assert_allclose(near[:, 1], -rotation[:, 1])
    np.testing.assert_allclose(near[:, 2], rotation[:, 2])


def test_stray_readings_high_above_are_no_surface():
    rng = np.random.default_rng(0)
    patch = np.column_stack([rng.uniform(-0.01, 0.01, (27, 2)), np.zeros(27)])
    strays = np.array([[0.0, 0.0, 0.3], [0.01, 0.0, 0.5], [0.0, 0.01, 0.7]])
    points = np.concatenate([patch, strays]).astype(np.float32)
    down = np.diag([1.0, -1.0, -1.0])
    rotation = surface.grasp_rotation_at(points, np.zeros(3), down, -1.0, 0.8)
    np.testing.assert_allclose(rotation[:, 2], [0, 0, -1], atol=1e-9)
