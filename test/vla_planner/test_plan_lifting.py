"""Lifting: the same plan through any lens, and a refusal that names the waypoint."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.reach import Reach
from gae_arm.commands.benches.planner_answers import HEIGHT, made_planner, made_scene
from gae_arm.core import end_effector
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraFrame
from gae_arm.core.geometry import quaternion_to_matrix
from gae_arm.core.paths import arm_file
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.core.progress import PlanRefusal, PlanRefusedError
from vla_planner.errors import PlannerError
from vla_planner.gripper import gripper_events
from vla_planner.lifting import AJAR, lift
from vla_planner.picture import Scene, whole, workspace
from vla_planner.planner import Wish
from vla_planner.sketch import Sketch, Spot, Stroke

SCENE = made_scene()
RED, BLUE, TABLE = np.array([0.39, 0.43]), np.array([0.64, 0.58]), np.array([0.2, 0.8])
SHARE = st.floats(0.1, 0.9)
PICK_AND_PLACE = Sketch(
    spots=(Spot('red', RED), Spot('blue', BLUE)),
    strokes=(
        Stroke(RED, up=0.1, gripper=1.0),
        Stroke(RED, up=-0.02, gripper=0.0),
        Stroke(RED, up=0.12),
        Stroke(BLUE, up=0.12),
        Stroke(BLUE, up=0.04, gripper=1.0),
    ),
)


def planned(sketch, scene=SCENE, wish=None, **options):
    planner = made_planner('ours', options.get('reach'))
    empty_hand = options.get('empty_hand', False)
    planner.profile = dataclasses.replace(planner.profile, empty_hand=empty_hand)
    picture = options.get('picture') or whole(scene, 1280)
    plan = planner.plan_of(sketch, picture, scene, wish or Wish('put it there'), 'p')
    return plan_in_frame(plan, 'base', scene.T_base_camera)


def refusal(sketch, **options):
    with pytest.raises(PlanRefusedError) as caught:
        planned(sketch, **options)
    return caught.value


def place_of(share, depth=HEIGHT, scene=SCENE):
    """Where a share of the picture is on the table, in the base frame."""
    camera = scene.frame.intrinsics
    u, v = share * [camera.width, camera.height] - 0.5
    K = camera.K
    return np.array([0.5 - (v - K[1, 2]) / K[1, 1] * depth, -(u - K[0, 2]) / K[0, 0] * depth])


def test_waypoints_are_above_what_is_seen():
    plan = planned(PICK_AND_PLACE)
    red, blue = place_of(RED, HEIGHT - 0.05), place_of(BLUE, HEIGHT - 0.05)
    wanted = [(*red, 0.15), (*red, 0.03), (*red, 0.17), (*blue, 0.17), (*blue, 0.09)]
    assert np.array([w.position for w in plan.waypoints]) == pytest.approx(
        np.array(wanted), abs=1e-6
    )
    assert [anchor.label for anchor in plan.anchors] == ['red', 'blue']
    assert plan.anchors[0].pixel == pytest.approx(RED * [640, 480] - 0.5)


@settings(max_examples=30, deadline=None)
@given(SHARE, SHARE, st.floats(400, 900), st.sampled_from([(640, 480), (320, 240), (1280, 720)]))
def test_the_same_answer_means_the_same_place_through_any_lens(x, y, focal, size):
    """A place on the table, seen through another camera at the same spot."""
    scene = made_scene(*size, focal=focal * size[0] / 640)
    K = scene.frame.intrinsics.K
    depth = np.full((size[1], size[0]), HEIGHT, np.float32)
    scene = Scene(dataclasses.replace(scene.frame, depth=depth), scene.T_base_camera, 'base')
    target = np.array([0.5 + 0.2 * (x - 0.5), 0.2 * (y - 0.5), 0.0])
    local = np.linalg.inv(scene.T_base_camera) @ [*target, 1]
    pixel = (K @ (local[:3] / local[2]))[:2]
    share = (pixel + 0.5) / size
    plan = planned(Sketch(strokes=(Stroke(share, up=0.1),)), scene)
    assert plan.waypoints[0].position == pytest.approx([*target[:2], 0.1], abs=1e-6)


def test_places_in_a_crop_are_places_in_the_image():
    picture = workspace(SCENE, 192, 144)
    spot = picture.to_place(RED * [640, 480] - 0.5)
    sketch = Sketch(strokes=(Stroke(spot, up=0.1),))
    there = planned(sketch, picture=picture).waypoints[0].position
    assert there[:2] == pytest.approx(place_of(RED, HEIGHT - 0.05), abs=1e-6)


def test_a_depth_that_is_given_is_taken():
    plan = planned(Sketch(strokes=(Stroke(RED, depth=0.6),)))
    assert plan.waypoints[0].position[2] == pytest.approx(HEIGHT - 0.6)


def test_mid_air_lies_between_its_neighbours():
    path = (
        Stroke(RED, depth=0.7, gripper=0.0),
        Stroke((RED + BLUE) / 2, free=True),
        Stroke(BLUE, depth=0.5, gripper=1.0),
    )
    lifted = lift(Sketch(strokes=path), whole(SCENE, 1280), SCENE)
    heights = [w.position[2] for w in lifted.waypoints]
    assert heights == pytest.approx([HEIGHT - 0.7, HEIGHT - 0.6, HEIGHT - 0.5])


def test_along_leads_from_the_first_anchor_to_the_second():
    strokes = (Stroke(RED, along=0.1, up=0.02, gripper=0.0),)
    lifted = lift(dataclasses.replace(PICK_AND_PLACE, strokes=strokes), whole(SCENE, 1280), SCENE)
    red, blue = (place_of(p, HEIGHT - 0.05) for p in (RED, BLUE))
    ahead = (blue - red) / np.linalg.norm(blue - red)
    assert lifted.waypoints[0].position[:2] == pytest.approx(red + 0.1 * ahead, abs=1e-6)


@given(st.floats(-np.pi / 2, np.pi / 2))
def test_yaw_turns_the_fingers_counter_clockwise_from_the_right_of_the_picture(yaw):
    press = (Stroke(RED, up=0.1, gripper=0.0), Stroke(RED, up=-0.01, gripper=0.0))
    sketch = dataclasses.replace(PICK_AND_PLACE, strokes=press, yaw=yaw)
    lifted = lift(sketch, whole(SCENE, 1280), SCENE)
    R = quaternion_to_matrix(lifted.waypoints[0].orientation)
    assert end_effector.approach(R) == pytest.approx(np.array([0, 0, -1.0]), abs=1e-9)
    # Rightward in this picture is -y of the base.
    wanted = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
    assert abs(R[:, end_effector.FINGERS] @ wanted) == pytest.approx(1.0)
    assert R[0, 0] >= -1e-9, 'of two equal grasps the one nearer to home'


def test_without_an_orientation_a_grasp_follows_the_thing():
    """The boxes are 51 pixels wide and 29 high: narrower up and down."""
    waypoints = planned(PICK_AND_PLACE).waypoints
    assert [w.orientation is None for w in waypoints] == [True, False, True, True, True]
    R = quaternion_to_matrix(waypoints[1].orientation)
    assert abs(R[0, end_effector.FINGERS]) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ('openings', 'events'),
    [
        ([1.0, 0.0, None, 1.0], [(1, True), (3, False)]),
        ([0.0, None, 1.0], [(0, True), (2, False)]),
        ([None, 0.0], [(1, True)]),
        ([0.0, 0.0, 0.0], []),
        ([1.0, None], []),
        ([], []),
    ],
)
def test_what_the_gripper_does(openings, events):
    assert gripper_events(openings) == events


# -- refusals -------------------------------------------------------------------------------------


def test_depth_missing_at_an_anchor_is_a_refusal_that_names_it():
    depth = SCENE.frame.depth.copy()
    depth[150:350, 100:400] = 0.0
    blind = Scene(dataclasses.replace(SCENE.frame, depth=depth), SCENE.T_base_camera, 'base')
    error = refusal(PICK_AND_PLACE, scene=blind)
    assert str(error).startswith('anchor 0: the depth camera has no reading within 12 pixels')
    assert error.reason is PlanRefusal.INVALID


def test_a_waypoint_outside_the_workspace():
    error = refusal(Sketch(strokes=(Stroke(RED), Stroke(TABLE, depth=8.0))))
    assert error.reason is PlanRefusal.THROUGH_TABLE
    assert error.waypoint == 1
    small = dataclasses.replace(SCENE.frame, frame_id='c')
    T = SCENE.T_base_camera.copy()
    T[0, 3] = 3.0
    error = refusal(PICK_AND_PLACE, scene=Scene(small, T, 'base'))
    assert error.reason is PlanRefusal.OUTSIDE_WORKSPACE
    assert 'waypoint 0 is outside the workspace' in str(error)


def test_a_waypoint_out_of_reach():
    reach = Reach(Kinematics(load_arm(arm_file('panda')))).check
    assert planned(PICK_AND_PLACE, reach=reach)
    error = refusal(Sketch(strokes=(Stroke(np.array([0.99, 0.01])),)), reach=reach)
    assert error.reason is PlanRefusal.UNREACHABLE
    assert 'waypoint 0 is out of reach' in str(error)


def test_a_grasp_in_the_air():
    error = refusal(Sketch(strokes=(Stroke(RED, depth=0.5, gripper=0.0),)))
    assert str(error).startswith('waypoint 0 closes the gripper in the air: the nearest')


def test_a_gripper_that_changes_its_mind():
    strokes = tuple(Stroke(RED, up=0.01 * (i % 3), gripper=float(i % 2)) for i in range(20))
    assert 'opens and closes 20 times, at most 8' in str(refusal(Sketch(strokes=strokes)))
    at_once = (Stroke(RED, gripper=1.0), Stroke(RED, gripper=0.0), Stroke(RED, gripper=1.0))
    error = refusal(Sketch(strokes=at_once))
    assert str(error) == 'waypoint 2 lets go at once of what 1 grasped'
    assert error.waypoint == 2


def test_along_without_a_way():
    error = refusal(Sketch(spots=(Spot('a', RED),), strokes=(Stroke(RED, along=0.1),)))
    assert 'lies 0.10 m along a way without a length' in str(error)


def test_no_waypoints():
    assert str(refusal(Sketch(spots=(Spot('a', RED),)))) == 'the answer has no waypoints'


def test_a_picture_larger_than_a_model_takes_is_made_smaller():
    big = made_scene(640, 360, enlarged=12)
    picture = whole(big, 1280)
    assert picture.size == (1280, 720)
    assert picture.to_image(np.array([0.5, 0.5])) == pytest.approx(np.array([3839.5, 2159.5]))


def test_a_frame_without_colour_is_no_scene():
    camera = SCENE.frame.intrinsics
    frame = CameraFrame(1, 'camera', camera, SCENE.frame.depth)
    with pytest.raises(PlannerError, match='the image has no colour'):
        Scene(frame, SCENE.T_base_camera, 'base')


@pytest.mark.parametrize('opening', [None, 0.0, AJAR, 0.5, 1.0])
def test_a_full_hand_neither_presses_nor_pushes_where_the_model_knows_nothing_of_it(opening):
    press = tuple(Stroke(RED, up=up, gripper=0.0) for up in (0.1, -0.01, 0.1))
    press, wish = Sketch(spots=(Spot('red', RED),), strokes=press), Wish('press', opening=opening)
    planned(press, wish=wish)
    if opening == 0.5:
        error = refusal(press, wish=wish, empty_hand=True)
        assert str(error).startswith('the hand holds something, it is 0.50 open')
    else:
        planned(press, wish=wish, empty_hand=True)


def test_a_full_hand_may_go_and_take_something_else():
    planned(PICK_AND_PLACE, wish=Wish('put it there', opening=0.5), empty_hand=True)
