"""How the hand is turned and drawn along by what depth shows, where a model is far off."""

import numpy as np
import pytest

from gae_arm.arm_sim.tasks.axes import TRAINING, Choices
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core import end_effector
from gae_arm.core.arm import load_arm
from gae_arm.core.geometry import quaternion_to_matrix
from gae_arm.core.paths import arm_file
from gae_arm.core.projection import project
from gae_arm.demonstrations.cell import Cell
from gae_arm.grounding.begun import begun
from gae_arm.grounding.task_tables import first_keyframes
from vla_planner.cabinet import _fronts, cabinet_at
from vla_planner.drag import Drag, drag_of
from vla_planner.hand import PRESENT, Hand
from vla_planner.lifting import AJAR, lift
from vla_planner.picture import Scene, whole
from vla_planner.sketch import Sketch, Spot, Stroke

DOWN, ALONG = np.array([0, 0, -1.0]), 0.12


@pytest.fixture(scope='module')
def cell():
    with Cell(load_arm(arm_file('panda'))) as cell:
        yield cell


def seen(cell, task, seed, **shapes):
    """A scene of a task, and what the hand has to do there."""
    ranges = TRAINING.override('shape', **{part: Choices((kind,)) for part, kind in shapes.items()})
    ranges = ranges.override('distractors', count=Choices((0,)))
    ranges = ranges.override('obstacles', count=Choices((0,)))
    cell.load(TASKS[task].sample(seed, ranges))
    right = cell.T_base_camera[:3, 0] * [1, 1, 0]
    wanted = first_keyframes(cell.instance, right / np.linalg.norm(right))
    scene = Scene(cell.frame(), cell.T_base_camera, 'base')
    return scene, wanted, cell.instance.table_height


def pixel_of(scene, point):
    T = scene.T_base_camera
    size = scene.frame.intrinsics.width, scene.frame.intrinsics.height
    return (project(scene.frame.intrinsics, (point - T[:3, 3]) @ T[:3, :3]) + 0.5) / size


def dragged(scene, wanted, height, off, along=ALONG, beside=(0.0, 0.0, 0.0)):
    """The plan of a model that errs by `off` rad in where to drag to; its yaw is of no use.

    beside: m, by which it points beside the handle.
    """
    handle = wanted.points[1] + beside
    way = np.arctan2(*(wanted.points[2] - handle)[1::-1]) + off
    goal = handle + along * np.array([np.cos(way), np.sin(way), 0])
    a, b = (pixel_of(scene, point) for point in (handle, goal))
    strokes = (
        Stroke(a, up=0.08, gripper=1.0),
        Stroke(a, gripper=0.0),
        Stroke(b, up=0.09, gripper=0.0),
        Stroke(b, up=0.09, gripper=1.0),
        Stroke(b, up=0.18, gripper=1.0),
    )
    sketch = Sketch(spots=(Spot('grasp', a), Spot('to', b)), strokes=strokes, yaw=0.7)
    waypoints = lift(sketch, whole(scene, 1280), scene, height).waypoints
    return np.array([w.position for w in waypoints]), quaternion_to_matrix(waypoints[1].orientation)


@pytest.mark.parametrize('kind', ['drawer', 'upright_drawer', 'knob_drawer'])
@pytest.mark.parametrize('off', np.radians([-40, 0, 80]))
def test_a_drawer_is_drawn_straight_out_and_held_as_its_handle_lies(cell, kind, off):
    scene, wanted, height = seen(cell, 'open_drawer', 3, drawer=kind)
    positions, R = dragged(scene, wanted, height, off)
    out = wanted.points[2] - wanted.points[1]
    way = positions[2] - positions[1]
    assert way @ out > np.cos(np.radians(6)) * np.linalg.norm(way) * np.linalg.norm(out)
    assert abs(R[:, end_effector.FINGERS] @ wanted.closing) > np.cos(np.radians(6))
    assert positions[1:4, 2] == pytest.approx(np.full(3, positions[1, 2]))
    assert positions[4, 2] == pytest.approx(positions[3, 2] + 0.09)


def test_it_is_pushed_in_where_that_is_told(cell):
    scene, wanted, height = seen(cell, 'open_drawer', 3, drawer='drawer')
    out = wanted.points[2] - wanted.points[1]
    positions, _ = dragged(scene, wanted, height, np.radians(165))
    assert (positions[2] - positions[1]) @ out < -0.9 * ALONG * np.linalg.norm(out)


