"""Commands to the simulated arm on a real graph: what it does, and what it refuses and why."""

from __future__ import annotations

import time

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from gae_msgs.srv import ResetScene
from graph import graph
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectoryPoint

from gae_arm.core.arm import load_arm
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.trajectory import JointTrajectory
from gae_arm.ros import topics
from gae_arm.ros.motion_msgs import state_from_msg
from gae_arm.ros.trajectory_msgs import trajectory_to_msg

ARM = load_arm(arm_file('panda'))
TOLERANCE = 0.002
# More than settling, less than any motion that a test commands.
STILL = 0.005
SECOND = 1_000_000_000


class Arm:
    """What a user sees of the arm: its topics."""

    def __init__(self, launched, probe):
        self.launched, self.probe = launched, probe
        self.heard = probe.listen(topics.JOINT_STATES)
        self.diagnostics = probe.listen(topics.DIAGNOSTICS)
        self.command = probe.publisher(topics.JOINT_TRAJECTORY)
        self.gripper = probe.publisher(topics.GRIPPER_COMMAND)

    def new_state(self) -> RobotState:
        self.heard.clear()
        self.probe.wait_for(lambda: self.heard, 'joint states')
        return self.state

    @property
    def state(self) -> RobotState:
        return state_from_msg(self.heard[-1])

    def near(self, goal) -> bool:
        return np.abs(self.state.select(ARM.joints) - goal).max() < TOLERANCE

    def wait_near(self, goal, timeout) -> None:
        self.probe.wait_for(lambda: self.near(goal), f'joints near {goal}', timeout)

    def fingers(self) -> np.ndarray:
        return self.state.select(ARM.gripper.joints)

    def refusal(self) -> DiagnosticStatus:
        """Wait for the next refused command on /diagnostics."""

        def newest():
            statuses = [status for array in self.diagnostics for status in array.status]
            return next((s for s in statuses if s.level == DiagnosticStatus.ERROR), None)

        return self.probe.wait_for(newest, 'a refusal on /diagnostics')

    def moved(self, seconds=0.3) -> float:
        """How far any joint moves in the time to come, rad."""
        before = self.new_state().position
        self.probe.spin(seconds)
        return float(np.abs(self.state.position - before).max())

    def reset(self, seed=0) -> ResetScene.Response:
        answer = self.probe.call(ResetScene, 'arm_sim/reset', ResetScene.Request(seed=seed))
        self.new_state()
        self.diagnostics.clear()
        return answer


@pytest.fixture(scope='module')
def running(tmp_path_factory, own_domain):
    words = ('sim.launch.yaml', 'camera_rate:=0.0', 'cloud:=false', 'control:=false')
    with graph(tmp_path_factory.mktemp('sim'), *words) as parts:
        yield Arm(*parts)


@pytest.fixture
def arm(running):
    running.reset()
    return running


def trajectory(goal, seconds=1.0, joint_names=ARM.joints):
    times = [round(seconds * SECOND)]
    return trajectory_to_msg(JointTrajectory(joint_names, 0, times, [goal], [np.zeros(len(goal))]))


def test_the_arm_reaches_commanded_joints_in_time_and_holds(arm):
    goal = ARM.home + 0.2
    began = time.monotonic()
    arm.command.publish(trajectory(goal, seconds=1.0))
    arm.wait_near(goal, timeout=5.0)
    assert time.monotonic() - began > 0.8
    assert arm.moved() < STILL
    assert arm.near(goal)


def test_joints_come_in_any_order_and_a_new_command_replaces_the_old(arm):
    far, near = ARM.home + 0.5, ARM.home - 0.1
    arm.command.publish(trajectory(far, seconds=5.0))
    arm.probe.wait_for(lambda: arm.state.position[0] > ARM.home[0] + 0.02, 'the arm to start')
    back = slice(None, None, -1)
    arm.command.publish(trajectory(near[back], joint_names=ARM.joints[back]))
    arm.wait_near(near, timeout=5.0)


def test_a_joint_is_not_faster_than_its_limit_whatever_is_asked(arm):
    goal = ARM.home - np.eye(len(ARM.joints))[0] * 1.5
    before = len(arm.heard)
    arm.command.publish(trajectory(goal, seconds=0.05))
    arm.wait_near(goal, timeout=10.0)
    speeds = np.array([state_from_msg(m).velocity[0] for m in arm.heard[before:]])
    limit = ARM.limits.velocity[0]
    assert 0.9 * limit < np.abs(speeds).max() <= 1.05 * limit


def test_the_gripper_closes_and_opens(arm):
    for opening in (0.0, 1.0):
        target = ARM.gripper.positions(opening)
        arm.gripper.publish(Float64MultiArray(data=target.tolist()))
        arm.probe.wait_for(lambda t=target: np.abs(arm.fingers() - t).max() < 1e-3, 'the fingers')


def broken(kind):
    """A trajectory that would move the arm, were it not broken in one way."""
    msg = trajectory(ARM.home + 0.3)
    point = msg.points[0]
    if kind == 'nan':
        point.positions[2] = float('nan')
    elif kind == 'infinite':
        point.velocities[2] = float('inf')
    elif kind == 'unknown joint':
        msg.joint_names[-1] = 'elbow'
    elif kind == 'missing joint':
        msg.joint_names.pop()
        point.positions.pop()
        point.velocities.pop()
    elif kind == 'times':
        msg.points.append(point)
    elif kind == 'limits':
        point.positions[0] = 9.0
    elif kind == 'size':
        point.positions.pop()
    elif kind == 'empty':
        msg.points.clear()
    elif kind == 'a million points':
        # Without positions: a message of a million full points takes the test a minute to make.
        msg.points = [JointTrajectoryPoint()] * 1_000_000
    return msg


