"""The bridge to a real arm's driver: its joint states come in, gripper goals go out.

Motion does not pass here: `arm_control` commands the driver's controller itself.
"""

from __future__ import annotations

import dataclasses
from functools import partial

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from gae_arm.arm_driver.gripper_goals import GripperGoals
from gae_arm.arm_driver.joint_states import JointStateMerger
from gae_arm.arm_driver.settings import DriverSettings
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.paths import arm_file
from gae_arm.ros import diagnostics, driver_topics, parameters, topics
from gae_arm.ros.gripper_client import GripperAction, GripperTopic
from gae_arm.ros.motion_msgs import state_to_msg
from gae_arm.ros.run import run_node
from gae_arm.ros.stamps import time_from_msg

SPARE = 0.9
"""Share of a period after which a joint state counts as due: drivers are not on our grid."""


class DriverBridgeNode(Node):
    """Node `driver_bridge`; see docs/real_arm.md and docs/reference.md."""

    def __init__(self) -> None:
        super().__init__('driver_bridge')
        self._settings = settings = parameters.declare(self, DriverSettings)
        self._arm = load_arm(arm_file(settings.arm))
        self._merger = JointStateMerger(self._arm, settings)
        self._goals = GripperGoals(settings.gripper_step)
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._due_ns = self._passed = self._bad = 0
        self._said = ''
        self._gripper = self._make_gripper()
        self._states = driver_topics.JOINT_STATES.publisher(self)
        self._diagnostics = diagnostics.Diagnostics(self)
        self._make_subscriptions()

    def _make_subscriptions(self) -> None:
        settings = self._settings
        for name in {settings.joint_state_topic, settings.gripper_state_topic}:
            take = partial(self._take_state, name == settings.joint_state_topic)
            _at(topics.JOINT_STATES, name).subscription(self, take, raw=True)
        driver_topics.GRIPPER_COMMAND.subscription(self, self._take_gripper)
        self.create_timer(1.0, self._report)

    def _make_gripper(self) -> GripperAction | GripperTopic | None:
        settings = self._settings
        if settings.gripper == 'none':
            return None
        if settings.gripper == 'topic':
            return GripperTopic(self, settings.gripper_name, self._gripper_ended)
        return GripperAction(
            self,
            settings.gripper_name,
            settings.gripper == 'parallel_gripper_command',
            settings.gripper_joint,
            settings.gripper_effort,
            self._gripper_ended,
        )

    # -- joint states in --------------------------------------------------------------------------

    def _take_state(self, of_arm: bool, data: bytes) -> None:
        """Pass a joint state on if the last one was long enough ago; drivers send up to 1000 Hz."""
        now_ns = self._steady.now().nanoseconds
        if of_arm and now_ns < self._due_ns:
            return
        msg = deserialize_message(data, JointState)
        stamp_ns = time_from_msg(msg.header.stamp)
        try:
            state = self._merger.take(stamp_ns, msg.name, msg.position, msg.velocity, msg.effort)
        except InvalidValueError as error:
            self._bad += 1
            self.get_logger().error(f'joint state: {error}', throttle_duration_sec=1.0)
            return
        if of_arm and state is not None:
            self._states.publish(state_to_msg(state))
            self._passed += 1
            self._due_ns = now_ns + round(SPARE * 1e9 / self._settings.joint_state_rate)

    # -- gripper goals out ------------------------------------------------------------------------

    def _take_gripper(self, msg: Float64MultiArray) -> None:
        if len(msg.data) != len(self._arm.gripper.joints):
            self.get_logger().error(
                f'gripper command of {len(msg.data)} values for {list(self._arm.gripper.joints)}',
                throttle_duration_sec=1.0,
            )
            return
        opening = self._arm.gripper.opening(msg.data)
        self._merger.commanded = opening
        self._goals.want(opening)
        self._command_gripper()

    def _command_gripper(self) -> None:
        if self._gripper is None:
            return
        opening = self._goals.due(self._steady.now().nanoseconds * 1e-9)
        if opening is not None:
            self._gripper.send(self._settings.position(opening))
        elif self._goals.outdated:
            self._gripper.cancel()

    def _gripper_ended(self, carried_out: bool, text: str) -> None:
        self._goals.ended(carried_out)
        if carried_out:
            self.get_logger().info(f'gripper: {text}')
            self._command_gripper()
        else:
            self.get_logger().error(f'gripper: {text}', throttle_duration_sec=5.0)
        self._said = text

    def _report(self) -> None:
        if not self._passed:
            level, text = diagnostics.WARN, f'no joint state of the arm: {self._silence()}'
        elif self._bad:
            level, text = diagnostics.WARN, f'{self._bad} joint states could not be read'
        else:
            level, text = diagnostics.OK, 'passing on'
        values = {'joint_states': self._passed, 'gripper': self._said}
        self._diagnostics.publish('driver', level, text, values)
        self._passed = self._bad = 0

    def _silence(self) -> str:
        if self._merger.opening is None:
            return (
                f'the gripper has not said where {self._settings.gripper_joint!r} is, on '
                f'{self._settings.gripper_state_topic}'
            )
        return f'none on {self._settings.joint_state_topic}'


def _at(topic: topics.Topic, name: str) -> topics.Topic:
    return dataclasses.replace(topic, name=name)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run_node(DriverBridgeNode, args)
