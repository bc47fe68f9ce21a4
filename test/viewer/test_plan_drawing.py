"""What is drawn of a plan, in which frame and colour."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import DOWN, TILTED, plan

from gae_arm.core import geometry, projection
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.marks import Mark, Shape
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason
from gae_arm.core.plan import ImageAnchor, Waypoint
from gae_arm.core.plan_transform import plan_in_frame, positions
from gae_arm.core.transform_tree import TransformTree, TransformUnknownError
from gae_arm.viewer import palette
from gae_arm.viewer.anchor_points import anchor_points
from gae_arm.viewer.gripper_glyph import glyph, waypoint_glyph
from gae_arm.viewer.markers.plan_marks import anchor_marks, plan_marks, status_mark
from gae_arm.viewer.shown_plan import Camera, show_plan

T = geometry.transform(geometry.rotation_vector_to_matrix([0.3, 1.2, -0.5]), [0.5, -0.1, 0.7])
CAMERA = CameraIntrinsics(320, 240, [[300, 0, 160], [0, 300, 120], [0, 0, 1]])


def no_lookup(target, source, stamp_ns):
    raise TransformUnknownError(f'no transform from {source!r}')


def test_a_plan_there_and_back_is_the_same():
    there = plan_in_frame(plan(), 'camera', T)
    back = plan_in_frame(there, 'base', geometry.invert(T))
    assert there.frame_id == 'camera'
    np.testing.assert_allclose(positions(back), positions(plan()), atol=1e-12)
    for one, other in zip(back.waypoints, plan().waypoints, strict=True):
        if other.orientation is None:
            assert one.orientation is None
        else:
            np.testing.assert_allclose(
                geometry.quaternion_to_matrix(one.orientation),
                geometry.quaternion_to_matrix(other.orientation),
                atol=1e-12,
            )


def test_the_gripper_is_drawn_where_the_waypoint_is_whatever_the_frame():
    for waypoint, moved in zip(
        plan().waypoints, plan_in_frame(plan(), 'x', T).waypoints, strict=True
    ):
        expected = geometry.transform_points(T, waypoint_glyph(waypoint).reshape(-1, 3))
        np.testing.assert_allclose(waypoint_glyph(moved).reshape(-1, 3), expected, atol=1e-12)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_wider_gripper_is_drawn_wider(one, other):
    width = [np.ptp(glyph(opening)[..., 1]) for opening in (one, other)]
    assert (width[0] < width[1]) == (one < other) or np.isclose(one, other)


def test_the_fingertips_are_at_the_waypoint_and_point_along_the_approach():
    segments = waypoint_glyph(Waypoint([0.4, 0.1, 0.3], DOWN, 1.0))
    assert segments[..., 2].min() == pytest.approx(0.3)
    assert segments[..., 2].max() > 0.35
    assert len(waypoint_glyph(Waypoint([0.4, 0.1, 0.3]))) == 0


def test_a_plan_of_the_camera_is_shown_in_the_base_by_the_transform_of_its_stamp():
    tree = TransformTree()
    later = T @ geometry.transform(np.eye(3), [1, 0, 0])
    tree.add('base', 'camera', T, 1_000_000_000)
    tree.add('base', 'camera', later, 2_000_000_000)
    shown = show_plan(plan('camera'), 'base', tree.lookup, None)
    np.testing.assert_allclose(
        positions(shown.plan), geometry.transform_points(T, positions(plan())), atol=1e-12
    )
    assert shown.plan.frame_id == 'base'
    assert shown.source == plan('camera')
    assert np.isnan(shown.anchors).all()


def test_a_plan_of_an_unknown_frame_is_not_shown():
    with pytest.raises(TransformUnknownError, match='camera'):
        show_plan(plan('camera'), 'base', no_lookup, None)
    assert show_plan(plan('base'), 'base', no_lookup, None).plan == plan('base')


def test_a_plan_that_nobody_can_judge_by_eye_is_not_shown():
    many = plan(waypoints=plan().waypoints[:1] * 10_000)
    with pytest.raises(InvalidValueError, match='10000 waypoints, at most 100 are shown'):
        show_plan(many, 'base', no_lookup, None)


def test_an_anchor_stands_on_its_ray_as_deep_as_the_nearest_waypoint():
    points = np.array([[0.1, 0.0, 0.8], [-0.1, 0.05, 0.5]])
    pixels = projection.project(CAMERA, points)
    anchors = tuple(ImageAnchor('a', pixel + 2.0) for pixel in pixels[::-1])
    seen = plan('camera', waypoints=tuple(Waypoint(p) for p in points), anchors=anchors)
    found = anchor_points(seen, CAMERA)
    np.testing.assert_allclose(projection.project(CAMERA, found), pixels[::-1] + 2.0)
    np.testing.assert_allclose(found[:, 2], [0.5, 0.8])
    tree = TransformTree()
    tree.add('base', 'camera', T, 0, static=True)
    shown = show_plan(plan_in_frame(seen, 'base', T), 'base', tree.lookup, Camera('camera', CAMERA))
    np.testing.assert_allclose(shown.anchors, geometry.transform_points(T, found), atol=1e-9)


def test_an_anchor_without_a_waypoint_in_view_is_nowhere():
    behind = plan('camera', waypoints=(Waypoint([0, 0, -1]),))
    assert np.isnan(anchor_points(behind, CAMERA)).all()
    assert anchor_marks(['cube'], anchor_points(behind, CAMERA)) == []


def test_the_marks_of_a_plan_tell_order_and_gripper():
    marks = plan_marks(plan())
    spheres = [mark for mark in marks if mark.shape == Shape.SPHERE]
    assert [mark.color for mark in spheres] == [
        palette.rgba(color) for color in (palette.OPEN, palette.CLOSED, palette.UNCHANGED)
    ]
    np.testing.assert_array_equal([mark.position for mark in spheres], positions(plan()))
    assert [mark.text for mark in marks if mark.shape == Shape.TEXT] == ['0', '1', '2']
    grippers = [mark for mark in marks if mark.namespace == 'grippers']
    np.testing.assert_allclose(
        grippers[1].points, waypoint_glyph(Waypoint([0.4, 0.1, 0.1], TILTED, 0.0)).reshape(-1, 3)
    )
    assert len(grippers) == 2


def test_the_status_says_what_and_why():
    halted = ArmStatus(1, ArmState.HALTED, HaltReason.STOP_REQUESTED, 'by the page', 0.0)
    mark = status_mark(halted, 'more')
    assert mark.text == 'HALTED\nSTOP_REQUESTED: by the page\nmore'
    assert mark.color == palette.rgba(palette.STATE[ArmState.HALTED])
    assert status_mark(None).text == 'no arm status yet'
    slow = ArmStatus(1, ArmState.MOVING, HaltReason.NONE, '', 0.4)
    assert status_mark(slow).text == 'MOVING at 40%'


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'shape': 99}, 'shape 99 is unknown'),
        ({'size': 0.0}, 'size is 0.0, allowed is 1e-06 to inf'),
        ({'position': [0, 0, float('nan')]}, 'position[2] is not finite: nan'),
        ({'points': np.zeros((3, 2))}, 'points has shape (3, 2), expected (N, 3)'),
    ],
)
def test_a_bad_mark_is_refused(changes, message):
    values = {'shape': Shape.SPHERE, 'namespace': 'n', 'size': 0.1, 'color': (1, 1, 1, 1)}
    with pytest.raises(InvalidValueError) as caught:
        Mark(**values | changes)
    assert str(caught.value).startswith(message)
