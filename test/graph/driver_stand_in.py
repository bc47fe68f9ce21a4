"""Runs as a process: the simulated arm, speaking as one of three real drivers and a camera do.

`python driver_stand_in.py NAME`. Names of topics, actions, nodes and joints are written out here as
the drivers have them (docs/real_arm.md has the sources), not taken from config/drivers: that these
agree is what is tested.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import rclpy
from control_msgs.action import GripperCommand, ParallelGripperCommand
from controller_manager_msgs.msg import ControllerState
from controller_manager_msgs.srv import ListControllers
from rclpy.action import ActionServer
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.ros import qos

NAN = float('nan')


@dataclass(frozen=True)
class Dialect:
    """How one driver speaks; gripper_range: what it calls closed and open."""

    controller: str
    states: str
    gripper_states: str
    gripper_joints: tuple[str, ...]
    gripper_range: tuple[float, float]
    action: str
    parallel: bool
    repeats: str
    parameters: tuple[tuple[str, str, object], ...]


DIALECTS = {
    'panda': Dialect(
        'panda_arm_controller',
        '/franka/joint_states',
        '/panda_gripper/joint_states',
        ('panda_finger_joint1', 'panda_finger_joint2'),
        (0.0, 0.04),
        '/panda_gripper/gripper_action',
        False,
        '/joint_states',
        (
            ('panda_arm_controller', 'open_loop_control', True),
            ('panda_gripper', 'default_grasp_epsilon.outer', 0.08),
        ),
    ),
    'ur5': Dialect(
        'scaled_joint_trajectory_controller',
        '/joint_states',
        '/joint_states',
        ('robotiq_85_left_knuckle_joint',),
        (0.7929, 0.0),
        '/robotiq_gripper_controller/gripper_cmd',
        True,
        '',
        (('scaled_joint_trajectory_controller', 'interpolate_from_desired_state', True),),
    ),
    'xarm7': Dialect(
        'xarm7_traj_controller',
        '/joint_states',
        '/xarm/joint_states',
        ('drive_joint', 'left_finger_joint', 'right_finger_joint'),
        (0.85, 0.0),
        '/xarm_gripper/gripper_action',
        False,
        '/joint_states',
        (('xarm7_traj_controller', 'interpolate_from_desired_state', True),),
    ),
}
REMAPS = {
    'joint_states': '/stand_in/joint_states',
    'gripper_controller/commands': '/stand_in/gripper',
    'camera/color/image_raw': '/camera/camera/color/image_raw',
    'camera/color/camera_info': '/camera/camera/color/camera_info',
    'camera/aligned_depth_to_color/image_raw': ('/camera/camera/aligned_depth_to_color/image_raw'),
}
SIM = {
    'interpolate_from_desired_state': 'true',
    'camera_rate': '8.0',
    'camera_width': '160',
    'camera_height': '120',
    'camera_shadows': 'false',
    'joint_state_rate': '100.0',
}


class Driver(Node):
    """Between the simulated arm and the stack: the driver's dialect, and nothing of ours."""

    def __init__(self, name: str) -> None:
        super().__init__('driver_stand_in')
        self._arm, self._dialect = load_arm(arm_file(name)), DIALECTS[name]
        dialect = self._dialect
        self._opening, self._count = 1.0, 0
        self._waiting: tuple[float, Future] | None = None
        self._states = self.create_publisher(JointState, dialect.states, 10)
        self._gripper_states = self.create_publisher(JointState, dialect.gripper_states, 10)
        self._repeated = self.create_publisher(JointState, dialect.repeats or '/unused', 10)
        self._fingers = self.create_publisher(Float64MultiArray, '/stand_in/gripper', 1)
        self.create_subscription(JointState, '/stand_in/joint_states', self._report, qos.SENSOR)
        kind = ParallelGripperCommand if dialect.parallel else GripperCommand
        self._action = ActionServer(self, kind, dialect.action, self._execute)
        self.create_service(
            ListControllers, '/controller_manager/list_controllers', self._controllers
        )

    def _report(self, msg: JointState) -> None:
        n, dialect = len(self._arm.joints), self._dialect
        self._opening = self._arm.gripper.opening(msg.position[n:])
        names, position, velocity = list(msg.name[:n]), msg.position[:n], msg.velocity[:n]
        fingers = list(dialect.gripper_joints)
        closed, opened = dialect.gripper_range
        where = [closed + self._opening * (opened - closed)] * len(fingers)
        gripper = JointState(
            name=fingers, position=where, velocity=[NAN] * len(fingers), effort=[NAN] * len(fingers)
        )
        arm = JointState(name=names, position=position, velocity=velocity)
        arm.header.stamp = gripper.header.stamp = msg.header.stamp
        if dialect.gripper_states == dialect.states:
            arm.name, arm.position = names + fingers, [*position, *where]
            arm.velocity = [*velocity, *[0.0] * len(fingers)]
        elif self._count % 4 == 0:
            self._gripper_states.publish(gripper)
        self._states.publish(arm)
        if dialect.repeats and self._count % 10 == 0:
            self._repeat(names + fingers)
        self._count += 1
        self._arrive()

    def _repeat(self, names: list[str]) -> None:
        """Say old news with a new stamp, as joint_state_publisher does: here, zeros."""
        msg = JointState(name=names, position=[0.0] * len(names))
        msg.header.stamp = self.get_clock().now().to_msg()
        self._repeated.publish(msg)

    async def _execute(self, goal):  # type: ignore[no-untyped-def]
        command = goal.request.command
        position = command.position[0] if self._dialect.parallel else command.position
        closed, opened = self._dialect.gripper_range
        opening = min(max((position - closed) / (opened - closed), 0.0), 1.0)
        data = self._arm.gripper.positions(opening).tolist()
        self._fingers.publish(Float64MultiArray(data=data))
        self._waiting = (opening, Future())
        await self._waiting[1]
        goal.succeed()
        result = goal._action_type.Result()
        result.reached_goal = True
        return result

    def _arrive(self) -> None:
        if self._waiting is not None and abs(self._waiting[0] - self._opening) < 0.02:
            self._waiting[1].set_result(True)
            self._waiting = None

    def _controllers(self, _, response):  # type: ignore[no-untyped-def]
        names = (self._dialect.controller, 'joint_state_broadcaster')
        response.controller = [ControllerState(name=name, state='active') for name in names]
        return response


