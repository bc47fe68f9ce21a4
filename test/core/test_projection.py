"""Rays, pixels and points: round trips, OpenCV as the reference, and where there is no inverse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.projection import deproject, distort, pixel_rays, project, undistort

K = np.array([[600.0, 0, 322], [0, 605, 238], [0, 0, 1]])
LENSES = {
    'none': ('', []),
    'plumb_bob': ('plumb_bob', [-0.3, 0.1, 1e-3, -2e-3, -0.02]),
    'rational 8': ('rational_polynomial', [0.2, -0.1, 1e-3, 2e-3, 0.03, 0.25, -0.05, 0.01]),
    'rational 12': (
        'rational_polynomial',
        [0.2, -0.1, 1e-3, 2e-3, 0.03, 0.25, -0.05, 0.01, 1e-3, 2e-4, -1e-3, 1e-4],
    ),
    'rational 14': (
        'rational_polynomial',
        [0.2, -0.1, 1e-3, 2e-3, 0.03, 0.25, -0.05, 0.01, 1e-3, 2e-4, -1e-3, 1e-4, 0.02, -0.03],
    ),
    'fisheye': ('equidistant', [0.02, -0.01, 0.002, -0.001]),
    'ideal fisheye': ('equidistant', [0, 0, 0, 0]),
}


def camera(lens: str) -> CameraIntrinsics:
    model, coefficients = LENSES[lens]
    return CameraIntrinsics(640, 480, K, model, np.array(coefficients, float))


@pytest.mark.parametrize('lens', LENSES)
@given(
    x=st.floats(-0.5, 0.5),
    y=st.floats(-0.4, 0.4),
    depth=st.floats(0.05, 10),
    seed=st.integers(0, 9),
)
def test_deproject_undoes_project(lens, x, y, depth, seed):
    points = np.random.default_rng(seed).uniform([-0.3, -0.3, 0.7], [0.3, 0.3, 1.3], (3, 3))
    points[0] = depth * np.array([x, y, 1])
    pixels = project(camera(lens), points)
    np.testing.assert_allclose(deproject(camera(lens), pixels, points[:, 2]), points, atol=1e-8)


@pytest.mark.parametrize('lens', LENSES)
def test_project_agrees_with_opencv(lens):
    cv2 = pytest.importorskip('cv2')
    points = np.random.default_rng(0).uniform([-0.6, -0.45, 0.5], [0.6, 0.45, 1.5], (100, 3))
    still, d = np.zeros(3), np.array(LENSES[lens][1], float)
    if LENSES[lens][0] == 'equidistant':
        expected = cv2.fisheye.projectPoints(points[:, None], still, still, K, d)[0]
    else:
        expected = cv2.projectPoints(points, still, still, K, d)[0]
    np.testing.assert_allclose(project(camera(lens), points), expected.reshape(-1, 2), atol=1e-9)


def test_the_centre_pixel_looks_along_the_axis():
    np.testing.assert_array_equal(pixel_rays(camera('none'), [322, 238]), [0, 0])
    np.testing.assert_array_equal(deproject(camera('none'), [322, 238], 2.0), [0, 0, 2])
    np.testing.assert_array_equal(project(camera('none'), [0.1, 0, 1]), [382, 238])


def test_points_behind_the_camera_have_no_pixel():
    assert np.isnan(project(camera('none'), [[0, 0, 0], [0.1, 0.1, -1]])).all()


def test_a_ray_outside_of_the_lens_has_no_inverse():
    # 1 - 0.5 r^2 folds back at r = 0.8, where the image radius is 0.54.
    folded = CameraIntrinsics(640, 480, K, 'plumb_bob', np.array([-0.5, 0, 0, 0]))
    rays = undistort(folded, [[0.5, 0], [0.6, 0]])
    np.testing.assert_allclose(distort(folded, rays[0]), [0.5, 0], atol=1e-9)
    assert np.isnan(rays[1]).all()


def test_a_fisheye_sees_at_most_90_degrees_off_the_axis():
    wide = CameraIntrinsics(640, 480, np.diag([150.0, 150, 1]), 'equidistant', np.zeros(4))
    rays = pixel_rays(wide, [[150 * np.pi / 4, 0], [150 * np.pi / 2, 0], [0, 400]])
    np.testing.assert_allclose(rays[0], [1, 0])
    assert np.isnan(rays[1:]).all()


def test_skewed_pixels_round_trip():
    skewed = CameraIntrinsics(640, 480, K + np.array([[0, 7.0, 0], [0] * 3, [0] * 3]))
    np.testing.assert_allclose(project(skewed, [0.1, 0.2, 1]), [322 + 60 + 1.4, 238 + 121])
    np.testing.assert_allclose(deproject(skewed, [383.4, 359], 1.0), [0.1, 0.2, 1])
