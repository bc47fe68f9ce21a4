"""HDF5 of robomimic (a file that it wrote) and of LIBERO (its layout, written here with h5py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import ConfigError
from gae_arm.core.paths import arm_file
from gae_arm.demonstrations.hdf5_import import read_hdf5
from gae_arm.demonstrations.mjcf_cameras import read_model

h5py = pytest.importorskip('h5py', reason='needs requirements/data.txt')

LIFT = Path(__file__).parents[1] / 'data/robomimic/lift.hdf5'
Q = np.array([0.0, 0.2, 0.0, -2.6, 0.0, 2.9, 0.8])


@pytest.fixture(scope='module')
def panda():
    return load_arm(arm_file('panda'))


@pytest.fixture(scope='module')
def lift(panda):
    (one,) = read_hdf5(LIFT, panda)
    return one


@pytest.fixture(scope='module')
def demo():
    with h5py.File(LIFT) as file:
        (name,) = file['data']
        group = file['data'][name]
        obs = {key: value[()] for key, value in group['obs'].items()}
        yield {'obs': obs, 'actions': group['actions'][()], **group.attrs}


def test_the_arm_is_where_robosuite_says(lift, demo):
    """Our forward kinematics against its own, up to what each calls the end effector."""
    assert (lift.steps, lift.task, lift.arm) == (10, 'Lift', 'panda')
    np.testing.assert_array_equal(lift.joint_position, demo['obs']['robot0_joint_pos'])
    T_base_world = geometry.invert(read_model(demo['model_file']).T_world_base)
    theirs = geometry.transform_points(T_base_world, demo['obs']['robot0_eef_pos'])
    np.testing.assert_allclose(lift.position, theirs, atol=0.008)
    # One shift along the tool explains what is left.
    R = geometry.quaternion_to_matrix(lift.orientation)
    shift = np.einsum('tji,tj->ti', R, theirs - lift.position)
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=1e-4)
    np.testing.assert_allclose(shift[0, :2], 0, atol=1e-3)


def test_the_gripper_and_the_commands(lift, demo):
    fingers = demo['obs']['robot0_gripper_qpos']
    np.testing.assert_allclose(lift.gripper, np.abs(fingers).mean(1) / 0.04)
    assert lift.action_gripper.tolist() == [1.0] * 6 + [0.0] * 4
    np.testing.assert_array_equal(lift.action_position[:-1], lift.position[1:])
    assert 'commanded poses are the measured ones of the next step' in lift.notes
    assert 6 in lift.keyframes


def test_the_camera_is_where_robomimic_says(lift, demo):
    said = json.loads(demo['camera_info'])['agentview']
    camera = lift.camera('agentview')
    T_world_base = read_model(demo['model_file']).T_world_base
    np.testing.assert_allclose(
        T_world_base @ camera.T_base_camera[0], said['extrinsics'], atol=1e-6
    )
    # It counts pixels from the corner of the image, we from the middle of the first one.
    half = np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    np.testing.assert_allclose(camera.intrinsics.K + half, said['intrinsics'])
    np.testing.assert_array_equal(camera.color, demo['obs']['agentview_image'])
    metres = demo['obs']['agentview_depth'][..., 0]
    np.testing.assert_allclose(camera.depth / 1000, metres, atol=0.000501)


def test_a_camera_on_the_hand_has_no_pose(lift):
    camera = lift.camera('robot0_eye_in_hand')
    assert camera.intrinsics is not None
    assert camera.T_base_camera is None
    note = "camera 'robot0_eye_in_hand': the file does not say where it is at each step"
    assert note in lift.notes


@pytest.fixture
def libero(tmp_path):
    """Two demonstrations in the layout of LIBERO's create_dataset.py, the second without depth."""
    path = tmp_path / 'KITCHEN_SCENE1_open_the_drawer_demo.hdf5'
    with h5py.File(path, 'w') as file:
        data = file.create_group('data')
        data.attrs['env_name'] = 'Libero_Kitchen_Tabletop_Manipulation'
        data.attrs['macros_image_convention'] = 'opengl'
        data.attrs['problem_info'] = json.dumps({'language_instruction': 'open the "top" drawer'})
        data.attrs['env_args'] = json.dumps({'env_kwargs': {'control_freq': 20}})
        for i in (10, 2):
            demo = data.create_group(f'demo_{i}')
            obs = demo.create_group('obs')
            obs['joint_states'] = Q + 0.01 * np.arange(6)[:, None]
            obs['gripper_states'] = np.tile([0.02, -0.02], (6, 1))
            image = np.zeros((6, 8, 10, 3), np.uint8)
            image[:, -1] = 200
            obs['agentview_rgb'] = obs['eye_in_hand_rgb'] = image
            if i == 2:
                obs['agentview_depth'] = np.full((6, 8, 10, 1), 0.98, np.float32)
            demo['actions'] = np.tile([0, 0, 0, 0, 0, 0, -1.0], (6, 1))
            demo['rewards'] = np.array([0, 0, 0, 0, 0, 1], np.uint8)
            demo['dones'] = demo['rewards'][()]
    return path


def test_libero(libero, panda):
    second, tenth = read_hdf5(libero, panda)
    assert second.source.endswith('demo_2')
    assert tenth.source.endswith('demo_10')
    assert second.instruction == 'open the "top" drawer'
    assert second.success is True
    assert second.gripper.tolist() == [0.5] * 6
    assert second.action_gripper.tolist() == [1.0] * 6
    assert np.diff(second.stamps_ns).tolist() == [50_000_000] * 5
    camera = second.camera('agentview')
    # OpenGL's first row is the lowest one.
    assert (camera.color[:, 0] == 200).all()
    assert camera.color[:, 1:].max() == 0
    assert (camera.intrinsics, camera.T_base_camera, camera.depth) == (None, None, None)
    assert "camera 'agentview': the file does not say its intrinsics" in second.notes
    assert any('depth is a z-buffer' in note for note in second.notes)
    assert not any('z-buffer' in note for note in tenth.notes)


def test_what_is_no_such_file(tmp_path, panda, libero):
    (tmp_path / 'f.hdf5').write_bytes(b'nothing')
    with pytest.raises(ConfigError, match=r'f\.hdf5 cannot be read'):
        next(read_hdf5(tmp_path / 'f.hdf5', panda))
    with h5py.File(tmp_path / 'g.hdf5', 'w') as file:
        file.create_group('images')
    with pytest.raises(ConfigError, match=r"has no group data; it has: \['images'\]"):
        next(read_hdf5(tmp_path / 'g.hdf5', panda))
    with h5py.File(libero, 'a') as file:
        del file['data/demo_2/obs/joint_states']
        del file['data/demo_10/obs']
    with pytest.raises(ConfigError, match=r"demo_2: no observation \['robot0_joint_pos', 'joint_"):
        next(read_hdf5(libero, panda))
    with h5py.File(libero, 'a') as file:
        del file['data/demo_2']
    with pytest.raises(ConfigError, match=r'demo_10: there are no observations; robomimic makes'):
        next(read_hdf5(libero, panda))


def test_a_model_that_is_none():
    with pytest.raises(ValueError, match='the model is no XML'):
        read_model('<mujoco')
    with pytest.raises(ValueError, match='the model has no worldbody'):
        read_model('<mujoco/>')