@pytest.mark.parametrize('kind', ['drawer', 'upright_drawer', 'knob_drawer'])
@pytest.mark.parametrize('beside', [(-0.06, 0.05, -0.06), (0.05, -0.06, -0.06), (-0.1, 0, -0.06)])
def test_who_points_beside_a_handle_grasps_the_handle(cell, kind, beside):
    scene, wanted, height = seen(cell, 'open_drawer', 3, drawer=kind)
    positions, R = dragged(scene, wanted, height, 0.6, beside=beside)
    off = positions[1] - wanted.points[1]
    assert np.linalg.norm(off[:2]) < 0.025  # A bar is as good to hold beside its middle.
    assert abs(off[2]) < 0.02
    assert positions[2] - positions[1] == pytest.approx(
        wanted.points[2] - wanted.points[1], abs=0.02
    )
    assert abs(R[:, end_effector.FINGERS] @ wanted.closing) > np.cos(np.radians(6))


@pytest.mark.parametrize('seed', [3, 5, 7, 9])
def test_what_is_open_is_pushed_in_until_it_is_shut(cell, seed):
    whole_task = TASKS['drawer_put_away'].sample(seed)
    cell.load(begun(whole_task, 1, np.random.default_rng(seed)))
    wanted = first_keyframes(cell.instance, np.array([0, 1.0, 0]))
    scene, height = Scene(cell.frame(), cell.T_base_camera, 'base'), cell.instance.table_height
    positions, _ = dragged(scene, wanted, height, np.radians(20), along=0.06)
    told, found = wanted.points[2] - wanted.points[1], positions[2] - positions[1]
    assert found == pytest.approx(told, abs=0.012)


@pytest.mark.parametrize(('hidden', 'opened'), [(0, True), (6, True), (14, False)])
def test_a_front_is_known_by_one_end_where_a_hand_hides_the_other(hidden, opened):
    covered = np.zeros((25, 16), bool)
    covered[0] = covered[10] = True
    covered[3:6, 5:11] = True  # Something in the drawer.
    covered[:, 16 - hidden :] = False
    assert (10 in _fronts(covered)) == opened


def test_a_cloud_without_a_box_has_no_cabinet_and_any_cloud_is_looked_at():
    random = np.random.default_rng(0)
    for count in (0, 1, 50, 400):
        cloud = random.uniform(-0.3, 0.3, (count, 3)).astype(np.float32)
        assert cabinet_at(cloud, np.zeros(3), -0.1) is None
    assert cabinet_at(np.full((50, 3), 0.1, np.float32), np.zeros(3), -0.1) is None


def test_what_is_too_small_to_be_drawn_out_of_anything_goes_where_it_was_told(cell):
    scene, wanted, height = seen(cell, 'pick_up', 1, picked='box')
    told = np.array([wanted.points[1], wanted.points[1] + [0.1, 0.05, 0]])
    assert Hand(scene, height, PRESENT).straightened(told, Drag(0, 1), told[0]) == pytest.approx(
        told
    )


def test_nothing_seen_leaves_all_as_it_was_said(cell):
    scene, _, height = seen(cell, 'pick_up', 1, picked='box')
    hand = Hand(scene, height, PRESENT)
    away = np.array([[0.5, 0.0, 2.0], [0.6, 0.1, 2.0]])
    assert hand.straightened(away, Drag(0, 1), away[0]) == pytest.approx(away)
    assert hand.grasping(away[0], 0.4) == pytest.approx(hand.turned(0.4))


@pytest.mark.parametrize('kind', ['box', 'cube'])
@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('yaw', [-1.2, 0.0, 1.0])
def test_the_fingers_close_on_sides_whatever_yaw_is_told(cell, kind, seed, yaw):
    scene, wanted, height = seen(cell, 'pick_up', seed, picked=kind)
    R = Hand(scene, height, PRESENT).grasping(wanted.points[1], yaw)
    item = cell.instance.items[wanted.first[0]]
    sides = [(item.T_base_item @ grasp.T_object_ee)[:3, 1] for grasp in item.grasps]
    nearest = max(abs(R[:, end_effector.FINGERS] @ side) for side in sides)
    # A cube's hidden far side costs more than a box's.
    assert nearest > np.cos(np.radians(6 if kind == 'box' else 15))
    assert R[:, end_effector.APPROACH] == pytest.approx(DOWN)


def test_a_push_goes_with_the_fingers_across_its_way(cell):
    scene, wanted, height = seen(cell, 'push_to_mark', 0, pushed='cube')
    a, b = (pixel_of(scene, place) for _, place in (wanted.first, wanted.second))
    strokes = tuple(Stroke(b, along=-0.05, up=up, gripper=0.0) for up in (0.1, 0.03))
    sketch = Sketch(spots=(Spot('push', a), Spot('to', b)), strokes=strokes, yaw=0.0)
    waypoints = lift(sketch, whole(scene, 1280), scene, height).waypoints
    R = quaternion_to_matrix(waypoints[0].orientation)
    assert abs(R[:, end_effector.FINGERS] @ wanted.closing) > np.cos(np.radians(6))


