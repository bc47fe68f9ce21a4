import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import toy_arm
from urdf_walker import walk

from gae_arm.core.arm import load_arm
from gae_arm.core.errors import ConfigError
from gae_arm.core.geometry import rpy_to_matrix, transform
from gae_arm.core.urdf import load_urdf, resolve_uri, with_absolute_meshes

ARMS = Path(__file__).parents[2] / 'config' / 'arms'
PANDA = 'package://example-robot-data/robots/panda_description/urdf/panda.urdf'


def dh(alpha, a, d, theta):
    """Return one link of a modified (Craig) Denavit-Hartenberg table."""
    return (
        transform(rpy_to_matrix(alpha, 0, 0), [0, 0, 0])
        @ transform(np.eye(3), [a, 0, 0])
        @ transform(rpy_to_matrix(0, 0, theta), [0, 0, d])
    )


def random_positions(arm, seed):
    return np.random.default_rng(seed).uniform(arm.limits.lower, arm.limits.upper)


@pytest.mark.parametrize('seed', range(5))
def test_panda_kinematics_are_those_of_frankas_dh_table(seed):
    """Franka Control Interface documentation, "Denavit-Hartenberg parameters"."""
    arm = load_arm(ARMS / 'panda.yaml')
    q = random_positions(arm, seed)
    right = np.pi / 2
    alpha = [0, -right, right, right, -right, right, right]
    a = [0, 0, 0, 0.0825, -0.0825, 0, 0.088]
    d = [0.333, 0, 0.316, 0, 0.384, 0, 0]
    T = np.linalg.multi_dot([dh(*row) for row in zip(alpha, a, d, q, strict=True)])
    T = T @ transform(rpy_to_matrix(0, 0, -np.pi / 4), [0, 0, 0.107 + 0.1034])
    robot = ET.fromstring(load_urdf(arm))
    walked = walk(robot, arm.base_frame, 'panda_hand_tcp', dict(zip(arm.joints, q, strict=True)))
    assert np.allclose(walked, T, atol=1e-9)


@pytest.mark.parametrize('seed', range(5))
def test_ur5_kinematics_are_those_of_universal_robots_dh_table(seed):
    """Universal Robots, "DH parameters for calculations of kinematics and dynamics"."""
    arm = load_arm(ARMS / 'ur5.yaml')
    q = random_positions(arm, seed)
    right = np.pi / 2
    alpha = [right, 0, 0, right, -right, 0]
    a = [0, -0.425, -0.39225, 0, 0, 0]
    d = [0.089159, 0, 0, 0.10915, 0.09465, 0.0823]
    T = np.eye(4)
    for j in range(6):
        T = T @ transform(rpy_to_matrix(0, 0, q[j]), [0, 0, d[j]])
        T = T @ transform(rpy_to_matrix(alpha[j], 0, 0), [a[j], 0, 0])
    robot = ET.fromstring(load_urdf(arm))
    walked = walk(robot, 'base_link', 'tool0', dict(zip(arm.joints, q, strict=True)))
    base = transform(rpy_to_matrix(0, 0, np.pi), [0, 0, 0])
    assert np.allclose(walked, base @ T, atol=1e-6)


@pytest.mark.parametrize('name', ['panda', 'ur5', 'xarm7'])
def test_home_points_the_gripper_down_over_the_table(name):
    arm = load_arm(ARMS / f'{name}.yaml')
    robot = ET.fromstring(load_urdf(arm))
    positions = dict(zip(arm.joints, arm.home, strict=True))
    T = walk(robot, arm.base_frame, arm.end_effector_frame, positions)
    assert np.allclose(T[:3, 2], [0, 0, -1], atol=1e-3)
    assert np.allclose(T[:3, 3], [0.45, 0.0, 0.35], atol=1e-3)
    assert np.allclose(T[:3, 0], [1, 0, 0], atol=1e-3)


