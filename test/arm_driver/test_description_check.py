"""The driver's URDF against ours: the same arm in other frames passes, another one does not."""

import re

import pytest

from gae_arm.arm_driver.description_check import compare
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.core.urdf import load_urdf

# x, y, z, roll, pitch, yaw of each joint: config/ur5/default_kinematics.yaml and
# config/ur5e/default_kinematics.yaml of Universal_Robots_ROS2_Description.
UR5 = (
    (0, 0, 0.089159, 0, 0, 0),
    (0, 0, 0, 1.570796327, 0, 0),
    (-0.425, 0, 0, 0, 0, 0),
    (-0.39225, 0, 0.10915, 0, 0, 0),
    (0, -0.09465, 0, 1.570796327, 0, 0),
    (0, 0.0823, 0, 1.570796326589793, 3.141592653589793, 3.141592653589793),
)
UR5E = ((0, 0, 0.1625, 0, 0, 0), *UR5[1:])
LINKS = ('base_link_inertia', 'shoulder', 'upper_arm', 'forearm', 'wrist_1', 'wrist_2', 'wrist_3')


def arm(name):
    return load_arm(arm_file(name))


def ur(origins, prefix='', turn=3.141592653589793, velocity=3.14159):
    """The UR driver's robot_description, without shapes: its base link is turned by pi."""
    parts = [f'<link name="{prefix}{name}"/>' for name in ('base_link', *LINKS)]
    parts.append(
        f'<joint name="{prefix}b" type="fixed"><origin rpy="0 0 {turn}"/>'
        f'<parent link="{prefix}base_link"/><child link="{prefix}{LINKS[0]}"/></joint>'
    )
    for i, joint in enumerate(arm('ur5').joints):
        x, y, z, roll, pitch, yaw = origins[i]
        upper = 3.14159265 if joint == 'elbow_joint' else 6.28318531
        parts.append(
            f'<joint name="{prefix}{joint}" type="revolute">'
            f'<origin xyz="{x} {y} {z}" rpy="{roll} {pitch} {yaw}"/><axis xyz="0 0 1"/>'
            f'<parent link="{prefix}{LINKS[i]}"/><child link="{prefix}{LINKS[i + 1]}"/>'
            f'<limit lower="{-upper}" upper="{upper}" velocity="{velocity}" effort="1"/></joint>'
        )
    return f'<robot name="ur">{"".join(parts)}</robot>'


@pytest.mark.parametrize('name', ['panda', 'ur5', 'xarm7'])
def test_every_arm_agrees_with_itself(name):
    assert compare(arm(name), load_urdf(arm(name))).problems == ()


@pytest.mark.parametrize('prefix', ['', 'left_'])
def test_the_ur_driver_s_own_description_is_that_of_our_ur5(prefix):
    found = compare(arm('ur5'), ur(UR5, prefix), prefix)
    assert found.problems == ()
    assert found.distance < 1e-4
    assert found.angle < 1e-5


def test_another_arm_of_the_same_joint_names_is_found_out():
    [problem] = compare(arm('ur5'), ur(UR5E)).problems
    assert problem == (
        "the axis of 'shoulder_lift_joint' is 73.3 mm and 0.00 degrees from where the stack has "
        "it: another arm than 'ur5', or another base frame than 'base_link'"
    )


def test_a_base_that_is_turned_is_found_out():
    [problem] = compare(arm('ur5'), ur(UR5, turn=0.0)).problems
    assert problem.startswith("the axis of 'shoulder_lift_joint' is ")
    assert ' and 180.00 degrees from where the stack has it' in problem


def test_limits_that_are_wider_than_the_driver_s_are_named():
    problems = compare(arm('ur5'), ur(UR5, velocity=2.0)).problems
    assert len(problems) == 6
    assert problems[0] == (
        "'shoulder_pan_joint': velocity is 3.14 in the file of 'ur5', 2 in robot_description"
    )
    narrow = load_urdf(arm('panda')).replace('upper="2.8973"', 'upper="1.5"')
    problems = compare(arm('panda'), narrow).problems
    assert any(
        re.match(r"'panda_joint1': upper is 2.8973 in the .*, 1.5 in robot", p) for p in problems
    )


@pytest.mark.parametrize(
    ('urdf', 'message'),
    [
        ('<robot', 'robot_description cannot be read: '),
        ('<robot name="r"><link name="a"/></robot>', "robot_description has no joints ['panda_j"),
        (ur(UR5), "robot_description has no joints ['panda_joint1', "),
    ],
)
def test_what_is_not_this_arm_s_description_is_said(urdf, message):
    [problem] = compare(arm('panda'), urdf).problems
    assert problem.startswith(message)


def test_a_missing_base_link_is_said():
    urdf = load_urdf(arm('xarm7')).replace('link_base', 'base')
    [problem] = compare(arm('xarm7'), urdf).problems
    assert problem.startswith("robot_description has no link 'link_base'; it has: [")
