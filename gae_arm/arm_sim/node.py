"""The simulated arm as a ROS 2 node: it speaks as ros2_control and a RealSense driver do.

Three threads: the executor takes commands in, one steps the physics and publishes joint states
and /tf, one renders the camera. Physics and rendering run without Python's GIL.
"""

from __future__ import annotations

import dataclasses
import sys
import threading
import time

import numpy as np
from gae_msgs.srv import ResetScene
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Float64MultiArray, String

from gae_arm.arm_sim.camera import RgbdCamera
from gae_arm.arm_sim.driver import ArmDriver
from gae_arm.arm_sim.real_time import Pacer
from gae_arm.arm_sim.settings import TRUTH_RATE, ArmSimSettings
from gae_arm.arm_sim.simulation import ArmSimulation, SimulationDivergedError
from gae_arm.arm_sim.staging import make_stage
from gae_arm.arm_sim.tasks.truth import observe_truth
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import GaeError, InvalidValueError
from gae_arm.core.memory import give_back
from gae_arm.core.paths import arm_file
from gae_arm.core.urdf import load_urdf
from gae_arm.ros import diagnostics, parameters, topics
from gae_arm.ros.camera_msgs import frame_to_msgs
from gae_arm.ros.link_broadcaster import LinkBroadcaster
from gae_arm.ros.motion_msgs import state_to_msg
from gae_arm.ros.run import NodeThread, run_node
from gae_arm.ros.stamps import time_to_msg
from gae_arm.ros.trajectory_msgs import trajectory_from_bytes
from gae_arm.ros.transforms import tf_to_msg
from gae_arm.ros.truth_msgs import truth_to_msg


