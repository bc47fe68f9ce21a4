"""Link poses of a whole tree, against a walk along the chain and against MuJoCo."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from toy_arm import URDF
from urdf_walker import walk

from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.paths import arm_file
from gae_arm.core.urdf import load_urdf

SLIDER = """
<robot name="slider">
  <joint name="left" type="prismatic"><parent link="base"/><child link="a"/><axis xyz="0 2 0"/>
    <origin xyz="0 0 1"/></joint>
  <joint name="right" type="prismatic"><parent link="base"/><child link="b"/><axis xyz="0 1 0"/>
    <mimic joint="left" multiplier="-2" offset="0.5"/></joint>
  <link name="base"/><link name="a"/><link name="b"/>
</robot>
"""


@pytest.mark.parametrize('name', ['panda', 'ur5', 'xarm7'])
def test_every_link_of_every_arm(name):
    arm = load_arm(arm_file(name))
    urdf = load_urdf(arm)
    tree, root = KinematicTree(urdf), ET.fromstring(urdf)
    random = np.random.default_rng(0)
    for _ in range(5):
        q = dict(zip(tree.joints, random.uniform(-1.5, 1.5, len(tree.joints)), strict=True))
        # The walk knows no mimics: give it the joints that follow others.
        followers = {
            j.get('name'): q[j.find('mimic').get('joint')]
            for j in root.findall('joint')
            if j.find('mimic') is not None
        }
        for link, T in zip(tree.links, tree.link_transforms(q), strict=True):
            expected = walk(root, tree.links[0], link, {**q, **followers})
            np.testing.assert_allclose(T, expected, atol=1e-12, err_msg=link)


def test_agrees_with_mujoco():
    mujoco = pytest.importorskip('mujoco')
    model = mujoco.MjModel.from_xml_string(URDF)
    data, tree = mujoco.MjData(model), KinematicTree(URDF)
    q = {'turn': 0.4, 'lift': -0.9, 'bend': 1.3}
    for name, value in q.items():
        data.joint(name).qpos = value
    mujoco.mj_forward(model, data)
    poses = dict(zip(tree.links, tree.link_transforms(q), strict=True))
    for body in ('upper', 'fore'):
        np.testing.assert_allclose(poses[body][:3, 3], data.body(body).xpos, atol=1e-12)
        rotation = data.body(body).xmat.reshape(3, 3)
        np.testing.assert_allclose(poses[body][:3, :3], rotation, atol=1e-12)


def test_in_the_frame_of_another_link():
    tree, q = KinematicTree(URDF), {'turn': 0.4, 'lift': -0.9, 'bend': 1.3}
    T, i = tree.link_transforms(q), tree.links.index('upper')
    moved = tree.link_transforms(q, base='upper')
    np.testing.assert_allclose(moved, geometry.invert(T[i]) @ T, atol=1e-12)
    np.testing.assert_allclose(moved[i], np.eye(4), atol=1e-12)


def test_sliders_and_mimics():
    tree = KinematicTree(SLIDER)
    assert tree.joints == ('left',)
    poses = dict(zip(tree.links, tree.link_transforms({'left': 0.2}), strict=True))
    np.testing.assert_allclose(poses['a'][:3, 3], [0, 0.2, 1])
    np.testing.assert_allclose(poses['b'][:3, 3], [0, 0.1, 0])


def test_one_link_alone():
    tree = KinematicTree('<robot name="r"><link name="only"/></robot>')
    np.testing.assert_array_equal(tree.link_transforms({}), np.eye(4)[None])


def test_other_joints_are_ignored_and_missing_ones_named():
    tree, q = KinematicTree(URDF), {'turn': 0.4, 'lift': 0, 'bend': 0}
    np.testing.assert_array_equal(
        tree.link_transforms({**q, 'other': 3.0}), tree.link_transforms(q)
    )
    with pytest.raises(InvalidValueError, match=r"no position of \['bend'\]; there are: \['lift'"):
        tree.link_transforms({'lift': 0, 'turn': 0})


def robot(*joints):
    return f'<robot>{"".join(joints)}</robot>'


def joint(name='j', kind='revolute', parent='a', child='b', inside=''):
    links = f'<parent link="{parent}"/><child link="{child}"/>'
    return f'<joint name="{name}" type="{kind}">{links}{inside}</joint>'


@pytest.mark.parametrize(
    ('urdf', 'message'),
    [
        ('<robot', 'not a URDF'),
        ('<mujoco/>', 'its root element is <mujoco>'),
        (robot('<link name="a"/><link name="b"/>'), r"no joints between \['a', 'b'\]"),
        (robot(joint(), joint('k', parent='b', child='a')), 'not one tree'),
        (robot(joint(), joint('k', parent='c')), 'not one tree'),
        (
            robot(joint(), joint('k', parent='c', child='d'), joint('l', parent='d', child='c')),
            'ring',
        ),
        (robot(joint(kind='planar')), "joint 'j' is 'planar'; there are: "),
        (robot(joint(inside='<axis xyz="0 0 0"/>')), "joint 'j' has the axis"),
        (robot(joint(inside='<origin xyz="1 2"/>')), "'1 2' in the URDF is not 3 numbers"),
        (robot(joint(inside='<axis xyz="a b c"/>')), "'a b c' in the URDF is not 3 numbers"),
        (robot(joint(inside='<mimic joint="k"/>')), "'j' mimics 'k'"),
        (robot(joint(child='')), "joint 'j' has no <child"),
    ],
)
def test_bad_urdfs(urdf, message):
    with pytest.raises(ConfigError, match=message):
        KinematicTree(urdf)
