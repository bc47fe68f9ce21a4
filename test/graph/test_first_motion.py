"""`gae launch sim` and `gae plan send`: the cube goes into the bowl. Physics is the judge."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from tabletop import CUBE_TO_BOWL, tabletop

from gae_arm.arm_sim.settings import CAMERA_POSE
from gae_arm.core.geometry import invert, matrix_to_quaternion, rpy_to_matrix

CAMERA = 'camera_color_optical_frame'


@pytest.mark.parametrize('arm', ['panda', 'ur5', 'xarm7'])
def test_a_plan_puts_the_cube_into_the_bowl(arm, tmp_path, own_domain):
    with tabletop(tmp_path, f'arm:={arm}') as table:
        assert not table.is_in_bowl('red_cube')
        sent = table.send(CUBE_TO_BOWL, '--timeout', '60')
        assert sent.returncode == 0, sent.stdout + sent.stderr
        assert 'done after' in sent.stdout
        assert table.is_in_bowl('red_cube'), table.pose('red_cube')[:3, 3]
        print(arm, sent.stdout.splitlines()[-1])


def test_the_same_in_the_frame_of_the_camera(tmp_path, own_domain):
    """The node lifts it by /tf; the green cube beside it stays where it was."""
    file = tmp_path / 'camera.yaml'
    file.write_text(yaml.safe_dump(in_camera(yaml.safe_load(CUBE_TO_BOWL.read_text()))))
    with tabletop(tmp_path, 'policy:=ik') as table:
        green = table.pose('green_cube')
        sent = table.send(file, '--timeout', '60')
        assert sent.returncode == 0, sent.stdout + sent.stderr
        assert table.is_in_bowl('red_cube'), table.pose('red_cube')[:3, 3]
        assert np.abs(table.pose('green_cube') - green).max() < 0.005


def in_camera(plan: dict) -> dict:
    """The plan file's content with its waypoints as the simulator's camera sees them."""
    T_camera_base = invert(CAMERA_POSE)
    waypoints = []
    for waypoint in plan['waypoints']:
        position = T_camera_base[:3, :3] @ waypoint['position'] + T_camera_base[:3, 3]
        rotation = T_camera_base[:3, :3] @ rpy_to_matrix(*waypoint['rpy'])
        kept = {key: value for key, value in waypoint.items() if key == 'gripper'}
        turn = matrix_to_quaternion(rotation).tolist()
        waypoints.append({'position': position.tolist(), 'orientation': turn, **kept})
    return {**plan, 'frame': CAMERA, 'waypoints': waypoints}
