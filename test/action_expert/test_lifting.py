"""A plan moves into the base with its camera; what it does not say, it does not say then either."""

import numpy as np
import pytest

from action_expert.lifting import lifted
from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.plan import ImageAnchor, Waypoint, WaypointPlan

T_BASE_CAMERA = geometry.look_at((1.0, 0.2, 0.7), (0.4, 0.0, 0.0))


def camera_plan():
    turn = geometry.matrix_to_quaternion(geometry.rpy_to_matrix(0.1, -0.4, 2.0))
    waypoints = (
        Waypoint([0.1, -0.2, 0.8], turn, 0.5),
        Waypoint([0.0, 0.1, 0.7]),
    )
    return WaypointPlan(
        'p', 10, 'camera', 'do', waypoints, 20, (ImageAnchor('cube', [3, 4]),), 'vlm', 5
    )


def test_waypoints_are_mapped_and_all_else_stays():
    plan = camera_plan()
    out = lifted(plan, T_BASE_CAMERA, 'base')
    first, second = out.waypoints
    point = T_BASE_CAMERA @ [0.1, -0.2, 0.8, 1.0]
    np.testing.assert_allclose(first.position, point[:3], atol=1e-12)
    turn = geometry.quaternion_to_matrix(plan.waypoints[0].orientation)
    np.testing.assert_allclose(
        geometry.quaternion_to_matrix(first.orientation), T_BASE_CAMERA[:3, :3] @ turn, atol=1e-12
    )
    assert (first.gripper, second.gripper, second.orientation) == (0.5, None, None)
    assert out.frame_id == 'base'
    for key in ('plan_id', 'stamp_ns', 'expiry_ns', 'anchors', 'planner', 'latency_ns'):
        assert getattr(out, key) == getattr(plan, key)


def test_distances_stay():
    plan = camera_plan()
    before, after = (
        np.array([w.position for w in p.waypoints])
        for p in (plan, lifted(plan, T_BASE_CAMERA, 'base'))
    )
    assert np.linalg.norm(np.diff(after, axis=0)) == pytest.approx(
        np.linalg.norm(np.diff(before, axis=0))
    )


def test_there_and_back_is_the_same_plan():
    plan = camera_plan()
    there = lifted(plan, T_BASE_CAMERA, 'base')
    back = lifted(there, geometry.invert(T_BASE_CAMERA), 'camera')
    for one, other in zip(plan.waypoints, back.waypoints, strict=True):
        np.testing.assert_allclose(one.position, other.position, atol=1e-12)


def test_a_plan_in_the_base_frame_is_left_alone():
    plan = camera_plan()
    assert lifted(plan, T_BASE_CAMERA, 'camera') is plan


def test_what_is_no_transform_is_refused():
    with pytest.raises(InvalidValueError, match='T_base_camera is not a rotation'):
        lifted(camera_plan(), np.diag([1.0, 2.0, 1.0, 1.0]), 'base')
