"""arm_control alone: the test is its arm, camera and planner, and gets some things wrong."""

from __future__ import annotations

import dataclasses
from contextlib import suppress

import numpy as np
import pytest
from controlled_arm import ControlledArm, kinematics
from graph import graph
from sensor_msgs.msg import JointState

from gae_arm.arm_sim.trajectory import TrajectoryExecutor
from gae_arm.core.geometry import invert, look_at, transform_points
from gae_arm.core.motion import ArmState, HaltReason, RobotState
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.trajectory import TrajectoryRefusedError
from gae_arm.ros import topics
from gae_arm.ros.cloud_msgs import cloud_to_msg
from gae_arm.ros.motion_msgs import state_to_msg
from gae_arm.ros.plan_msgs import plan_to_msg
from gae_arm.ros.trajectory_msgs import trajectory_from_msg
from gae_arm.ros.transforms import tf_to_msg

SECOND = 1_000_000_000
SLOW_AND_GENTLE = ('velocity_scale:=0.3',)
T_BASE_CAMERA = look_at((1.1, 0.2, 0.6), (0.4, 0.0, 0.0))


class StandIn:
    """Driver and camera of an arm that does exactly what it is told; `fault` changes the messages.

    cloud: (M, 3), m, base frame, and the frame that its messages name. carried: (K, 3), m, in the
    frame of the end effector: what is seen of a thing in the gripper.
    """

    def __init__(self, probe, name='panda'):
        self._kinematics = kinematics(name)
        self.probe, self.arm = probe, self._kinematics.arm
        limits = self.arm.limits
        self._driver = TrajectoryExecutor(
            self.arm.joints,
            limits.lower,
            limits.upper,
            self.arm.home,
            interpolate_from_desired_state=True,
        )
        self.fault = ''
        self.carried = np.zeros((0, 3))
        self.cloud, self.cloud_frame = np.zeros((0, 3)), self.arm.base_frame
        self._frozen = self.arm.home
        self._states = topics.JOINT_STATES.publisher(probe.node)
        self._points = topics.POINTS.publisher(probe.node)
        self._tf = topics.TF_STATIC.publisher(probe.node)
        frames = [(self.arm.base_frame, 'camera')]
        self._tf.publish(tf_to_msg(probe.now_ns(), frames, T_BASE_CAMERA[None]))
        topics.JOINT_TRAJECTORY.subscription(probe.node, self._obey)
        probe.node.create_timer(0.01, self._report)
        probe.node.create_timer(0.05, self._look)

    def _obey(self, msg):
        now_ns = self.probe.now_ns()
        with suppress(TrajectoryRefusedError):  # One that comes too late changes nothing.
            self._driver.accept(trajectory_from_msg(msg), now_ns, *self._driver.sample(now_ns))

    def _report(self):
        now_ns = self.probe.now_ns()
        position, velocity = self._driver.sample(now_ns)
        if self.fault != 'frozen':
            self._frozen = position
        stamps = {'past': now_ns - 100 * SECOND, 'future': now_ns + 100 * SECOND}
        state = RobotState(
            stamps.get(self.fault, now_ns),
            self.arm.joints,
            self._frozen,
            velocity,
            np.zeros(len(position)),
        )
        if self.fault != 'silent':
            self._states.publish(self._spoilt(state_to_msg(state)))

    def _spoilt(self, msg: JointState) -> JointState:
        if self.fault == 'nan':
            msg.position[1] = float('nan')
        elif self.fault == 'sizes':
            msg.position = msg.position[:3]
        elif self.fault == 'twice':
            msg.name[1] = msg.name[0]
        elif self.fault == 'missing':
            keep = slice(0, -1)
            msg.name, msg.position = msg.name[keep], msg.position[keep]
            msg.velocity, msg.effort = msg.velocity[keep], msg.effort[keep]
        elif self.fault == 'pushed':
            msg.position[0] += 0.3
        return msg

    def _look(self):
        if self.fault != 'blind':
            stamp_ns = self.probe.now_ns()
            position, _ = self._driver.sample(stamp_ns)
            held = transform_points(self._kinematics.forward(position), self.carried)
            cloud = np.concatenate([self.cloud, held])
            self._points.publish(cloud_to_msg(cloud, stamp_ns, self.cloud_frame))


@pytest.fixture(scope='module')
def running(tmp_path_factory, own_domain):
    folder = tmp_path_factory.mktemp('inputs')
    with graph(folder, 'arm_control.launch.yaml', *SLOW_AND_GENTLE) as (launched, probe):
        stand_in = StandIn(probe)
        yield ControlledArm(launched, probe), stand_in


@pytest.fixture
def cell(running):
    """The arm and its stand-in, in order and ready to move."""
    arm, stand_in = running
    stand_in.fault, stand_in.cloud, stand_in.carried = '', np.zeros((0, 3)), np.zeros((0, 3))
    stand_in.cloud_frame = arm.arm.base_frame

    def ready():
        if arm.status.state == ArmState.HALTED:
            arm.call('resume')
        return arm.is_status(ArmState.HOLDING, HaltReason.NO_COMMAND)

    arm.probe.wait_for(ready, 'the arm to be ready')
    return arm, stand_in