class ArmSimNode(Node):
    """Node `arm_sim`; see docs/topics.md for what it says and hears."""

    def __init__(self) -> None:
        super().__init__('arm_sim')
        self._settings = parameters.declare(self, ArmSimSettings)
        _check_time(self._settings)
        arm = load_arm(arm_file(self._settings.arm))
        urdf = load_urdf(arm)
        self._stage = make_stage(self._settings, self._settings.seed)
        self._simulation = ArmSimulation(
            arm,
            self._stage.scene,
            round(self._settings.timestep * 1e9),
            self._stage.modifiers if self._settings.camera_rate else (),
        )
        if self._stage.instruction:
            self.get_logger().info(f'{self._settings.task}: {self._stage.instruction}')
        self._driver = ArmDriver(self._simulation, **self._settings.controller())
        self._links = LinkBroadcaster(self, urdf)
        self._pacer = Pacer(
            self._simulation.timestep_ns, time.monotonic_ns(), self._settings.real_time_factor
        )
        self._steps = self._images = self._refusals = 0
        self._last_report = (time.monotonic(), 0, 0, 0)
        self._refusal = 'none'
        self._diagnostics = diagnostics.Diagnostics(self)
        self._load = diagnostics.ProcessLoad()
        self._make_publishers(urdf)
        self._make_subscriptions()
        self._closing = threading.Event()
        self._threads = [NodeThread(self, self._run_physics)]
        if self._settings.camera_rate:
            self._threads.append(NodeThread(self, self._run_camera))

    def _make_publishers(self, urdf: str) -> None:
        self._states = topics.JOINT_STATES.publisher(self)
        self._clock_publisher = (
            topics.CLOCK.publisher(self) if self._settings.publish_clock else None
        )
        self._tf_static = topics.TF_STATIC.publisher(self)
        self._objects = topics.OBJECT_POSES.publisher(self)
        self._truth = topics.SCENE_TRUTH.publisher(self)
        self._description = topics.ROBOT_DESCRIPTION.publisher(self)
        self._description.publish(String(data=urdf))
        self._publish_static_tf()
        self._color = topics.COLOR.publisher(self)
        self._depth = topics.DEPTH.publisher(self)
        self._info = topics.CAMERA_INFO.publisher(self)

    def _make_subscriptions(self) -> None:
        topics.JOINT_TRAJECTORY.subscription(self, self._take_trajectory, raw=True)
        topics.GRIPPER_COMMAND.subscription(self, self._take_gripper_command)
        self.create_service(ResetScene, '~/reset', self._reset)
        self.create_timer(1.0, self._report)
        parameters.on_change(self, self._settings, self._apply)

    def close(self) -> None:
        """End the threads."""
        self._closing.set()
        for thread in self._threads:
            thread.join()

    # -- time

    def _now_ns(self) -> int:
        """Return the time of stamps: simulation time if /clock is published, else the node's."""
        if self._settings.publish_clock:
            return self._simulation.stamp_ns
        return self.get_clock().now().nanoseconds

    def _run_physics(self) -> None:
        timestep_ns = self._simulation.timestep_ns
        each = {
            self._publish_states: max(round(1e9 / self._settings.joint_state_rate / timestep_ns), 1)
        }
        tf_steps = max(round(1e9 / self._settings.tf_rate / timestep_ns), 1)
        each[self._publish_objects] = tf_steps
        each[self._publish_truth] = max(round(1e9 / TRUTH_RATE / timestep_ns), 1)
        if self._settings.publish_tf:
            each[self._publish_tf] = tf_steps
        while not self._closing.wait(self._pacer.wait_ns(time.monotonic_ns()) / 1e9):
            due = self._pacer.due(time.monotonic_ns())
            self._advance(due)
            for publish, steps in each.items():
                if self._steps // steps != (self._steps - due) // steps:
                    publish()

    def _advance(self, steps: int) -> None:
        """Do the steps that are due, the last of them for now."""
        dt = self._simulation.timestep_ns
        last = self._now_ns() + (steps * dt if self._settings.publish_clock else 0)
        try:
            self._driver.advance(range(last - (steps - 1) * dt, last + 1, dt))
        except SimulationDivergedError as error:
            self._refuse('simulation', error)
            self._lay_out(self._settings.seed)
        self._steps += steps
        if self._clock_publisher:
            self._clock_publisher.publish(Clock(clock=time_to_msg(self._now_ns())))

    # -- out

    def _publish_states(self) -> None:
        state = dataclasses.replace(self._driver.observe(), stamp_ns=self._now_ns())
        self._states.publish(state_to_msg(state))

    def _publish_tf(self) -> None:
        self._links.publish(self._driver.observe(), self._now_ns())

    def _publish_objects(self) -> None:
        """Publish where the objects truly are; not on /tf: nobody must come to rely on it."""
        if not self._objects.get_subscription_count():
            return
        poses = self._simulation.object_poses()
        if poses:
            frames = [(self._simulation.arm.base_frame, name) for name in poses]
            msg = tf_to_msg(self._now_ns(), frames, np.array(list(poses.values())))
            self._objects.publish(msg)

    def _publish_truth(self) -> None:
        if self._truth.get_subscription_count():
            truth, frame = observe_truth(self._simulation), self._simulation.arm.base_frame
            self._truth.publish(truth_to_msg(truth, self._now_ns(), frame))

    def _publish_static_tf(self) -> None:
        """Publish the fixed joints (unless somebody else does) and the camera, once."""
        fixed = self._links.fixed() if self._settings.publish_tf else []
        if self._settings.camera_rate:
            frames = (self._simulation.arm.base_frame, self._settings.camera_frame)
            fixed.append((frames, self._stage.camera.T_base_camera))
        if fixed:
            frames, poses = zip(*fixed, strict=True)
            self._tf_static.publish(tf_to_msg(self._now_ns(), frames, np.array(poses)))

    def _run_camera(self) -> None:
        period_ns = round(1e9 / self._settings.camera_rate)
        pacer = Pacer(period_ns, time.monotonic_ns(), max_lag_ns=3 * period_ns)
        shown = self._simulation.model
        with RgbdCamera(shown, self._stage.camera, self._settings.noise()) as camera:
            while not self._closing.wait(pacer.wait_ns(time.monotonic_ns()) / 1e9):
                pacer.due(time.monotonic_ns())
                stamp_ns, snapshot = self._now_ns(), self._simulation.snapshot()
                if snapshot.model is not shown:  # A reset has built another one.
                    shown = snapshot.model
                    camera.set_model(shown, self._stage.camera)
                    give_back()
                self._publish_frame(camera.render(snapshot.qpos, stamp_ns))

    def _publish_frame(self, frame: CameraFrame) -> None:
        color, depth, info = frame_to_msgs(frame)
        # First what the cloud is made from: publishing an image takes a millisecond.
        self._info.publish(info)
        self._depth.publish(depth)
        self._color.publish(color)
        self._images += 1

    # -- in

    def _take_trajectory(self, data: bytes) -> None:
        try:
            trajectory = trajectory_from_bytes(data, self._settings.max_trajectory_points)
            self._driver.command_trajectory(trajectory, self._now_ns())
        except InvalidValueError as error:
            self._refuse('joint_trajectory_controller', error)

    def _take_gripper_command(self, msg: Float64MultiArray) -> None:
        try:
            self._driver.command_gripper(msg.data)
        except InvalidValueError as error:
            self._refuse('gripper_controller', error)

    def _reset(self, request: ResetScene.Request, response: ResetScene.Response) -> None:
        try:
            self._lay_out(request.seed)
            response.success = True
            names = ', '.join(item.name for item in self._simulation.scene.objects)
            response.message = f'scene {request.seed}: {names}'
            if self._stage.instruction:
                response.message = f'{self._stage.instruction} ({response.message})'
        except GaeError as error:
            response.message = str(error)
        return response

    def _lay_out(self, seed: int) -> None:
        """Put the arm home and lay out the stage of a seed; a task brings its own camera."""
        stage = make_stage(self._settings, seed)
        own_camera = bool(self._settings.has_task and self._settings.camera_rate)
        # Before the model is another: the camera's thread takes both when it sees that it is.
        self._stage = stage
        self._driver.reset(stage.scene, stage.modifiers if own_camera else None)
        give_back()
        if own_camera:
            self._publish_static_tf()

    def _apply(self, settings: ArmSimSettings) -> None:
        _check_time(settings)
        self._pacer.set_factor(settings.real_time_factor, time.monotonic_ns())
        self._settings = settings

    def _refuse(self, subject: str, error: GaeError) -> None:
        """Say why something was not done, in the log and at once on /diagnostics."""
        self._refusals += 1
        reason = getattr(error, 'reason', None)
        self._refusal = f'{subject}: {error}'
        self.get_logger().error(self._refusal)
        values = {'reason': reason.value} if reason else {}
        self._diagnostics.publish(subject, diagnostics.ERROR, str(error), values)

    def _report(self) -> None:
        now = (time.monotonic(), self._steps, self._images, self._pacer.slipped_ns)
        seconds, steps, images, slipped = np.subtract(now, self._last_report)
        self._last_report = now
        factor = steps * self._simulation.timestep_ns / 1e9 / seconds
        slow = slipped > 0.1e9 * seconds
        self._diagnostics.publish(
            'simulation',
            diagnostics.WARN if slow else diagnostics.OK,
            'slower than asked: this machine is too busy' if slow else 'running',
            {
                'state': self._driver.progress(self._now_ns()).state.name,
                'real_time_factor': float(factor),
                'slipped_s': self._pacer.slipped_ns / 1e9,
                'camera_rate': float(images / seconds),
                'cpu_cores': self._load.cores(),
                'refused_commands': self._refusals,
                'last_refusal': self._refusal,
            },
        )


def _check_time(settings: ArmSimSettings) -> None:
    if settings.real_time_factor != 1.0 and not settings.publish_clock:
        raise InvalidValueError(
            f'real_time_factor is {settings.real_time_factor}: other than 1.0 needs '
            'publish_clock, or stamps and motion would disagree'
        )


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    # By default a thread may keep the interpreter for 5 ms: too long for the physics to wait.
    sys.setswitchinterval(0.0005)
    run_node(ArmSimNode, args)