def parameter_nodes(name: str) -> list[Node]:
    """Nodes with the parameters that the driver's have, as the user has set them."""
    nodes = []
    for node, parameter, value in DIALECTS[name].parameters:
        nodes.append(Node(node))
        nodes[-1].declare_parameter(parameter, value)
    return nodes


def simulator(name: str) -> subprocess.Popen:
    """Start the simulated arm with the driver's and the camera's names."""
    controller = f'/{DIALECTS[name].controller}/joint_trajectory'
    remaps = REMAPS | {'joint_trajectory_controller/joint_trajectory': controller}
    words = [w for pair in remaps.items() for w in ('-r', ':='.join(pair))]
    words += [w for pair in ({'arm': name} | SIM).items() for w in ('-p', ':='.join(pair))]
    start = 'from gae_arm.commands.start import arm_sim; arm_sim()'
    return subprocess.Popen([sys.executable, '-c', start, '--ros-args', *words])


def main(name: str) -> None:
    """Run until SIGINT."""
    process = simulator(name)
    rclpy.init()
    executor = SingleThreadedExecutor()
    for node in (Driver(name), *parameter_nodes(name)):
        executor.add_node(node)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        process.terminate()
        process.wait(20.0)
        rclpy.try_shutdown()


if __name__ == '__main__':
    main(sys.argv[1])