@pytest.mark.parametrize(
    ('post', 'wanted'),
    [((0.1, 0.09, 0.12), 0.0), ((0.1, 0.09, 0.01), 1.0), ((0.1, 0.2, 0.12), 1.0)],
)
def test_fingers_that_push_lie_along_the_way_only_where_a_post_stands_beside_it(
    cell, monkeypatch, post, wanted
):
    scene, _, height = seen(cell, 'push_to_mark', 0, pushed='cube')
    start, way = np.array([0.4, 0.0, height + 0.02]), np.array([1.0, 0, 0])
    cloud = start + np.array(post) + np.random.default_rng(0).uniform(-0.01, 0.01, (40, 3))
    monkeypatch.setattr(Hand, '_around', lambda *_: cloud)
    R = Hand(scene, height, PRESENT).pushing(np.array([start, start + 0.2 * way]), way)
    across = abs(R[1, end_effector.FINGERS])
    assert across == pytest.approx(wanted, abs=1e-9)


def test_a_push_is_level_at_half_the_height_of_the_thing_and_ends_with_a_wait(cell):
    scene, wanted, height = seen(cell, 'push_to_mark', 0, pushed='cube')
    a, b = (pixel_of(scene, place) for _, place in (wanted.first, wanted.second))
    shape = ((a, -0.1, 0.08), (a, -0.1, -0.03), (b, -0.05, 0.03), (b, -0.08, 0.12))
    strokes = tuple(Stroke(p, along=along, up=up, gripper=0.0) for p, along, up in shape)
    sketch = Sketch(spots=(Spot('push', a), Spot('to', b)), strokes=strokes, yaw=0.0)
    waypoints = lift(sketch, whole(scene, 1280), scene, height).waypoints
    cube = cell.instance.items[wanted.first[0]]
    middle = height + min(cube.height / 2, 0.03)
    assert [w.position[2] for w in waypoints[1:3]] == pytest.approx([middle] * 2, abs=0.006)
    assert [w.gripper for w in waypoints] == [0.0, 0.0, AJAR, 0.0]


@pytest.mark.parametrize('kind', ['cube', 'box', 'cylinder', 'mug'])
@pytest.mark.parametrize('beside', [(0.0, 0.01), (0.01, -0.008)])
def test_a_push_goes_through_the_middle_of_the_thing_and_stops_behind_its_goal(cell, kind, beside):
    """Whatever the model points at of the thing; beside its middle it would turn away."""
    scene, wanted, height = seen(cell, 'push_to_mark', 4, pushed=kind)
    (name, place), (_, goal) = wanted.first, wanted.second
    item = cell.instance.items[name]
    top = np.array([*place[:2] + np.array(beside), height + item.height])
    a, b = pixel_of(scene, top), pixel_of(scene, goal * [1, 1, 0] + [0, 0, height])
    shape = ((a, -0.06, 0.08), (a, -0.06, -0.02), (b, -0.03, 0.02), (b, -0.06, 0.12))
    strokes = tuple(Stroke(p, along=along, up=up, gripper=0.0) for p, along, up in shape)
    sketch = Sketch(spots=(Spot('push', a), Spot('to', b)), strokes=strokes, yaw=0.0)
    positions = [w.position for w in lift(sketch, whole(scene, 1280), scene, height).waypoints]
    start, end = positions[1][:2], positions[2][:2]
    way = (end - start) / np.linalg.norm(end - start)
    aside = np.array([-way[1], way[0]])
    assert (place[:2] - start) @ aside == pytest.approx(0.0, abs=0.006)
    assert (goal[:2] - end) @ aside == pytest.approx(0.0, abs=0.004)
    behind = (goal[:2] - end) @ way
    assert item.extent / 2 - 0.01 < behind < item.reach + 0.025


def stroke(place, gripper):
    return Stroke(np.full(2, place), gripper=gripper)


@pytest.mark.parametrize(
    ('strokes', 'drag'),
    [
        ([stroke(0.2, 1), stroke(0.2, 0), stroke(0.4, 0), stroke(0.4, 1)], Drag(1, 3)),
        ([stroke(0.2, 1), stroke(0.2, 0), stroke(0.4, 0)], Drag(1, 2)),
        ([stroke(0.2, 1), stroke(0.2, 0), stroke(0.2, 0), stroke(0.4, 1)], None),
        ([stroke(0.2, 0), stroke(0.4, 0)], None),
        ([stroke(0.2, 1), stroke(0.2, 0)], None),
        ([], None),
    ],
)
def test_what_is_a_drag(strokes, drag):
    assert drag_of(strokes) == drag
