"""Kinematics against an independent forward kinematics, finite differences and hand-made arms."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pinocchio as pin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from three_arms import ARMS, kinematics_of, random_positions

from gae_arm.arm_control.kinematics import Kinematics, pose_error
from gae_arm.core import geometry
from gae_arm.core.arm import ArmConfig, GripperConfig, JointLimits
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.kinematic_tree import KinematicTree


@pytest.mark.parametrize('name', ARMS)
@settings(deadline=None)
@given(seed=st.integers(0, 10_000), opening=st.floats(0, 1))
def test_every_frame_is_where_the_urdf_says(name, seed, opening):
    kinematics = kinematics_of(name)
    arm = kinematics.arm
    q = random_positions(name, 1, seed)[0]
    tree = KinematicTree(kinematics.urdf)
    positions = dict(zip(arm.joints, q, strict=True))
    positions |= dict(zip(arm.gripper.joints, arm.gripper.positions(opening), strict=True))
    expected = tree.link_transforms(positions, arm.base_frame)
    for link, T in zip(tree.links, expected, strict=True):
        np.testing.assert_allclose(kinematics.frame(link, q, opening), T, atol=1e-12)
    ee = expected[tree.links.index(arm.end_effector_frame)]
    np.testing.assert_allclose(kinematics.forward(q), ee, atol=1e-12)


@pytest.mark.parametrize('name', ARMS)
@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_jacobian_is_the_derivative_of_the_pose(name, seed):
    kinematics = kinematics_of(name)
    q, h = random_positions(name, 1, seed)[0], 1e-6
    for j, column in enumerate(kinematics.jacobian(q).T):
        step = h * np.eye(kinematics.n)[j]
        twist = pose_error(kinematics.forward(q - step), kinematics.forward(q + step)) / (2 * h)
        np.testing.assert_allclose(column, twist, atol=1e-8)


@pytest.mark.parametrize('name', ARMS)
@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_manipulability_is_the_root_of_the_determinant(name, seed):
    kinematics = kinematics_of(name)
    q = random_positions(name, 1, seed)[0]
    J = kinematics.jacobian(q)
    determinant = max(np.linalg.det(J @ J.T), 0.0)
    assert kinematics.manipulability(q) ** 2 == pytest.approx(determinant, abs=1e-12)


def test_a_straight_ur5_wrist_is_singular():
    kinematics = kinematics_of('ur5')
    q = kinematics.arm.home.copy()
    assert kinematics.manipulability(q) > 0.01
    q[4] = 0.0  # wrist_2: the axes of wrist_1 and wrist_3 become parallel
    assert kinematics.manipulability(q) < 1e-9


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), angle=st.floats(0, 3.1))
def test_pose_error_takes_one_pose_to_the_other(seed, angle):
    random = np.random.default_rng(seed)
    T = geometry.transform(pin.exp3(random.normal(size=3)), random.normal(size=3))
    axis = random.normal(size=3)
    turn = angle * axis / np.linalg.norm(axis)
    shift = random.normal(size=3)
    target = geometry.transform(pin.exp3(turn) @ T[:3, :3], T[:3, 3] + shift)
    np.testing.assert_allclose(pose_error(T, target), np.r_[shift, turn], atol=1e-7)
    np.testing.assert_array_equal(pose_error(T, T)[:3], 0.0)


URDF = """<robot name="lift">
  <link name="world"/><link name="lift"/><link name="base"/><link name="upper"/><link name="lower"/>
  <link name="tool"/><link name="finger"/><link name="thumb"/>
  <joint name="lift_joint" type="prismatic"><parent link="world"/><child link="lift"/>
    <axis xyz="0 0 1"/><limit lower="-1" upper="1" effort="1" velocity="1"/></joint>
  <joint name="mount" type="fixed"><parent link="lift"/><child link="base"/>
    <origin xyz="1 2 3" rpy="0.1 0.2 0.3"/></joint>
  <joint name="b_shoulder" type="continuous"><parent link="base"/><child link="upper"/>
    <origin xyz="0 0 0.1" rpy="0 0 0"/><axis xyz="0 0.6 0.8"/></joint>
  <joint name="a_elbow" type="revolute"><parent link="upper"/><child link="lower"/>
    <origin xyz="0.3 0 0" rpy="0.5 0 0"/><axis xyz="0 1 0"/>
    <limit lower="-2" upper="2" effort="1" velocity="1"/></joint>
  <joint name="flange" type="fixed"><parent link="lower"/><child link="tool"/>
    <origin xyz="0.2 0 0.05" rpy="0 1 0"/></joint>
  <joint name="grip" type="revolute"><parent link="tool"/><child link="finger"/>
    <axis xyz="1 0 0"/><limit lower="0" upper="1" effort="1" velocity="1"/></joint>
  <joint name="thumb_joint" type="revolute"><parent link="tool"/><child link="thumb"/>
    <axis xyz="1 0 0"/><limit lower="-2" upper="2" effort="1" velocity="1"/>
    <mimic joint="grip" multiplier="-1.5" offset="0.1"/></joint>
