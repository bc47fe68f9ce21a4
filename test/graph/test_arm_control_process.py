"""How arm_control starts, and what becomes of the arm when processes are killed in motion."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from controlled_arm import STILL, ControlledArm
from graph import graph

from gae_arm.core.motion import HaltReason

MAIN = 'from gae_arm.arm_control.node import main; main()'


@pytest.fixture(scope='module')
def arm(tmp_path_factory, own_domain):
    words = ('sim.launch.yaml', 'camera_rate:=0.0', 'cloud:=false')
    with graph(tmp_path_factory.mktemp('kill'), *words) as parts:
        yield ControlledArm(*parts)


def kill(arm, name):
    (pid,) = arm.launched.node_pids(name)
    os.kill(pid, signal.SIGKILL)


def test_without_arm_control_the_arm_brakes_and_a_new_one_takes_over_where_it_stands(arm):
    goal = arm.pose[:3, 3] + np.array([0.0, 0.35, 0.0])
    arm.start_moving(goal, least=0.2)
    kill(arm, 'arm_control')
    arm.statuses.clear()
    arm.wait_still()
    assert not arm.at(goal, 0.05), 'it went on to the goal'
    before = arm.position
    arm.wait_ready()
    assert np.abs(arm.position - before).max() < 0.002
    arm.states.clear()
    arm.go(goal)
    # A jump would be as fast as the arm can; half of its limits is what arm_control allows itself.
    assert max(map(arm.speed, arm.states)) < 0.8 * arm.arm.limits.velocity.min()


def test_a_new_simulated_arm_stands_elsewhere_and_is_moved_after_resume_only(arm):
    home = arm.arm.home
    assert np.abs(arm.position - home).max() > 0.1
    kill(arm, 'arm_sim')
    said = arm.wait_reason(HaltReason.CONTROLLER_FAILED, timeout=60.0)
    assert ' rad from where it was commanded; at most 0.1 is allowed' in said
    assert HaltReason.JOINT_STATE_STALE in {s.reason for s in arm.statuses}
    assert np.abs(arm.position - home).max() < 0.01
    arm.probe.spin(0.3)
    assert arm.speed() < STILL
    assert np.abs(arm.position - home).max() < 0.01
    arm.probe.wait_for(lambda: arm.call('resume').success, 'resume', 10.0)
    arm.go(arm.pose[:3, 3] + np.array([0.0, 0.1, 0.0]))


@pytest.mark.parametrize(
    ('parameters', 'message'),
    [
        (['velocity_scale:=1.5'], 'parameter velocity_scale: '),
        (['acceleration_scale:=0.01'], "joint 'panda_joint2' needs 14.5 s to stop from "),
    ],
)
def test_nonsense_limits_refuse_to_start(parameters, message):
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
