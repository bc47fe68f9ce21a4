"""A real arm stands until its pre-flight check has passed, and moves slowly at first."""

import functools

import numpy as np
import pytest

from gae_arm.arm_control.controller import ArmController
from gae_arm.arm_control.ik import IkSettings
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.permit import MotionPermit
from gae_arm.arm_control.settings import ArmControlSettings
from gae_arm.arm_control.streaming import StreamSettings
from gae_arm.core.arm import load_arm
from gae_arm.core.motion import ArmState, HaltReason, RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.trajectory import JointTrajectory

MS = 1_000_000
SECOND = 1000 * MS
ADVICE = 'gae doctor --arm panda, then gae resume'


@functools.cache
def panda():
    return load_arm(arm_file('panda'))


class Arm:
    """A controller and an arm that does at once what it is told."""

    def __init__(self, **settings):
        self.controller = ArmController(
            panda(),
            ArmControlSettings(**settings),
            GovernorSettings(use_cloud=False),
            StreamSettings(),
            IkSettings(),
        )
        self.now_ns = 100 * SECOND
        self.q = np.array(panda().home)

    def tick(self):
        self.now_ns += 10 * MS
        zeros = np.zeros(7)
        state = RobotState(self.now_ns, panda().joints, self.q, zeros, zeros)
        self.controller.take_joint_state(state)
        output = self.controller.tick(self.now_ns)
        if output.trajectory is not None:
            sent = output.trajectory
            passed = self.now_ns - sent.stamp_ns
            self.q = np.array(
                [np.interp(passed, sent.times_ns, joint) for joint in sent.positions.T]
            )
        return output

    def resume(self):
        return self.controller.resume(self.now_ns)

    def seconds_to(self, goal, least=0.005):
        """Command a motion of one second; return how long the arm takes."""
        path = JointTrajectory(panda().joints, 0, [SECOND], [goal])
        self.controller.take_joint_trajectory(path, self.now_ns)
        began = self.now_ns
        while np.abs(self.q - goal).max() > least:
            assert self.now_ns - began < 30 * SECOND
            self.tick()
        return (self.now_ns - began) / SECOND


def test_without_a_check_the_arm_neither_moves_nor_resumes():
    arm = Arm(preflight=True)
    arm.controller.take_joint_trajectory(
        JointTrajectory(panda().joints, 0, [SECOND], [panda().home + 0.2]), arm.now_ns
    )
    for _ in range(50):
        output = arm.tick()
    assert (output.status.state, output.status.reason) == (
        ArmState.HALTED,
        HaltReason.STOP_REQUESTED,
    )
    assert output.status.message == f'the pre-flight check has not passed: {ADVICE}'
    assert output.trajectory is None
    assert arm.resume() == (
        False,
        f'not resumed: the pre-flight check has not passed: {ADVICE}',
    )
    np.testing.assert_array_equal(arm.q, panda().home)


def test_after_the_check_resume_releases_it_and_later_stops_need_none():
    arm = Arm(preflight=True)
    arm.tick()
    arm.controller.stop('the doctor tries it')
    arm.controller.permit.passed(arm.now_ns)
    arm.tick()
    assert arm.resume() == (True, 'resumed')
    assert arm.seconds_to(panda().home + 0.1) < 2.0
    arm.controller.stop('again')
    for _ in range(100):
        arm.tick()
    assert arm.resume() == (True, 'resumed')


def test_an_old_check_does_not_count():
    arm = Arm(preflight=True, preflight_lasts=5.0)
    arm.tick()
    arm.controller.permit.passed(arm.now_ns - 6 * SECOND)
    success, message = arm.resume()
    assert not success
    assert message == f'not resumed: the pre-flight check passed 6 s ago: {ADVICE}'


def test_the_first_motion_is_slow_until_full_speed():
    arm = Arm(first_speed=0.2)
    arm.tick()
    slow = arm.seconds_to(panda().home + 0.1)
    assert 4.5 < slow < 8.0, 'a second at a fifth of the speed, and ramps'
    assert arm.controller.full_speed() == 'from 20% to full speed'
    assert arm.seconds_to(panda().home) < 2.0
    assert arm.controller.full_speed() == 'it was at full speed'


def test_resume_tells_of_the_slow_motion():
    arm = Arm(first_speed=0.2)
    arm.tick()
    arm.controller.stop('x')
    arm.tick()
    assert arm.resume() == (True, 'resumed, at 20% of the speed')


@pytest.mark.parametrize('ahead', [-1, 601])
def test_a_check_counts_for_so_long_and_not_before_it_was(ahead):
    permit = MotionPermit(True, 'ur5', 600 * SECOND)
    permit.passed(1000 * SECOND)
    assert permit.refusal((1000 + ahead) * SECOND) == (
        f'the pre-flight check passed {ahead} s ago: gae doctor --arm ur5, then gae resume'
    )
    assert permit.refusal(1600 * SECOND) is None
    permit.grant()
    assert permit.granted
    assert permit.refusal((1000 + ahead) * SECOND) is None