</robot>"""


@pytest.fixture
def lifted(tmp_path):
    """An arm with a continuous joint, on a base that is not the root, with a mimicking thumb."""
    path = tmp_path / 'lift.urdf'
    path.write_text(URDF)
    two = np.ones(2)
    limits = JointLimits(-2 * two, 2 * two, two, two, two, two, source='made up')
    gripper = GripperConfig(('grip',), [0.0], [1.0], 1.0, 1.0)
    joints = ('b_shoulder', 'a_elbow')
    return ArmConfig('lift', str(path), 'base', 'tool', joints, 0.1 * two, limits, gripper)


def test_continuous_joints_mimics_and_a_base_that_is_not_the_root(lifted):
    kinematics = Kinematics(lifted)
    q = np.array([1.9, -0.7])
    tree = KinematicTree(URDF)
    positions = {'lift_joint': 0.0, 'b_shoulder': 1.9, 'a_elbow': -0.7, 'grip': 0.3}
    for link, T in zip(tree.links, tree.link_transforms(positions, 'base'), strict=True):
        np.testing.assert_allclose(kinematics.frame(link, q, 0.3), T, atol=1e-12, err_msg=link)
    np.testing.assert_allclose(kinematics.forward(q), kinematics.frame('tool', q), atol=1e-15)
    assert kinematics.jacobian(q).shape == (6, 2)
    h = 1e-6
    for j in range(2):
        step = h * np.eye(2)[j]
        twist = pose_error(kinematics.forward(q - step), kinematics.forward(q + step)) / (2 * h)
        np.testing.assert_allclose(kinematics.jacobian(q)[:, j], twist, atol=1e-8)
    assert kinematics.revolute.tolist() == [True, True]


def test_the_base_may_stand_anywhere(lifted):
    """Poses are relative to the base: where the URDF puts it does not matter."""
    kinematics = Kinematics(lifted)
    moved = URDF.replace('xyz="1 2 3" rpy="0.1 0.2 0.3"', 'xyz="-4 0 9" rpy="1 -1 2"')
    path = Path(lifted.urdf).with_name('moved.urdf')
    path.write_text(moved)
    other = Kinematics(dataclasses.replace(lifted, urdf=str(path)))
    q = [0.4, 0.5]
    np.testing.assert_allclose(other.forward(q), kinematics.forward(q), atol=1e-12)
    np.testing.assert_allclose(other.jacobian(q), kinematics.jacobian(q), atol=1e-12)


def test_bad_input_is_refused_with_its_value():
    kinematics = kinematics_of('ur5')
    home = kinematics.arm.home
    with pytest.raises(InvalidValueError, match=r'^q has shape \(7,\), expected \(6\)$'):
        kinematics.forward(np.zeros(7))
    with pytest.raises(InvalidValueError, match=r'^q\[2\] is not finite: nan$'):
        kinematics.jacobian([0, 0, np.nan, 0, 0, 0])
    with pytest.raises(
        InvalidValueError, match=r"^frame 'hand' is unknown; there are: \['base', 'base_l"
    ):
        kinematics.frame('hand', home)
    with pytest.raises(InvalidValueError, match=r'^opening is 1\.5, allowed is 0 to 1$'):
        kinematics.frame('tool0', home, 1.5)


def test_the_answer_is_a_new_array_every_time():
    kinematics = kinematics_of('panda')
    home = kinematics.arm.home
    first = kinematics.forward(home)
    kept = first.copy()
    kinematics.forward(home + 0.1)
    np.testing.assert_array_equal(first, kept)
