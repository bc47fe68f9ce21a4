from pathlib import Path

import numpy as np
import pytest
import toy_arm
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.core.arm import load_arm
from gae_arm.core.errors import ConfigError, InvalidValueError

ARMS = Path(__file__).parents[2] / 'config' / 'arms'
NAMES = sorted(path.stem for path in ARMS.glob('*.yaml'))
SHIPPED = {name: load_arm(ARMS / f'{name}.yaml') for name in NAMES}


def test_three_arms_are_described():
    assert NAMES == ['panda', 'ur5', 'xarm7']


@pytest.mark.parametrize('name', NAMES)
def test_shipped_arms_load_and_name_their_sources(name):
    arm = SHIPPED[name]
    assert arm.name == name
    assert len(arm.limits.source) > 40
    assert (arm.limits.velocity > 0).all()
    assert (arm.limits.acceleration < arm.limits.jerk).all()


def test_panda_limits_are_those_that_franka_publishes():
    limits = SHIPPED['panda'].limits
    assert limits.velocity.tolist() == [2.175] * 4 + [2.61] * 3
    assert limits.acceleration.tolist() == [15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0]
    assert limits.jerk.tolist() == [7500.0, 3750.0, 5000.0, 6250.0, 7500.0, 10000.0, 10000.0]
    assert limits.effort.tolist() == [87.0] * 4 + [12.0] * 3


def test_xarm7_limits_are_the_degrees_that_ufactory_publishes():
    limits = SHIPPED['xarm7'].limits
    assert np.allclose(np.degrees(limits.velocity), 180.0, atol=0.1)
    assert np.allclose(np.degrees(limits.acceleration), 1145.0, atol=1.0)
    assert np.allclose(np.degrees(limits.jerk), 28647.0, atol=10.0)


@given(opening=st.floats(0, 1), name=st.sampled_from(NAMES))
def test_gripper_opening_round_trip(opening, name):
    gripper = SHIPPED[name].gripper
    assert gripper.opening(gripper.positions(opening)) == pytest.approx(opening, abs=1e-12)


def test_gripper_opening_saturates_and_refuses():
    gripper = SHIPPED['panda'].gripper
    assert gripper.opening(np.array([-0.001, -0.001])) == 0.0
    assert gripper.opening(np.array([0.05, 0.05])) == 1.0
    with pytest.raises(InvalidValueError, match=r'opening is 1\.5, allowed is 0 to 1'):
        gripper.positions(1.5)


def test_relative_urdf_path_is_relative_to_the_yaml_file(tmp_path, monkeypatch):
    path = toy_arm.write(tmp_path)
    monkeypatch.chdir('/')
    assert load_arm(path).urdf == str(tmp_path / 'toy.urdf')


def test_missing_file_lists_those_that_are_there(tmp_path):
    toy_arm.write(tmp_path)
    with pytest.raises(ConfigError) as error:
        load_arm(tmp_path / 'toi.yaml')
    assert str(error.value) == (
        f"no arm file {tmp_path}/toi.yaml; in that folder there are: ['toy']"
    )


def _message(path):
    with pytest.raises(ConfigError) as error:
        load_arm(path)
    return str(error.value).removeprefix(f'{path}: ')


def test_unknown_and_missing_keys_are_named(tmp_path):
    path = toy_arm.write(tmp_path, color='red')
    assert _message(path).startswith("unknown keys ['color'] in the file; allowed: ['name', ")
    description = toy_arm.description()
    del description['limits']['jerk']
    path = toy_arm.write(tmp_path, limits=description['limits'])
    assert _message(path) == "missing keys ['jerk'] in limits"


def test_home_outside_the_limits_is_refused(tmp_path):
    path = toy_arm.write(tmp_path, home=[0.0, -2.1, 0.0])
    assert _message(path) == 'toy: home of lift is -2.1, limits are -2.0 to 2.0'


def test_other_number_of_limits_than_joints_is_refused(tmp_path):
    path = toy_arm.write(tmp_path, joints=['turn', 'lift'], home=[0.0, 0.0])
    assert _message(path) == 'toy: limits for 3 joints, but 2 joints are named'


def test_a_limit_of_zero_is_a_limit(tmp_path):
    limits = toy_arm.description()['limits'] | {'velocity': [0.0, 1.0, 1.0]}
    arm = load_arm(toy_arm.write(tmp_path, limits=limits))
    assert arm.limits.velocity[0] == 0.0


def test_what_is_no_yaml_is_refused(tmp_path):
    path = tmp_path / 'bad.yaml'
    path.write_text('name: [')
    with pytest.raises(ConfigError, match=r'bad\.yaml cannot be read: while parsing'):
        load_arm(path)
    path.write_text('- 1\n')
    assert _message(path) == 'the file is not a mapping: [1]'
