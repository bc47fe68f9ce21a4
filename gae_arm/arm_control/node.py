"""The control of one arm as a ROS 2 node: everything that moves it passes the governor in here.

Two threads: the executor hears, checks and hands over; the control loop ticks at the governor's
period and sends. No images and no torch in this process, so that nothing long holds Python's GIL.
"""

from __future__ import annotations

import dataclasses
import sys
from functools import partial
from typing import Any

import numpy as np
from gae_msgs.msg import ActionChunk, WaypointPlan
from rclpy.node import Node
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from gae_arm.arm_control import real_time
from gae_arm.arm_control.control_loop import ControlLoop
from gae_arm.arm_control.controller import ArmController, ControlOutput
from gae_arm.arm_control.executed_path import ExecutedPath
from gae_arm.arm_control.grasp_sites import GraspSites
from gae_arm.arm_control.ik import IkSettings
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.settings import ArmControlSettings
from gae_arm.arm_control.status_gate import StatusGate
from gae_arm.arm_control.streaming import StreamSettings
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import GaeError, InvalidValueError
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import WaypointPlan as Plan
from gae_arm.core.transform_tree import TransformUnknownError
from gae_arm.ros import diagnostics, parameters, topics
from gae_arm.ros.cdr import path_to_bytes, trajectory_to_bytes
from gae_arm.ros.cloud_msgs import points_from_msg
from gae_arm.ros.motion_msgs import chunk_from_msg, state_from_msg, status_to_msg
from gae_arm.ros.plan_msgs import is_withdrawal, plan_from_msg
from gae_arm.ros.run import NodeThread, run_node
from gae_arm.ros.stamps import time_from_msg
from gae_arm.ros.trajectory_msgs import trajectory_from_bytes
from gae_arm.ros.transform_listener import TransformListener


