"""A driver's joint states, gripper and file, made the stack's; no ROS."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.arm_driver.gripper_goals import GripperGoals
from gae_arm.arm_driver.joint_states import JointStateMerger
from gae_arm.arm_driver.settings import DriverSettings, driver_file, load_driver
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.paths import arm_file
from gae_arm.core.trajectory import JointTrajectory

ARMS = ('panda', 'ur5', 'xarm7')
NAN = float('nan')


def merger(name, **changes):
    settings = load_driver(driver_file(name))
    settings = DriverSettings(**(vars(settings) | changes))
    return JointStateMerger(load_arm(arm_file(settings.arm)), settings), settings


@pytest.mark.parametrize('name', ARMS)
def test_the_shipped_drivers_are_for_arms_that_are_there(name):
    settings = load_driver(driver_file(name))
    arm = load_arm(arm_file(settings.arm))
    assert settings.trajectory_topic == f'{settings.controller}/joint_trajectory'
    assert settings.opening(settings.gripper_closed) == 0.0
    assert settings.opening(settings.gripper_opened) == 1.0
    assert arm.name == name


@given(st.floats(0.0, 1.0))
def test_openings_and_positions_are_inverse(opening):
    settings = load_driver(driver_file('xarm7'))
    assert settings.opening(settings.position(opening)) == pytest.approx(opening, abs=1e-12)


def test_arm_and_gripper_from_two_topics_become_one_state_with_the_arm_s_stamp():
    merge, _ = merger('panda')
    joints = [f'panda_joint{i}' for i in range(1, 8)]
    q = np.linspace(-0.5, 0.5, 7)
    assert merge.take(1, joints, q, q, q) is None, 'the gripper has said nothing yet'
    fingers = ['panda_finger_joint1', 'panda_finger_joint2']
    assert merge.take(2, fingers, [0.0195, 0.0195], [], []) is None
    state = merge.take(3, joints[::-1], q[::-1], q[::-1], [])
    assert state.stamp_ns == 3
    assert state.joint_names == (*joints, *fingers)
    np.testing.assert_allclose(state.position, [*q, 0.02, 0.02])
    np.testing.assert_allclose(state.velocity, [*q, 0, 0])
    assert not state.effort.any()


def test_what_is_repeated_with_other_joints_is_not_used():
    merge, _ = merger('xarm7')
    joints = [f'joint{i}' for i in range(1, 8)]
    both = [*joints, 'drive_joint', 'left_finger_joint']
    assert merge.take(1, both, [0.1] * 9, [], []) is None
    assert merge.opening == pytest.approx(1 - 0.1 / 0.85), 'the gripper is read all the same'
    state = merge.take(2, joints, [0.2] * 7, [NAN] * 7, [NAN] * 7)
    np.testing.assert_allclose(state.position[:7], 0.2)
    assert not state.velocity.any()
    assert not state.effort.any()


def test_a_gripper_that_says_nothing_is_where_it_was_sent():
    merge, _ = merger('ur5', gripper_joint='', joint_prefix='left_')
    arm = load_arm(arm_file('ur5'))
    names = [f'left_{joint}' for joint in arm.joints]
    merge.commanded = 0.25
    state = merge.take(5, names, arm.home, [], [])
    assert state.joint_names == (*arm.joints, *arm.gripper.joints)
    assert arm.gripper.opening(state.select(arm.gripper.joints)) == pytest.approx(0.25)


def test_a_trajectory_is_given_the_driver_s_joint_names():
    path = JointTrajectory(('a', 'b'), 7, [10], [[1.0, 2.0]])
    named = path.prefixed('left_')
    assert named.joint_names == ('left_a', 'left_b')
    assert path.prefixed('') == path
    assert (named.stamp_ns, named.positions.tolist()) == (7, [[1.0, 2.0]])


def test_broken_joint_states_are_refused_with_their_numbers():
    merge, _ = merger('ur5', gripper='none')
    joints = load_arm(arm_file('ur5')).joints
    with pytest.raises(InvalidValueError, match='5 positions for 6 joints'):
        merge.take(1, joints, [0.0] * 5, [], [])
    with pytest.raises(InvalidValueError, match=r'position\[2\] is not finite: nan'):
        merge.take(1, joints, [0, 0, NAN, 0, 0, 0], [], [])


def test_a_gripper_gets_one_goal_at_a_time_and_then_the_newest():
    goals = GripperGoals(step=0.05)
    assert goals.due(0.0) is None
    goals.want(1.0)
    assert goals.due(0.0) == 1.0
    goals.want(0.0)
    assert goals.due(0.1) is None, 'the first one is under way'
    assert goals.outdated
    goals.want(0.5)
    goals.ended(carried_out=True)
    assert goals.due(0.2) == 0.5
    assert not goals.outdated
    goals.ended(carried_out=True)
    goals.want(0.52)
    assert goals.due(0.3) is None, 'too small a change'


def test_small_steps_reach_the_ends():
    goals = GripperGoals(step=0.05)
    goals.want(0.03)
    assert goals.due(0.0) == 0.03
    goals.ended(carried_out=True)
    goals.want(0.0)
    assert goals.due(0.1) == 0.0


def test_a_refused_goal_is_tried_again_and_one_that_closed_on_an_object_is_not():
    goals = GripperGoals(step=0.05, patience=10.0)
    goals.want(0.0)
    assert goals.due(0.0) == 0.0
    goals.ended(carried_out=False)
    assert goals.due(1.0) == 0.0
    goals.ended(carried_out=True)
    assert goals.due(2.0) is None


def test_a_goal_that_nobody_ends_does_not_block_for_ever():
    goals = GripperGoals(step=0.05, patience=10.0)
    goals.want(0.0)
    assert goals.due(0.0) == 0.0
    goals.want(1.0)
    assert goals.due(9.9) is None
    assert goals.due(10.0) == 1.0


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('/**: {ros__parameters: {arms: panda}}', r"unknown parameters \['arms'\]; there are: "),
        ('arm: panda', r"it has no '/\*\*: \{ros__parameters: \{...\}\}'"),
        ('/**: {ros__parameters: {gripper: hand}}', "gripper 'hand' is unknown; there are"),
        ('/**: {ros__parameters: {needs: [a b]}}', "needs has 'a b', expected 'NODE PARAM"),
        ('/**: {ros__parameters: {gripper_closed: 0.04}}', 'are the same: 0.04'),
    ],
)
def test_a_wrong_driver_file_is_refused_with_the_reason(tmp_path, text, message):
    path = tmp_path / 'mine.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_driver(path)


def test_a_missing_driver_file_names_those_that_are_there():
    with pytest.raises(ConfigError, match=r"there are: \['panda', 'simulated', 'ur5', 'xarm7'\]"):
        load_driver(driver_file('kuka'))