def test_gripper_is_mounted_once_in_one_tree(tmp_path):
    robot = ET.fromstring(load_urdf(load_arm(toy_arm.write(tmp_path))))
    links = [link.get('name') for link in robot.findall('link')]
    assert links[-4:] == [
        'gripper_base',
        'gripper_left_finger',
        'gripper_right_finger',
        'gripper_tcp',
    ]
    joints = {joint.get('name'): joint for joint in robot.findall('joint')}
    right = joints['gripper_right_finger_joint']
    assert right.find('mimic').get('joint') == 'gripper_left_finger_joint'
    assert right.find('limit').attrib == {
        'lower': '0.0',
        'upper': '0.03',
        'effort': '20.0',
        'velocity': '0.1',
    }
    masses = [
        float(link.find('inertial/mass').get('value'))
        for link in robot.findall('link')
        if link.get('name').startswith('gripper') and link.find('inertial') is not None
    ]
    assert sum(masses) == pytest.approx(0.5)
    tcp = walk(robot, 'gripper_base', 'gripper_tcp', {})
    assert tcp[:3, 3].tolist() == pytest.approx([0, 0, 0.06 + 0.05 - 0.01])


def test_arms_without_mount_are_left_as_they_are():
    robot = ET.fromstring(load_urdf(load_arm(ARMS / 'panda.yaml')))
    links = [link.get('name') for link in robot.findall('link')]
    assert not [link for link in links if link.startswith('gripper')]


@pytest.mark.parametrize('name', ['panda', 'ur5', 'xarm7'])
def test_meshes_keep_their_package_until_made_absolute(name):
    urdf = load_urdf(load_arm(ARMS / f'{name}.yaml'))
    meshes = [m.get('filename') for m in ET.fromstring(urdf).iter('mesh')]
    assert meshes
    assert all(mesh.startswith('package://example-robot-data/') for mesh in meshes)
    absolute = [m.get('filename') for m in ET.fromstring(with_absolute_meshes(urdf)).iter('mesh')]
    assert all(Path(mesh).is_absolute() and Path(mesh).is_file() for mesh in absolute)


def test_relative_mesh_becomes_a_file_uri(tmp_path):
    mesh = '<visual><geometry><mesh filename="a b.stl"/></geometry></visual></link>'
    urdf = toy_arm.URDF.replace('<link name="base"/>', f'<link name="base">{mesh}')
    path = toy_arm.write(tmp_path, urdf)
    (tmp_path / 'a b.stl').write_text('')
    text = load_urdf(load_arm(path))
    uri = ET.fromstring(text).find('.//mesh').get('filename')
    assert uri == (tmp_path / 'a b.stl').as_uri()
    assert ET.fromstring(with_absolute_meshes(text)).find('.//mesh').get('filename') == str(
        tmp_path / 'a b.stl'
    )


def test_package_is_looked_up_in_the_ament_index_first(tmp_path, monkeypatch):
    index = tmp_path / 'share/ament_index/resource_index/packages'
    index.mkdir(parents=True)
    (index / 'example-robot-data').write_text('')
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'/nowhere:{tmp_path}')
    assert resolve_uri('package://example-robot-data/a/b.urdf') == (
        tmp_path / 'share/example-robot-data/a/b.urdf'
    )


