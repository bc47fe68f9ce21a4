"""The ideal depth camera of the tests and checks."""

import numpy as np
import pytest
from scenes import T_BASE_CAMERA, frame, intrinsics

from gae_arm.core import geometry
from gae_arm.core.collision_geometry import box, sphere
from gae_arm.core.errors import InvalidValueError
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.render_depth import render_depth
from gae_arm.point_cloud.workspace import WorkspaceSettings


def test_a_square_in_front_of_the_camera():
    camera = intrinsics(101, 101)
    wall = render_depth(box([0.2, 0.2, 0.2]) + np.array([0, 0, 1.1]), np.eye(4), camera)
    v, u = np.nonzero(wall)
    half = int(0.1 * camera.K[0, 0])
    assert (u.min(), u.max(), v.min(), v.max()) == (50 - half, 50 + half, 50 - half, 50 + half)
    np.testing.assert_allclose(wall[wall > 0], 1.0, atol=1e-6)


def test_the_nearest_surface_wins():
    camera = intrinsics()
    near, far = box([0.1, 0.1, 0.1]) + np.array([0, 0, 1]), box([9, 9, 0.1]) + np.array([0, 0, 2])
    for order in ([near, far], [far, near]):
        depth = render_depth(np.concatenate(order), np.eye(4), camera)
        assert set(np.round(depth.reshape(-1), 4)) == {np.float32(0.95), np.float32(1.95)}


def test_the_cloud_of_a_rendered_ball_is_that_ball():
    T = geometry.invert(T_BASE_CAMERA)
    depth = render_depth(sphere(0.2) + np.array([0.4, 0, 0.1]), T, intrinsics())
    cloud = CloudPipeline(WorkspaceSettings()).process(frame(depth), T_BASE_CAMERA)
    assert len(cloud.points) > 100
    radius = np.linalg.norm(cloud.points - np.float32([0.4, 0, 0.1]), axis=1)
    assert np.abs(radius - 0.2).max() < 0.003


def test_what_is_behind_the_camera_is_not_seen():
    depth = render_depth(box([1, 1, 1]) + np.array([0, 0, -2]), np.eye(4), intrinsics())
    assert not depth.any()
    assert not render_depth(np.zeros((0, 3, 3)), np.eye(4), intrinsics()).any()


def test_triangles_of_another_shape():
    with pytest.raises(
        InvalidValueError, match=r'triangles has shape \(2, 3\), expected \(N, 3, 3'
    ):
        render_depth(np.zeros((2, 3)), np.eye(4), intrinsics())
