"""Plan files: what they mean, and errors that name file, key and value."""

from __future__ import annotations

import numpy as np
import pytest

from gae_arm.core.errors import ConfigError
from gae_arm.core.geometry import quaternion_to_matrix, rpy_to_matrix
from gae_arm.core.plan_file import load_plan

WAYPOINT = '{position: [0.5, 0.1, 0.2]}'


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / 'plan.yaml'
        path.write_text(text)
        return path

    return write


def test_everything_that_a_file_can_say(file):
    path = file(
        """
        instruction: put it there
        frame: camera_color_optical_frame
        expiry: 12.5
        waypoints:
          - {position: [0.5, 0.1, 0.2], rpy: [3.1, 0.2, -0.3], gripper: open}
          - {position: [0.5, 0, 1], orientation: [0, 0, 0, 1], gripper: close}
          - {position: [0.5, 0.1, 0.2], gripper: 0.25}
          - {position: [0.5, 0.1, 0.2]}
        """
    )
    plan = load_plan(path).plan('id', 5 * 10**9, 'base')
    assert (plan.plan_id, plan.instruction, plan.planner) == ('id', 'put it there', 'file')
    assert plan.frame_id == 'camera_color_optical_frame'
    assert (plan.stamp_ns, plan.expiry_ns) == (5 * 10**9, 17_500_000_000)
    first, second, third, fourth = plan.waypoints
    assert first.position.tolist() == [0.5, 0.1, 0.2]
    turn = quaternion_to_matrix(first.orientation)
    assert np.allclose(turn, rpy_to_matrix(3.1, 0.2, -0.3))
    assert second.orientation.tolist() == [0, 0, 0, 1]
    assert [w.gripper for w in plan.waypoints] == [1.0, 0.0, 0.25, None]
    assert third.orientation is None
    assert fourth.orientation is None


def test_the_shortest_file_is_in_the_base_of_the_arm_and_lives_a_minute(file):
    plan = load_plan(file(f'waypoints: [{WAYPOINT}]')).plan('id', 10**9, 'panda_link0')
    assert plan.frame_id == 'panda_link0'
    assert plan.expiry_ns == 61 * 10**9


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'the plan is not a mapping: None'),
        ('[1, 2]', 'the plan is not a mapping: [1, 2]'),
        ('instruction: hm', "the plan has no ['waypoints']"),
        ('waypoints: []', 'waypoints is empty'),
        ('waypoints: 3', 'waypoints is not a list: 3'),
        (
            f'{{waypoints: [{WAYPOINT}], speed: 3}}',
            "unknown keys ['speed'] in the plan; there are: "
            "['instruction', 'frame', 'expiry', 'waypoints']",
        ),
        (f'{{waypoints: [{WAYPOINT}], expiry: 0}}', 'expiry is 0.0, allowed is 0.001 to 86400.0'),
        (f'{{waypoints: [{WAYPOINT}], expiry: soon}}', "expiry is not a number: 'soon'"),
        (f'{{waypoints: [{WAYPOINT}], frame: 7}}', 'frame is not a string: 7'),
        (f'{{waypoints: [{WAYPOINT}], instruction: 7}}', 'instruction is not a string: 7'),
        ('waypoints: [up]', "waypoint 0 is not a mapping: 'up'"),
        ('waypoints: [{gripper: open}]', "waypoint 0 has no ['position']"),
        ('waypoints: [{position: 3}]', 'waypoint 0: position is not a list: 3'),
        ('waypoints: [{position: [1, 2]}]', 'waypoint 0: position has shape (2,), expected (3)'),
        ('waypoints: [{position: [1, .nan, 2]}]', 'waypoint 0: position[1] is not finite: nan'),
        ('waypoints: [{position: [1, true, 2]}]', 'waypoint 0: position[1] is not a number: True'),
        (
            f'waypoints: [{WAYPOINT}, {{position: [0, 0, 1], gripper: shut}}]',
            "waypoint 1: gripper 'shut' is unknown; there are: ['close', 'open']",
        ),
        (
            'waypoints: [{position: [0, 0, 1], gripper: 1.5}]',
            'waypoint 0: gripper is 1.5, allowed is 0.0 to 1.0',
        ),
        (
            'waypoints: [{position: [0, 0, 1], orientation: [0, 0, 0, 2]}]',
            'waypoint 0: orientation is not a unit quaternion (x, y, z, w): [0.0, 0.0, 0.0, 2.0]',
        ),
        (
            'waypoints: [{position: [0, 0, 1], orientation: [0, 0, 0, 1], rpy: [0, 0, 0]}]',
            'waypoint 0: both orientation and rpy are given, one is enough',
        ),
    ],
)
def test_errors_name_file_key_and_value(file, text, message):
    path = file(text)
    with pytest.raises(ConfigError) as caught:
        load_plan(path)
    assert str(caught.value) == f'{path}: {message}'


@pytest.mark.parametrize('text', ['waypoints: [', 'a: !!python/object:os.system {}'])
def test_what_is_no_yaml_is_said_and_never_evaluated(file, text):
    with pytest.raises(ConfigError, match=r'plan\.yaml cannot be read: '):
        load_plan(file(text))


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(ConfigError, match='No such file'):
        load_plan(tmp_path / 'none.yaml')