class ArmControlNode(Node):
    """Node `arm_control`; see docs/safety.md and docs/reference.md."""

    def __init__(self) -> None:
        super().__init__('arm_control')
        self._settings = parameters.declare(self, ArmControlSettings)
        self._limits = parameters.declare(self, GovernorSettings)
        stream = parameters.declare(self, StreamSettings)
        ik = parameters.declare(self, IkSettings)
        self._arm = load_arm(arm_file(self._settings.arm))
        self._make_publishers()
        self._say_starting()
        self._controller = ArmController(self._arm, self._settings, self._limits, stream, ik)
        simulated = self.get_parameter('use_sim_time').value
        self._loop = ControlLoop(
            self._controller,
            self._now_ns,
            real_time.Sleeper(self._now_ns, simulated),
            self._send,
            real_time.collect_garbage,
        )
        self._unplaced: Plan | None = None
        self._granted: real_time.Granted | None = None
        self._make_subscriptions()
        self._thread = NodeThread(self, self._control)

    def _make_publishers(self) -> None:
        name = f'{self._settings.controller}/joint_trajectory'
        self._command = dataclasses.replace(topics.JOINT_TRAJECTORY, name=name).publisher(self)
        self._gripper = topics.GRIPPER_COMMAND.publisher(self)
        self._status = topics.ARM_STATUS.publisher(self)
        self._path = topics.EXECUTED_PATH.publisher(self)
        self._gate = StatusGate()
        self._logged = HaltReason.NONE
        rate = self._settings.path_rate
        self._executed = ExecutedPath(self._settings.path_length, round(1e9 / max(rate, 1e-3)))
        self._opening: float | None = None
        self._gripper_ns = 0
        self._diagnostics = diagnostics.Diagnostics(self)
        self._load = diagnostics.ProcessLoad()

    def _make_subscriptions(self) -> None:
        topics.JOINT_STATES.subscription(self, self._take_joint_state)
        topics.ACTION_CHUNK.subscription(self, self._take_chunk)
        topics.JOINT_COMMAND.subscription(self, self._take_joint_command, raw=True)
        topics.WAYPOINT_PLAN.subscription(self, self._take_plan)
        self._transforms: TransformListener | None = None
        if self._limits.use_cloud:
            topics.POINTS.subscription(self, self._take_cloud)
            self._transforms = TransformListener(self)
            self.create_timer(0.1, self._place_plan)
        self.create_service(Trigger, 'stop', self._stop)
        self.create_service(Trigger, 'resume', self._resume)
        self.create_service(Trigger, 'full_speed', self._full_speed)
        if not self._controller.permit.granted:
            self.create_service(Trigger, 'preflight_passed', self._preflight_passed)
        self.create_timer(1.0, self._report)

    def close(self) -> None:
        """End the control loop."""
        self._loop.close()
        self._thread.join(1.0)

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds

    # -- the control loop's thread ----------------------------------------------------------------

    def _control(self) -> None:
        self.get_logger().info('preparing the kernels; the first time this takes a minute')
        self._controller.compile()
        settings = self._settings
        self._granted = real_time.ask(settings.real_time_priority, settings.lock_memory)
        self.get_logger().info(f'ready: {self._granted.text}')
        real_time.settle_garbage()
        self._loop.run()

    def _send(self, output: ControlOutput) -> None:
        """Send what a tick gave: first what moves the arm."""
        if output.trajectory is not None:
            sent = output.trajectory.prefixed(self._settings.joint_prefix)
            self._command.publish(trajectory_to_bytes(sent))
        if output.gripper is not None:
            self._send_gripper(output.gripper, output.status.stamp_ns)
        if self._gate.passes(output.status):
            self._status.publish(status_to_msg(output.status))
            self._log(output.status)
        moving = output.status.state == ArmState.MOVING
        if moving and self._settings.path_rate and self._executed.due(output.status.stamp_ns):
            self._extend_path()

    def _log(self, status: ArmStatus) -> None:
        if status.state == ArmState.HALTED and status.reason != self._logged:
            text = f'halted: {status.reason.name}: {status.message}'
            self.get_logger().warning(text, throttle_duration_sec=1.0)
        if status.state != ArmState.MOVING:
            self._logged = status.reason

    def _send_gripper(self, opening: float, now_ns: int) -> None:
        rate = self._settings.gripper_keep_alive
        again = rate > 0 and abs(now_ns - self._gripper_ns) >= 1e9 / rate
        if opening != self._opening or again:
            self._opening, self._gripper_ns = opening, now_ns
            positions = self._arm.gripper.positions(opening)
            self._gripper.publish(Float64MultiArray(data=positions.tolist()))

    def _extend_path(self) -> None:
        measured = self._controller.measured_pose()
        if measured is not None and self._executed.add(*measured):
            path = self._executed
            data = (path.stamps_ns, path.position, path.orientation)
            self._path.publish(path_to_bytes(self._arm.base_frame, *data))

    def _begin_plan(self, plan: Plan) -> None:
        self._controller.take_plan(plan)
        self._executed.clear()

    # -- the executor's thread --------------------------------------------------------------------

    def _take_joint_state(self, msg: JointState) -> None:
        try:
            news = partial(self._controller.take_joint_state, state_from_msg(msg))
        except InvalidValueError as error:
            news = partial(self._controller.refuse_joint_state, str(error))
        self._loop.post(news)

    def _take_cloud(self, msg: PointCloud2) -> None:
        try:
            if msg.header.frame_id != self._arm.base_frame:
                raise InvalidValueError(
                    f'it is in frame {msg.header.frame_id!r}, expected {self._arm.base_frame!r}'
                )
            points = np.array(points_from_msg(msg), np.float64)
            news = partial(self._controller.take_cloud, time_from_msg(msg.header.stamp), points)
        except InvalidValueError as error:
            news = partial(self._controller.refuse_cloud, str(error))
        self._loop.post(news)

    def _take_chunk(self, msg: ActionChunk) -> None:
        try:
            chunk = chunk_from_msg(msg)
        except InvalidValueError as error:
            self._refuse('action_chunk', error)
        else:
            self._loop.post(partial(self._controller.take_chunk, chunk, self._now_ns()))

    def _take_joint_command(self, data: bytes) -> None:
        try:
            trajectory = trajectory_from_bytes(data, self._settings.max_command_points)
        except InvalidValueError as error:
            self._refuse('joint_command', error)
        else:
            take = self._controller.take_joint_trajectory
            self._loop.post(partial(take, trajectory, self._now_ns()))

    def _take_plan(self, msg: WaypointPlan) -> None:
        if is_withdrawal(msg):
            return  # No more chunks will come.
        try:
            plan = plan_from_msg(msg)
        except InvalidValueError as error:
            self._refuse('waypoint_plan', error)
            return
        self._loop.post(partial(self._begin_plan, plan))
        self._unplaced = plan
        self._place_plan()

    def _refuse(self, source: str, error: InvalidValueError) -> None:
        self._loop.post(partial(self._controller.refuse_command, source, error))

    def _place_plan(self) -> None:
        """Find out where the newest plan touches things; without its frame, try again later."""
        plan = self._unplaced
        if plan is None or self._transforms is None:
            return
        try:
            T = self._transforms.lookup(self._arm.base_frame, plan.frame_id, plan.stamp_ns)
        except TransformUnknownError as error:
            text = f'plan {plan.plan_id!r}: the cloud is an obstacle where it grasps, too: {error}'
            self.get_logger().warning(text, throttle_duration_sec=5.0)
            return
        opening = 1.0 if self._opening is None else self._opening
        sites = GraspSites.of(plan, T, opening)
        self._loop.post(partial(self._controller.set_sites, plan.plan_id, sites))
        self._unplaced = None

    def _stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._controller.stop('a stop was requested')
        response.success, response.message = True, 'the arm brakes and stands until resume'
        return response

    def _resume(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            answer = self._loop.call(lambda: self._controller.resume(self._now_ns()))
            response.success, response.message = answer
        except GaeError as error:
            response.message = f'not resumed: {error}'
        return response

    def _full_speed(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            response.message = self._loop.call(self._controller.full_speed)
            response.success = True
        except GaeError as error:
            response.message = str(error)
        return response

    def _preflight_passed(self, _: Trigger.Request, answer: Trigger.Response) -> Trigger.Response:
        """Take the word of `gae doctor --arm` that everything it looked at is well."""
        self._loop.post(partial(self._controller.permit.passed, self._now_ns()))
        answer.success, answer.message = True, 'gae resume lets the arm move'
        return answer

    def _say_starting(self) -> None:
        status = ArmStatus(
            self._now_ns(), ArmState.HALTED, HaltReason.NO_COMMAND, 'arm_control is starting', 0.0
        )
        self._status.publish(status_to_msg(status))

    def _report(self) -> None:
        values: dict[str, Any] = {'period_ms': self._limits.period * 1e3}
        values |= self._loop.record.values(self._limits.period)
        values['cpu_cores'] = self._load.cores()
        if self._granted is None:
            level, text = diagnostics.STALE, 'starting'
        else:
            values['real_time'] = self._granted.text
            level, text = diagnostics.OK, 'running'
        self._diagnostics.publish('control', level, text, values)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    # By default a thread may keep the interpreter for 5 ms: half a period.
    sys.setswitchinterval(0.0005)
    run_node(ArmControlNode, args)
