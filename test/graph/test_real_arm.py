"""arm.launch.yaml beside a stand-in for each driver: held, looked over, released, moved.

The stand-in speaks with the driver's exact names; see driver_stand_in.py.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from graph import graph
from std_msgs.msg import Float64MultiArray

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.core.arm import load_arm
from gae_arm.core.motion import ArmState, HaltReason
from gae_arm.core.paths import arm_file
from gae_arm.core.trajectory import JointTrajectory
from gae_arm.ros import driver_topics, qos, topics
from gae_arm.ros.motion_msgs import state_from_msg
from gae_arm.ros.trajectory_msgs import trajectory_to_msg

SECOND = 1_000_000_000
TRIES = 4
"""The machine that runs the tests may be too busy for the rates that a real arm needs."""


class RealArm:
    """A stack on a stand-in: what the driver knows, and what a user types."""

    def __init__(self, name, launched, probe, driver):
        self.name, self.launched, self.probe, self.driver = name, launched, probe, driver
        self.arm = load_arm(arm_file(name))
        self.statuses = probe.listen(topics.ARM_STATUS)
        self._states = []
        probe.node.create_subscription(
            topics.JOINT_STATES.type, '/stand_in/joint_states', self._states.append, qos.SENSOR
        )
        self.joint_command = topics.JOINT_COMMAND.publisher(probe.node)
        self.gripper_command = driver_topics.GRIPPER_COMMAND.publisher(probe.node)
        probe.wait_for(lambda: self.statuses, 'arm_control')

    def state(self):
        self._states.clear()
        self.probe.wait_for(lambda: self._states, 'the simulated arm')
        return state_from_msg(self._states[-1])

    def position(self):
        return self.state().select(self.arm.joints)

    def opening(self):
        return self.arm.gripper.opening(self.state().select(self.arm.gripper.joints))

    def gae(self, *words):
        """Run `gae WORDS`; return its code and its output with single spaces."""
        command = [sys.executable, '-m', 'gae_arm.commands.main', *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120.0, check=False)
        return done.returncode, re.sub(r'\s+', ' ', done.stdout + done.stderr).strip()

    def doctor(self):
        for _ in range(TRIES):
            code, said = self.gae('doctor', '--arm', self.name, '--seconds', '1')
            if code == 0:
                break
        return code, said

    def wait_status(self, state, reason):
        self.probe.wait_for(
            lambda: (self.statuses[-1].state, self.statuses[-1].reason) == (state, reason),
            f'{state.name} {reason.name}; it says {self.statuses[-1]}',
        )
        return self.statuses[-1].message

    def ask_for(self, goal):
        """Ask for a motion of one second."""
        self.probe.wait_for(self.joint_command.get_subscription_count, 'arm_control')
        path = JointTrajectory(self.arm.joints, 0, [SECOND], [goal])
        self.joint_command.publish(trajectory_to_msg(path))

    def move_to(self, goal):
        """Ask until the joints are there: a busy machine may be late, and the arm held for that.

        Returns the greatest speed of a joint, rad/s.
        """
        asked_ns, speeds = 0, []

        def there():
            nonlocal asked_ns
            if self.probe.now_ns() - asked_ns > 4 * SECOND:
                asked_ns = self.probe.now_ns()
                self.ask_for(goal)
            state = self.state()
            speeds.append(np.abs(state.velocity[: len(goal)]).max())
            return np.abs(state.select(self.arm.joints) - goal).max() < 0.005

        self.probe.wait_for(there, f'the joints; it says {self.statuses[-1:]}', 60.0)
        return max(speeds)


@pytest.fixture(scope='module', params=['panda', 'ur5', 'xarm7'])
def arm(request, tmp_path_factory, own_domain):
    folder = tmp_path_factory.mktemp(request.param)
    script = Path(__file__).with_name('driver_stand_in.py')
    with (folder / 'driver.log').open('w') as log:
        driver = subprocess.Popen(
            [sys.executable, str(script), request.param], stdout=log, stderr=subprocess.STDOUT
        )
    words = ('arm.launch.yaml', f'arm:={request.param}', 'viewer:=false', 'planner:=false')
    try:
        with graph(folder, *words, 'calibration_health:=false') as (launched, probe):
            yield RealArm(request.param, launched, probe, driver)
    finally:
        driver.send_signal(signal.SIGINT)
        driver.wait(30.0)
        print((folder / 'driver.log').read_text())


def test_the_arm_stands_until_its_check_has_passed(arm):
    message = arm.wait_status(ArmState.HALTED, HaltReason.STOP_REQUESTED)
    advice = f'gae doctor --arm {arm.name}, then gae resume'
    assert message == f'the pre-flight check has not passed: {advice}'
    code, said = arm.gae('resume')
    assert code == 1
    assert said == f'error: not resumed: the pre-flight check has not passed: {advice}'
    before = arm.position()
    arm.ask_for(before + 0.1)
    arm.probe.spin(0.5)
    assert np.abs(arm.position() - before).max() < 0.005


def test_the_check_passes_under_the_driver_s_own_names(arm):
    code, said = arm.doctor()
    assert code == 0, said
    for text in (
        'limits within, axes agree within 0.0 mm',
        ' is active',
        "from ['/arm_control'], to ['/arm_sim']",
        "['/driver_stand_in']",
        'answers, and the arm is HALTED: a stop was requested',
        'passed: gae resume lets the arm move',
    ):
        assert text in said, said


def test_released_it_moves_slowly_by_the_driver_s_controller(arm):
    said = ''
    for _ in range(TRIES):  # On a busy machine a joint state may be too old just then.
        code, said = arm.gae('resume')
        if code == 0:
            break
    assert (code, said) == (0, 'resumed, at 20% of the speed')
    speed = arm.move_to(arm.position() + 0.06)
    assert speed < 0.04, 'a second at full speed would need 0.06 rad/s and more'


@pytest.mark.parametrize('opening', [0.0, 1.0])
def test_the_gripper_follows_by_the_driver_s_action(arm, opening):
    arm.probe.wait_for(arm.gripper_command.get_subscription_count, 'driver_bridge')
    data = arm.arm.gripper.positions(opening).tolist()

    def there():
        # Again and again, as arm_control does: an action server may not have been found yet.
        arm.gripper_command.publish(Float64MultiArray(data=data))
        return abs(arm.opening() - opening) < 0.03

    arm.probe.wait_for(there, f'the fingers at {opening}', 20.0)


def test_a_plan_is_carried_out_at_full_speed(arm, tmp_path):
    if arm.name != 'panda':
        pytest.skip('the way of a plan is the same on all arms')
    code, said = arm.gae('resume', '--full-speed')
    assert code == 0
    assert said.endswith('from 20% to full speed')
    kinematics = Kinematics(arm.arm)
    here = kinematics.forward(arm.position())[:3, 3]
    goal = here + np.array([0.03, 0.12, -0.05])
    plan = {
        'frame': arm.arm.base_frame,
        'waypoints': [{'position': p.round(4).tolist()} for p in (here, goal)],
    }
    file = tmp_path / 'plan.yaml'
    file.write_text(yaml.safe_dump(plan))
    for _ in range(TRIES):
        code, said = arm.gae('plan', 'send', str(file), '--arm', 'panda', '--timeout', '40')
        if code == 0:
            break
    assert code == 0, said
    reached = kinematics.forward(arm.position())[:3, 3]
    assert np.linalg.norm(reached - goal) < 0.02


def test_without_its_driver_the_arm_is_halted_and_the_check_says_why(arm):
    if arm.name != 'ur5':
        pytest.skip('the same on all arms')
    arm.driver.send_signal(signal.SIGINT)
    arm.driver.wait(30.0)
    arm.wait_status(ArmState.HALTED, HaltReason.JOINT_STATE_STALE)
    code, said = arm.gae('doctor', '--arm', arm.name, '--seconds', '0.5')
    assert code == 1
    for text in (
        'gae/joint_states nothing comes',
        '/camera/camera/color/image_raw nothing comes',
        'robot_description nobody publishes it',
        '/controller_manager does not answer',
        'nobody serves it',
    ):
        assert text in said, said
    assert 'gae resume lets the arm move' not in said
