"""Rotations and transforms keep the laws of the group."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError

component = st.floats(-1, 1, allow_subnormal=False)
quaternions = (
    st.tuples(component, component, component, component)
    .map(np.array)
    .filter(lambda q: np.linalg.norm(q) > 1e-3)
    .map(lambda q: q / np.linalg.norm(q))
)
angles = st.floats(-10, 10)
vectors = st.tuples(*[st.floats(-10, 10)] * 3).map(np.array)


@given(quaternions)
def test_quaternion_to_matrix_and_back(q):
    R = geometry.quaternion_to_matrix(q)
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1.0)
    back = geometry.matrix_to_quaternion(R)
    assert abs(back @ q) == pytest.approx(1.0, abs=1e-12)
    assert back[3] >= 0


@pytest.mark.parametrize('axis', [0, 1, 2])
def test_half_turns_have_a_quaternion(axis):
    R = -np.eye(3)
    R[axis, axis] = 1
    q = geometry.matrix_to_quaternion(R)
    np.testing.assert_allclose(np.abs(q), np.eye(4)[axis], atol=1e-15)


def test_quaternion_order_is_x_y_z_w():
    quarter_about_z = [0, 0, np.sin(np.pi / 4), np.cos(np.pi / 4)]
    R = geometry.quaternion_to_matrix(quarter_about_z)
    np.testing.assert_allclose(R @ [1, 0, 0], [0, 1, 0], atol=1e-15)


@given(angles, angles, angles)
def test_rpy_turns_about_fixed_axes_x_then_y_then_z(roll, pitch, yaw):
    product = (
        geometry.rpy_to_matrix(0, 0, yaw)
        @ geometry.rpy_to_matrix(0, pitch, 0)
        @ geometry.rpy_to_matrix(roll, 0, 0)
    )
    np.testing.assert_allclose(geometry.rpy_to_matrix(roll, pitch, yaw), product, atol=1e-12)


@given(quaternions, vectors, vectors)
def test_invert_undoes_a_transform(q, t, p):
    T = geometry.transform(geometry.quaternion_to_matrix(q), t)
    np.testing.assert_allclose(geometry.invert(T) @ T, np.eye(4), atol=1e-10)
    moved = geometry.transform_points(T, p[None])
    np.testing.assert_allclose(moved[0], (T @ [*p, 1])[:3], atol=1e-10)
    assert geometry.transform_points(T, p[None].astype(np.float32)).dtype == np.float32


@given(vectors)
def test_rotation_vector_to_matrix_and_back(v):
    R = geometry.rotation_vector_to_matrix(v)
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    back = geometry.matrix_to_rotation_vector(R)
    assert np.linalg.norm(back) <= np.pi + 1e-12
    np.testing.assert_allclose(geometry.rotation_vector_to_matrix(back), R, atol=1e-9)
    if np.linalg.norm(v) < 3:
        np.testing.assert_allclose(back, v, atol=1e-9)


def test_rotation_vectors_keep_the_smallest_turns():
    tiny = np.array([[1e-12, 0, 0], [0, -1e-300, 0], [0, 0, 0]])
    back = geometry.matrix_to_rotation_vector(geometry.rotation_vector_to_matrix(tiny))
    np.testing.assert_allclose(back, tiny, rtol=1e-12)


def test_adjoint_carries_a_twist_to_another_frame():
    rng = np.random.default_rng(1)
    T = geometry.transform(
        geometry.rotation_vector_to_matrix(rng.normal(size=(4, 3))), rng.normal(size=(4, 3))
    )
    twist = 1e-6 * rng.normal(size=(4, 6))
    right = T @ _small(twist)
    left = _small((geometry.adjoint(T) @ twist[..., None])[..., 0]) @ T
    np.testing.assert_allclose(left, right, atol=1e-11)


def _small(twist):
    return geometry.transform(geometry.rotation_vector_to_matrix(twist[:, 3:]), twist[:, :3])


def test_batches_agree_with_single_matrices():
    q = np.random.default_rng(0).normal(size=(5, 4))
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    R = geometry.quaternion_to_matrix(q)
    assert R.shape == (5, 3, 3)
    for one, matrix in zip(q, R, strict=True):
        np.testing.assert_allclose(geometry.quaternion_to_matrix(one), matrix, atol=1e-15)
    T = geometry.transform(R, np.ones((5, 3)))
    np.testing.assert_allclose(geometry.invert(T) @ T, np.tile(np.eye(4), (5, 1, 1)), atol=1e-12)


@given(st.integers(0, 10_000), st.floats(0, np.pi))
def test_the_angle_between_rotations(seed, angle):
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    one = geometry.rotation_vector_to_matrix(rng.normal(size=(4, 3)))
    turn = geometry.rotation_vector_to_matrix(angle * axis / np.linalg.norm(axis))
    np.testing.assert_allclose(geometry.angle_between(one @ turn, one), angle, atol=1e-7)
    np.testing.assert_allclose(geometry.angle_between(turn @ one[0], one[0]), angle, atol=1e-7)


def test_camera_looks_along_z_with_y_down():
    T = geometry.look_at([1, 0, 1], [0, 0, 0])
    np.testing.assert_allclose(T[:3, 2], np.array([-1, 0, -1]) / np.sqrt(2), atol=1e-12)
    assert T[2, 1] < 0
    np.testing.assert_allclose(T[2, 0], 0, atol=1e-12)


@pytest.mark.parametrize(
    ('T', 'message'),
    [
        (np.eye(3), 'T has shape (3, 3), expected (4, 4)'),
        (np.diag([1, 1, 2, 1]), 'T is not a rotation: |R R^T - I| = 3, det = 2'),
        (np.diag([1, 1, -1, 1]), 'T is not a rotation: |R R^T - I| = 0, det = -1'),
        (np.diag([1, 1, 1, 2]), 'T has last row [0.0, 0.0, 0.0, 2.0], expected [0, 0, 0, 1]'),
    ],
)
def test_what_is_no_rigid_transform_is_refused(T, message):
    with pytest.raises(InvalidValueError) as caught:
        geometry.rigid('T', T)
    assert str(caught.value) == message


@given(st.integers(0, 10_000), st.floats(-7, -2))
def test_how_far_a_rotation_may_be_off(seed, size):
    random = np.random.default_rng(seed)
    turn = geometry.rotation_vector_to_matrix(random.normal(size=3))
    T = geometry.transform(turn + random.normal(size=(3, 3)) * 10**size, random.normal(size=3))
    allowed = np.abs(T[:3, :3] @ T[:3, :3].T - np.eye(3)).max() <= 1e-4
    for sign, good in ((1, allowed), (-1, False)):
        T[:3, :3] *= sign  # A mirrored frame is none.
        if good:
            np.testing.assert_array_equal(geometry.rigid('T', T), T)
        else:
            with pytest.raises(InvalidValueError, match=r'^T is not a rotation: \|R R\^T - I\| = '):
                geometry.rigid('T', T)


def test_look_at_nothing_is_refused():
    with pytest.raises(InvalidValueError, match='no view from'):
        geometry.look_at([0, 0, 1], [0, 0, 0])
