"""A chunk as a curve: it passes its actions, its twist is its derivative, seams fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.arm_control.pose_curve import PoseCurve, Seam
from gae_arm.core import geometry
from gae_arm.core.motion import ActionChunk


def chunk(seed, count=8, period_ns=50_000_000, still=0):
    random = np.random.default_rng(seed)
    position = np.cumsum(random.normal(0, 0.02, (count, 3)), axis=0)
    turns = geometry.rotation_vector_to_matrix(np.cumsum(random.normal(0, 0.2, (count, 3)), axis=0))
    q = geometry.matrix_to_quaternion(turns)
    q *= random.choice([-1.0, 1.0], (count, 1))  # Both signs are the same rotation.
    if still:
        position[-still:], q[-still:] = position[-still - 1], q[-still - 1]
    times = 10**9 + np.arange(count) * period_ns
    return ActionChunk(
        10**9, 'base', 0, '', None, 'p', times, position, q, np.linspace(1, 0, count)
    )


def difference(T0, T1, seconds):
    """The mean twist (6,) that leads from one pose to the other."""
    turn = geometry.matrix_to_rotation_vector(T1[:3, :3] @ T0[:3, :3].T)
    return np.concatenate([T1[:3, 3] - T0[:3, 3], turn]) / seconds


@settings(deadline=None)
@given(st.integers(0, 2**31))
def test_it_passes_the_actions(seed):
    actions = chunk(seed)
    T, _ = PoseCurve(actions).poses(np.arange(8) * 0.05)
    np.testing.assert_allclose(T[:, :3, 3], actions.position, atol=1e-9)
    rotations = geometry.quaternion_to_matrix(actions.orientation)
    np.testing.assert_allclose(T[:, :3, :3], rotations, atol=1e-9)


@settings(deadline=None)
@given(st.integers(0, 2**31), st.floats(0.001, 0.349))
def test_the_twist_is_the_derivative_of_the_pose(seed, at):
    curve = PoseCurve(chunk(seed))
    h = 1e-6
    T, twist = curve.poses(np.array([at - h, at, at + h]))
    np.testing.assert_allclose(twist[1], difference(T[0], T[2], 2 * h), atol=1e-3)


@settings(deadline=None)
@given(st.integers(0, 2**31))
def test_velocity_does_not_step_at_the_actions(seed):
    curve = PoseCurve(chunk(seed))
    for action in range(1, 7):
        at = action * 0.05
        _, twist = curve.poses(np.array([at - 1e-9, at + 1e-9]))
        np.testing.assert_allclose(twist[0], twist[1], atol=1e-5)


def test_it_ends_with_the_last_action_that_differs():
    assert PoseCurve(chunk(0)).duration == pytest.approx(0.35)
    still = chunk(0, still=3)
    assert PoseCurve(still).duration == pytest.approx(0.35), 'the gripper still moves'
    same = np.full(8, 0.5)
    held = ActionChunk(**{**vars(still), 'gripper': same})
    assert PoseCurve(held).duration == pytest.approx(0.2)


def test_one_action_stands():
    T, twist = PoseCurve(chunk(0, count=1)).poses(np.array([0.0, 1.0]))
    np.testing.assert_array_equal(T[0], T[1])
    assert not twist.any()


def test_the_gripper_goes_evenly_between_actions():
    np.testing.assert_allclose(
        PoseCurve(chunk(0)).gripper(np.array([-1, 0, 0.025, 0.35, 9])),
        [1, 1, 1 - 1 / 14, 0, 0],
        atol=1e-12,
    )


poses = st.tuples(*[st.floats(-0.3, 0.3)] * 6).map(
    lambda x: geometry.transform(geometry.rotation_vector_to_matrix(x[3:]), x[:3])
)
twists = st.tuples(*[st.floats(-1, 1)] * 6).map(np.array)


@settings(deadline=None)
@given(poses, twists, st.integers(0, 2**31))
def test_a_seam_starts_with_the_pose_and_the_twist_of_the_arm(T_arm, twist_arm, seed):
    curve = PoseCurve(chunk(seed))
    T_curve, twist_curve = curve.poses(np.array([0.1]))
    seam = Seam.between(T_arm, twist_arm, T_curve[0], twist_curve[0], 0.15)
    h = 1e-6
    since = np.array([0.0, h])
    T = seam.apply(curve.poses(0.1 + since)[0], since)
    np.testing.assert_allclose(T[0], T_arm, atol=1e-9)
    np.testing.assert_allclose(difference(T[0], T[1], h), twist_arm, atol=1e-3)


@settings(deadline=None)
@given(poses, twists)
def test_a_seam_ends_on_the_curve_without_a_step(T_arm, twist_arm):
    curve = PoseCurve(chunk(1))
    T_curve, twist_curve = curve.poses(np.array([0.1]))
    seam = Seam.between(T_arm, twist_arm, T_curve[0], twist_curve[0], 0.15)
    since = np.array([0.15 - 1e-4, 0.15, 0.2])
    T_curve = curve.poses(0.1 + since)[0]
    T = seam.apply(T_curve, since)
    np.testing.assert_allclose(T[1:], T_curve[1:], atol=1e-12)
    assert np.abs(T[0] - T_curve[0]).max() < 1e-8, 'the offset ends with the third power'


def test_a_seam_of_no_length_does_nothing():
    T = np.eye(4)[None]
    np.testing.assert_array_equal(Seam(np.ones(6), np.ones(6), 0.0).apply(T, np.zeros(1)), T)
