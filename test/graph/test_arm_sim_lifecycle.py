"""How the simulated arm starts, dies, comes back and ends; each test launches its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from graph import graph

from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.ros import topics
from gae_arm.ros.motion_msgs import state_from_msg
from gae_arm.ros.stamps import time_from_msg

FAST = ('sim.launch.yaml', 'camera_rate:=0.0', 'cloud:=false', 'control:=false')
MAIN = 'from gae_arm.arm_sim.node import main; main()'


@pytest.mark.parametrize('name', ['panda', 'ur5', 'xarm7'])
def test_every_arm_starts_at_home_with_its_joints_and_description(tmp_path, name):
    arm = load_arm(arm_file(name))
    with graph(tmp_path, *FAST, f'arm:={name}') as (_, probe):
        heard = probe.listen(topics.JOINT_STATES)
        description = probe.listen(topics.ROBOT_DESCRIPTION)
        probe.wait_for(lambda: heard and description, 'joint states and robot_description')
        state = state_from_msg(heard[-1])
        assert state.joint_names == arm.joints + arm.gripper.joints
        np.testing.assert_allclose(state.select(arm.joints), arm.home, atol=0.002)
        assert f'"{arm.end_effector_frame}"' in description[-1].data


def test_a_killed_simulator_comes_back(tmp_path):
    with graph(tmp_path, *FAST) as (launched, probe):
        heard = probe.listen(topics.JOINT_STATES)
        probe.wait_for(lambda: heard, 'joint states')
        (pid,) = launched.node_pids('arm_sim')
        os.kill(pid, signal.SIGKILL)
        probe.wait_for(lambda: pid not in launched.node_pids('arm_sim'), 'the end of the process')
        killed = time.time_ns()
        probe.wait_for(lambda: time_from_msg(heard[-1].header.stamp) > killed, 'new joint states')
        (other,) = launched.node_pids('arm_sim')
        assert other != pid


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_processes(tmp_path, number):
    with graph(tmp_path, *FAST) as (launched, probe):
        heard = probe.listen(topics.JOINT_STATES)
        probe.wait_for(lambda: heard, 'joint states')
        assert len(launched.node_pids('arm_sim')) == 1
        code = launched.stop(number)
        assert launched.node_pids('arm_sim') == []
        assert 'Traceback' not in launched.output
        assert code == 0


def test_ctrl_c_is_no_error_while_nodes_are_still_starting(tmp_path):
    with graph(tmp_path, 'sim.launch.yaml') as (launched, probe):
        names = ('arm_sim', 'arm_control', 'point_cloud', 'calibration_health')

        def importing(name: str) -> bool:
            return any(
                '/numpy/' in Path(f'/proc/{pid}/maps').read_text()
                for pid in launched.node_pids(name)
            )

        probe.wait_for(lambda: all(map(importing, names)), 'the imports')
        assert launched.stop() == 0
        assert 'Traceback' not in launched.output
        assert not any(map(launched.node_pids, names))


def test_simulation_time_and_another_pace(tmp_path):
    words = (*FAST, 'publish_clock:=true', 'real_time_factor:=2.0')
    with graph(tmp_path, *words) as (_, probe):
        clock = probe.listen(topics.CLOCK)
        heard = probe.listen(topics.JOINT_STATES)
        probe.wait_for(lambda: clock and heard, '/clock and joint states')
        first, began = time_from_msg(clock[-1].clock), time.monotonic()
        probe.spin(1.0)
        simulated = (time_from_msg(clock[-1].clock) - first) / 1e9
        # Not faster than asked; how much slower is up to the machine.
        assert 0 < simulated <= 2.0 * (time.monotonic() - began) + 0.1
        stamps = [time_from_msg(m.header.stamp) for m in heard]
        assert stamps[0] < 100e9
        assert (np.diff(stamps) > 0).all()


@pytest.mark.parametrize(
    ('parameters', 'message'),
    [
        (['camera_width:=0'], 'parameter camera_width: '),
        (['camera_height:=-5'], 'parameter camera_height: '),
        (['camera_rate:=.nan'], 'parameter camera_rate'),
        (['timestep:=0.5'], 'parameter timestep: '),
        (['seed:=abc'], 'parameter seed: '),
        (['arm:=puma'], "there are: ['panda', 'ur5', 'xarm7']"),
        (['arm:=/nowhere/my_arm.yaml'], 'no arm file /nowhere/my_arm.yaml'),
        (['real_time_factor:=2.0'], 'other than 1.0 needs publish_clock'),
        (['camera_xyzw:=[0.0, 0.0, 0.0, 2.0]'], 'camera_xyzw is not a unit quaternion'),
        (['camera_xyz:=[0.0, 0.0]'], 'parameter camera_xyz has 2 values, expected 3: [0.0, 0.0]'),
        (['camera_intrinsics:=[0.0, 100.0, 10.0, 10.0]'], 'K has focal lengths 0.0, 100.0'),
    ],
)
def test_bad_parameters_end_with_a_sentence_and_no_traceback(parameters, message):
    words = [word for parameter in parameters for word in ('-p', parameter)]
    done = subprocess.run(
        [sys.executable, '-c', MAIN, '--ros-args', *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert message in done.stderr
    assert 'Traceback' not in done.stderr
    assert done.returncode == 1