def up_or_down(arm):
    """A place 10 cm away, towards 0.5 m over the table."""
    here = arm.pose[:3, 3]
    return here + np.array([0.0, 0.0, 0.1 if here[2] < 0.5 else -0.1])


@pytest.mark.parametrize(
    ('fault', 'reason', 'message'),
    [
        ('silent', HaltReason.JOINT_STATE_STALE, 'the joint state is '),
        ('nan', HaltReason.JOINT_STATE_INVALID, 'joint state: position[1] is not finite: nan'),
        ('sizes', HaltReason.JOINT_STATE_INVALID, 'joint state: position has shape (3,), exp'),
        ('twice', HaltReason.JOINT_STATE_INVALID, "joint state: joint_names has ['panda_joint1']"),
        ('missing', HaltReason.JOINT_STATE_INVALID, "the joint state lacks ['panda_joint7']; it"),
        ('past', HaltReason.CLOCK_MISMATCH, 'the joint state is stamped '),
        ('future', HaltReason.CLOCK_MISMATCH, 'the joint state is stamped '),
        ('blind', HaltReason.CLOUD_STALE, 'the cloud is 0.'),
    ],
)
def test_a_fault_of_an_input_brakes_the_arm_until_it_is_gone(cell, fault, reason, message):
    arm, stand_in = cell
    arm.start_moving(up_or_down(arm))
    stand_in.fault = fault
    said = arm.wait_status(ArmState.HALTED, reason, 10.0)
    assert said.startswith(message)
    stand_in.fault = ''
    arm.wait_status(ArmState.HOLDING, HaltReason.NO_COMMAND, 10.0)
    arm.go(up_or_down(arm))


@pytest.mark.parametrize(
    ('fault', 'reason', 'message'),
    [
        ('frozen', HaltReason.JOINT_STATE_FROZEN, "joint 'panda_joint"),
        ('pushed', HaltReason.CONTROLLER_FAILED, "joint 'panda_joint1' is at "),
    ],
)
def test_an_arm_that_does_not_follow_is_halted_until_resume(cell, fault, reason, message):
    arm, stand_in = cell
    goal = up_or_down(arm)
    arm.start_moving(goal)
    stand_in.fault = fault
    said = []
    arm.lead(
        goal,
        lambda: said or (arm.is_status(ArmState.HALTED, reason) and said.append(arm.status)),
        reason.name,
    )
    assert said[0].message.startswith(message)
    stand_in.fault = ''
    arm.probe.spin(0.3)
    assert arm.is_status(ArmState.HALTED, reason)
    arm.probe.wait_for(lambda: arm.call('resume').success, 'resume', 10.0)
    arm.go(up_or_down(arm))


def test_a_cloud_in_a_wrong_frame_is_not_used(cell):
    arm, stand_in = cell
    stand_in.cloud_frame = 'camera'
    said = arm.wait_status(ArmState.HALTED, HaltReason.CLOUD_STALE, 10.0)
    assert said == "the newest cloud is of no use: it is in frame 'camera', expected 'panda_link0'"


def grid(center, size=0.06, count=6):
    """A cube of points around a place, m."""
    side = np.linspace(-size / 2, size / 2, count)
    return np.asarray(center) + np.stack(np.meshgrid(side, side, side), -1).reshape(-1, 3)


def test_an_obstacle_stops_the_arm_but_not_where_the_plan_grasps(cell):
    arm, stand_in = cell
    goal = arm.pose[:3, 3] - np.array([0.0, 0.0, 0.15])
    stand_in.cloud = grid(goal)

    def stands_before_it():
        return arm.status.reason == HaltReason.OBSTACLE_NEAR and arm.speed() < 0.005

    arm.lead(goal, stands_before_it, 'the obstacle')
    assert arm.status.message.startswith('an obstacle is 0.0')
    assert not arm.at(goal, 0.03)
    now_ns = arm.probe.now_ns()
    in_camera = transform_points(invert(T_BASE_CAMERA), goal[None])[0]
    plan = WaypointPlan(
        plan_id=f'grasp {now_ns}',
        stamp_ns=now_ns,
        frame_id='camera',
        instruction='take it',
        waypoints=(Waypoint(in_camera, gripper=0.0),),
        expiry_ns=now_ns + 60 * SECOND,
    )
    arm.plans.publish(plan_to_msg(plan))
    arm.go(goal, plan_id=plan.plan_id)
    # Closed around it, it takes it along: what is carried is no obstacle either.
    arm.lead(
        goal,
        lambda: arm.gripper and not any(arm.gripper[-1].data),
        'closed fingers',
        plan_id=plan.plan_id,
        gripper=0.0,
    )
    stand_in.cloud, stand_in.carried = np.zeros((0, 3)), grid(np.zeros(3))
    arm.go(goal + np.array([0.0, 0.0, 0.15]), plan_id=plan.plan_id, gripper=0.0)
    stand_in.carried = np.zeros((0, 3))
    done = dataclasses.replace(plan, plan_id='done', waypoints=(Waypoint(in_camera),))
    arm.plans.publish(plan_to_msg(done))
