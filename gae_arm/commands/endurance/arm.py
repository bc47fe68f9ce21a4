"""The moving arm under examination: each message to it, and how soon it stands after a stop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from gae_msgs.msg import ArmStatus as ArmStatusMsg
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory as JointTrajectoryMsg

from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.commands.benches.motion_checker import MotionChecker, screw_axes
from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import GaeError
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason
from gae_arm.core.trajectory import JointTrajectory
from gae_arm.ros import topics
from gae_arm.ros.motion_msgs import state_from_msg, status_from_msg
from gae_arm.ros.observer import Observer
from gae_arm.ros.trajectory_msgs import trajectory_from_msg

QUEUE = 1000
STANDING, MOVING = 0.01, 0.05
"""rad/s: the fastest joint is slower, or faster."""
HERE = 0.02
"""rad: a trajectory that begins nearer to the arm begins where it is."""


class SoakArm:
    """Hears all that concerns the arm.

    checker: has judged every trajectory that left the governor. halted, stood: milliseconds from
    the request of each stop, out of motion, to HALTED on `arm_status`, and to joints that stand,
    on the node clock.
    """

    def __init__(self, observer: Observer, arm: ArmConfig) -> None:
        self._observer, self._arm = observer, arm
        settings = GovernorSettings()
        kept = limited_arm(arm, settings)
        box = np.array([settings.workspace_lower, settings.workspace_upper])
        self.checker = MotionChecker(kept, screw_axes(kept), box, settings.step_ns // 2)
        self.halted: list[float] = []
        self.stood: list[float] = []
        self.status: ArmStatus | None = None
        self.speed, self._position = 0.0, arm.home
        self._asked_ns: int | None = None
        self._stop = observer.node.create_client(Trigger, 'stop')
        _warm_up(kept, self.checker)
        # Each message is compared with the one before: none may be lost.
        qos = QoSProfile(depth=QUEUE, reliability=ReliabilityPolicy.RELIABLE)
        trajectories = replace(topics.JOINT_TRAJECTORY, qos=qos)
        trajectories.subscription(observer.node, self._take_trajectory)
        topics.JOINT_STATES.subscription(observer.node, self._take_joints)
        topics.ARM_STATUS.subscription(observer.node, self._take_status)

    def stop(self) -> bool:
        """Ask for a stop, and measure, if the arm moves; return whether it did."""
        if self.speed < MOVING or not self._stop.service_is_ready():
            return False
        self._asked_ns = self._observer.now_ns()
        self._stop.call_async(Trigger.Request())
        return True

    def release(self, seconds: float = 60.0) -> None:
        """Wait until the arm stands, and resume it if it is halted until somebody does.

        Raises GaeError with what it says of itself where that does not free it.
        """
        self._observer.wait_for(lambda: self.speed < STANDING, 'the arm to stand')
        self._asked_ns = None
        refusal = ''

        def free() -> bool:
            nonlocal refusal
            if self.status is not None and self.status.reason in LATCHED:
                refusal = self._observer.call(Trigger, 'resume', Trigger.Request()).message
                self._observer.spin(0.1)
            return self.status is not None and self.status.state == ArmState.HOLDING

        try:
            self._observer.wait_for(free, 'the arm to be free', seconds)
        except GaeError as error:
            raise GaeError(f'{error}: {self.status}; resume said {refusal!r}') from error

    def begin_anew(self) -> None:
        """Take note that the arm was put elsewhere: what comes next continues nothing."""
        self.checker.restart(self._position)

    def _take_trajectory(self, msg: JointTrajectoryMsg) -> None:
        trajectory = trajectory_from_msg(msg)
        if self.status is not None and self.status.reason in DISAGREES:
            self._take_as_new(trajectory)
        # Not when it is heard but from when it holds: nobody knows how long it was on its way.
        self.checker.check(trajectory, trajectory.stamp_ns)

    def _take_as_new(self, trajectory: JointTrajectory) -> None:
        """Judge a trajectory that stands where the arm is, as a new stream.

        An arm that is not where it was commanded must not jump back there: the governor gives up
        the old stream and begins anew at the measured position.
        """
        position, velocity, acceleration = (rows[0] for rows in trajectory.derivatives)
        stands = not velocity.any() and not acceleration.any()
        if stands and np.abs(position - self._position).max() < HERE:
            self.checker.restart(self._position)

    def _take_joints(self, msg: JointState) -> None:
        state = state_from_msg(msg)
        rows = [state.joint_names.index(joint) for joint in self._arm.joints]
        self._position, self.speed = state.position[rows], float(np.abs(state.velocity[rows]).max())
        if self._asked_ns is not None and self.speed < STANDING:
            self.stood.append(self._since_ms())
            self._asked_ns = None

    def _take_status(self, msg: ArmStatusMsg) -> None:
        before, self.status = self.status, status_from_msg(msg)
        news = before is None or before.reason != self.status.reason
        if self._asked_ns and news and self.status.reason == HaltReason.STOP_REQUESTED:
            self.halted.append(self._since_ms())

    def _since_ms(self) -> float:
        assert self._asked_ns is not None
        return (self._observer.now_ns() - self._asked_ns) * 1e-6


def _warm_up(arm: ArmConfig, checker: MotionChecker) -> None:
    """Compile what the checker needs: it would be deaf for seconds at its first message."""
    still = np.zeros((3, len(arm.joints)))
    times_ns = np.arange(3) * 10_000_000
    checker.check(JointTrajectory(arm.joints, 1, times_ns, arm.home + still, still, still), 1)
    checker.restart(arm.home)
    checker.trajectories = 0
    checker.violations.clear()


DISAGREES = (HaltReason.CONTROLLER_FAILED, HaltReason.JOINT_STATE_FROZEN)
LATCHED = (HaltReason.STOP_REQUESTED, *DISAGREES)