def test_package_is_looked_up_in_its_python_distribution_next(monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/nowhere')
    assert resolve_uri(PANDA).is_file()


def test_package_that_is_nowhere_tells_what_was_searched(monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/nowhere')
    with pytest.raises(ConfigError) as error:
        resolve_uri('package://no-such-robot/a.urdf')
    assert str(error.value) == (
        "package of 'package://no-such-robot/a.urdf' not found; searched AMENT_PREFIX_PATH "
        "['/nowhere'] and the Python distributions (no Python distribution 'no-such-robot'); "
        'install it, with its ROS package or with `pip install no-such-robot`'
    )


def test_distribution_without_share_is_no_robot_package(monkeypatch):
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)
    with pytest.raises(ConfigError, match=r"distribution 'numpy' has no .*cmeel\.prefix"):
        resolve_uri('package://numpy/a.urdf')


def test_file_uris_and_paths():
    assert resolve_uri('file:///tmp/a%20b.urdf') == Path('/tmp/a b.urdf')
    assert resolve_uri('a/b.urdf') == Path('a/b.urdf')
    with pytest.raises(ConfigError, match=r"'http://x/a' is neither a package:// nor a file://"):
        resolve_uri('http://x/a')


def refusal(tmp_path, urdf=toy_arm.URDF, **changes):
    arm = load_arm(toy_arm.write(tmp_path, urdf, **changes))
    with pytest.raises(ConfigError) as error:
        load_urdf(arm)
    prefix = f'{tmp_path}/toy.urdf: '
    assert str(error.value).startswith(prefix)
    return str(error.value).removeprefix(prefix)


def test_missing_and_broken_urdf_files(tmp_path):
    assert refusal(tmp_path, '<robot').startswith(
        "the URDF of 'toy' cannot be read: unclosed token"
    )
    assert refusal(tmp_path, '<sdf/>') == ('not a URDF: its root element is <sdf>, not <robot>')
    arm = load_arm(toy_arm.write(tmp_path))
    (tmp_path / 'toy.urdf').unlink()
    with pytest.raises(ConfigError, match=r"the URDF of 'toy' cannot be read: .*No such file"):
        load_urdf(arm)


def test_missing_mesh(tmp_path):
    mesh = '<visual><geometry><mesh filename="gone.stl"/></geometry></visual></link>'
    urdf = toy_arm.URDF.replace('<link name="base"/>', f'<link name="base">{mesh}')
    assert refusal(tmp_path, urdf) == (
        f"mesh 'file://{tmp_path}/gone.stl' is missing: there is no file {tmp_path}/gone.stl"
    )


def test_joints_and_frames_that_are_not_there(tmp_path):
    joints = ['turn', 'lift', 'bend', 'gripper_left_finger_joint', 'gripper_right_finger_joint']
    assert refusal(tmp_path, joints=['turn', 'lift', 'elbow']) == (
        f"no moving joint ['elbow']; the URDF has: {joints}"
    )
    assert refusal(tmp_path, base_frame='bse').startswith(
        "no frame ['bse']; the URDF has: ['stand', 'base', 'trunk', 'upper', 'fore', 'gripper_base'"
    )
    gripper = toy_arm.description()['gripper']
    gripper['mount'] = gripper['mount'] | {'link': 'tool0'}
    assert refusal(tmp_path, gripper=gripper) == (
        "no link ['tool0']; the URDF has: ['stand', 'base', 'trunk', 'upper', 'fore']"
    )


def test_joints_in_another_order(tmp_path):
    assert refusal(tmp_path, joints=['lift', 'turn', 'bend']) == (
        "the joints from 'base' to 'gripper_tcp' are ['turn', 'lift', 'bend'], but joints names "
        "['lift', 'turn', 'bend']"
    )


def test_base_frame_that_is_no_ancestor(tmp_path):
    assert refusal(tmp_path, base_frame='gripper_left_finger') == (
        "link 'gripper_tcp' does not hang on 'gripper_left_finger', but on 'stand'"
    )


def test_limits_that_leave_those_of_the_urdf(tmp_path):
    limits = toy_arm.description()['limits'] | {'upper': [3.1, 2.0, 2.5]}
    assert refusal(tmp_path, limits=limits) == (
        "limits of 'turn', -2.9 to 3.1, leave those of the URDF, -3.0 to 3.0"
    )


def test_what_is_no_tree(tmp_path):
    loose = toy_arm.URDF.replace('</robot>', '<link name="loose"/></robot>')
    assert refusal(tmp_path, loose) == (
        "the links are not one tree; links without a parent: ['stand', 'loose']"
    )
    twice = toy_arm.URDF.replace('</robot>', '<link name="base"/></robot>')
    assert refusal(tmp_path, twice) == "link names occur more than once: ['base']"
    dangling = toy_arm.URDF.replace('<child link="fore"/>', '<child link="for"/>')
    assert refusal(tmp_path, dangling).startswith("no link ['for']; the URDF has: ['stand', ")
    ring = (
        '<link name="a"/><link name="b"/>'
        '<joint name="ab" type="fixed"><parent link="a"/><child link="b"/></joint>'
        '<joint name="ba" type="fixed"><parent link="b"/><child link="a"/></joint></robot>'
    )
    assert refusal(tmp_path, toy_arm.URDF.replace('</robot>', ring)) == (
        "the links are not one tree; links without a parent: ['stand']"
    )