@pytest.mark.parametrize(
    ('kind', 'reason', 'message'),
    [
        ('nan', 'not_finite', 'positions[0, 2] is not finite: nan'),
        ('infinite', 'not_finite', 'velocities[0, 2] is not finite: inf'),
        ('unknown joint', 'wrong_joints', "unknown joints ['elbow']; all are needed: "),
        ('missing joint', 'wrong_joints', "missing joints ['panda_joint7']; all are needed: "),
        (
            'times',
            'times_not_increasing',
            'times_ns do not increase: [0] is 1000000000, [1] is 1000000000',
        ),
        (
            'limits',
            'outside_limits',
            "joint 'panda_joint1' is 9.0 at point 0, limits are -2.8973 to 2.8973",
        ),
        ('size', 'size_mismatch', 'point 0 has 6 positions for 7 joints'),
        ('empty', 'no_points', 'the trajectory has no points'),
        ('a million points', 'too_many_points', 'the message has 2'),
    ],
)
def test_a_bad_trajectory_moves_nothing_and_says_why(arm, kind, reason, message):
    arm.command.publish(broken(kind))
    refusal = arm.refusal()
    assert refusal.name == 'arm_sim: joint_trajectory_controller'
    assert refusal.message.startswith(message)
    assert {v.key: v.value for v in refusal.values} == {'reason': reason}
    assert arm.moved() < STILL
    arm.command.publish(trajectory(ARM.home + 0.05, seconds=0.2))
    arm.wait_near(ARM.home + 0.05, timeout=5.0)


def test_a_refused_trajectory_does_not_disturb_the_one_before(arm):
    goal = ARM.home + 0.3
    arm.command.publish(trajectory(goal, seconds=1.0))
    arm.probe.wait_for(lambda: arm.state.position[0] > 0.02, 'the arm to start')
    arm.command.publish(broken('nan'))
    arm.refusal()
    arm.wait_near(goal, timeout=5.0)


@pytest.mark.parametrize(
    ('data', 'message'),
    [
        ([0.02], 'gripper command has shape (1,), expected (2)'),
        ([0.02, float('nan')], 'gripper command[1] is not finite: nan'),
        ([0.02, 0.5], "gripper joint 'panda_finger_joint2' is 0.5, limits are 0.0 to 0.04"),
    ],
)
def test_a_bad_gripper_command_moves_nothing_and_says_why(arm, data, message):
    arm.gripper.publish(Float64MultiArray(data=data))
    refusal = arm.refusal()
    assert refusal.name == 'arm_sim: gripper_controller'
    assert refusal.message == message
    assert arm.moved() < STILL


def test_reset_takes_the_arm_home_and_names_the_scene(arm):
    arm.command.publish(trajectory(ARM.home + 0.3, seconds=0.5))
    arm.wait_near(ARM.home + 0.3, timeout=5.0)
    answer = arm.reset(seed=7)
    assert answer.success
    assert answer.message.startswith('scene 7: ')
    assert arm.near(ARM.home)
    assert arm.moved() < STILL


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('real_time_factor', 2.0, 'real_time_factor is 2.0: other than 1.0 needs publish_clock'),
        ('real_time_factor', 100.0, 'out of range Min: 0.01, Max: 20.0, value: 100.0'),
        ('joint_state_rate', 200.0, 'Trying to set a read-only parameter: joint_state_rate'),
    ],
)
def test_a_bad_parameter_is_refused_with_the_reason(arm, name, value, message):
    parameter = Parameter(
        name=name, value=ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
    )
    answer = arm.probe.call(
        SetParameters, 'arm_sim/set_parameters', SetParameters.Request(parameters=[parameter])
    )
    assert not answer.results[0].successful
    assert message in answer.results[0].reason
    assert arm.moved() < STILL


def test_tf_and_description_come_late_joiners_too(arm):
    tf = arm.probe.listen(topics.TF)
    static = arm.probe.listen(topics.TF_STATIC)
    description = arm.probe.listen(topics.ROBOT_DESCRIPTION)
    arm.probe.wait_for(lambda: tf and static and description, 'tf and description')
    moving = {t.child_frame_id: t for t in tf[-1].transforms}
    assert {'panda_link1', 'panda_link7', 'panda_leftfinger'} <= set(moving)
    assert moving['panda_link1'].header.frame_id == 'panda_link0'
    assert 'panda_hand_tcp' in {t.child_frame_id for t in static[-1].transforms}
    assert 'panda_hand_tcp' in description[-1].data


def test_the_simulation_reports_its_health(arm):
    def health():
        statuses = [s for array in arm.diagnostics for s in array.status]
        return next((s for s in statuses if s.name == 'arm_sim: simulation'), None)

    values = {v.key: v.value for v in arm.probe.wait_for(health, 'diagnostics').values}
    assert float(values['real_time_factor']) > 0
    assert values['state'] == 'HOLDING'
