"""arm_control as seen from outside: a policy leads the arm round and round, commands are timed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from gae_msgs.msg import ArmStatus as ArmStatusMsg
from rclpy.task import Future
from std_srvs.srv import Trigger

from gae_arm.core import geometry
from gae_arm.core.arm import ArmConfig
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.motion import ActionChunk, ArmState, HaltReason, RobotState
from gae_arm.core.urdf import load_urdf
from gae_arm.ros import topics
from gae_arm.ros.motion_msgs import chunk_to_msg, state_from_msg
from gae_arm.ros.observer import Observer
from gae_arm.ros.stamps import time_from_msg

WARM_UP = 3.0
RADIUS, LAP = 0.05, 1.6
"""m, s: the circle that the end effector is led on, at 0.2 m/s."""
STOPS = 20
LATCHED = (HaltReason.JOINT_STATE_FROZEN, HaltReason.CONTROLLER_FAILED)
"""What a machine that is too busy to move the simulated arm makes of it."""
STANDING = 0.02
"""rad/s: joints slower than this stand."""
SPACING_NS, ACTIONS, CHUNK_PERIOD = 50_000_000, 16, 0.05


@dataclass(frozen=True)
class CommandWatch:
    """What was seen.

    intervals: s, between two commands as the sender's DDS stamped them; those are left out in which
    the arm stood: then nothing is sent. stops: s, from the request to the stamp of the first joint
    state in which the arm stands. health: the node's last diagnostics before the stops.
    """

    intervals: np.ndarray
    stops: np.ndarray
    health: dict[str, str]


def watch(arm: ArmConfig, seconds: float) -> CommandWatch:
    """Lead the running arm for so long; call it without rclpy initialised."""
    sent_ns: list[int] = []
    stood_ns: list[int] = []
    health: dict[str, str] = {}
    with Observer('command_watch') as observer:
        node, leader = observer.node, _Leader(arm, observer)

        def take_status(msg: ArmStatusMsg) -> None:
            if msg.state != ArmState.MOVING:
                stood_ns.append(time_from_msg(msg.stamp))
            if msg.reason in LATCHED:
                leader.release()

        def take_command(_: bytes, info: dict[str, Any]) -> None:
            sent_ns.append(info['source_timestamp'])

        def take_health(msg: DiagnosticArray) -> None:
            for status in msg.status:
                if status.name == 'arm_control: control':
                    health.update({value.key: value.value for value in status.values})

        topics.ARM_STATUS.subscription(node, take_status)
        topics.DIAGNOSTICS.subscription(node, take_health)
        command = topics.JOINT_TRAJECTORY
        node.create_subscription(
            command.type,
            command.name,
            take_command,  # type: ignore[arg-type]
            topics.qos.EVENTS,
            raw=True,
        )
        observer.wait_for(leader.ready, 'arm and arm_control', timeout=180.0)
        observer.wait_for(lambda: 'real_time' in health, 'arm_control to be ready', timeout=180.0)
        node.create_timer(CHUNK_PERIOD, leader.send)
        observer.wait_for(lambda: len(sent_ns) > 10, 'commands')
        observer.spin(WARM_UP)
        sent_ns.clear()
        observer.spin(seconds)
        sent, seen = np.array(sent_ns), dict(health)
        stops = [leader.stop() for _ in range(STOPS)]
    return CommandWatch(_moving_intervals(sent, np.array(stood_ns)), np.array(stops), seen)


def _moving_intervals(sent_ns: np.ndarray, stood_ns: np.ndarray) -> np.ndarray:
    before, after = sent_ns[:-1, None], sent_ns[1:, None]
    stood = ((stood_ns >= before) & (stood_ns <= after)).any(axis=1)
    return np.diff(sent_ns)[~stood] * 1e-9


class _Leader:
    """Sends chunks along a circle that begins where the end effector stands."""

    def __init__(self, arm: ArmConfig, observer: Observer) -> None:
        self._arm, self._observer = arm, observer
        self._tree = KinematicTree(load_urdf(arm))
        self._state: RobotState | None = None
        self._center: np.ndarray | None = None
        self._start: tuple[int, float] | None = None
        self._sequence = itertools.count()
        topics.JOINT_STATES.subscription(observer.node, self._take_state)
        self._chunks = topics.ACTION_CHUNK.publisher(observer.node)
        self._stop, self._resume = (
            observer.node.create_client(Trigger, name) for name in ('stop', 'resume')
        )

    def ready(self) -> bool:
        return self._state is not None and self._chunks.get_subscription_count() > 0

    def _take_state(self, msg: Any) -> None:
        self._state = state_from_msg(msg)

    def send(self) -> None:
        now_ns = self._observer.now_ns()
        if self._center is None:
            place, self._turn = self._pose()
            self._center = place - np.array([0.0, 0.0, RADIUS])
        if self._start is None:
            # Where it was stopped on the circle, it goes on.
            _, y, z = self._pose()[0] - self._center
            self._start = now_ns, float(np.arctan2(y, z))
        start_ns, start = self._start
        times_ns = now_ns + np.arange(ACTIONS) * SPACING_NS
        phase = start + 2 * np.pi * (times_ns - start_ns) * 1e-9 / LAP
        circle = np.stack([np.zeros(ACTIONS), np.sin(phase), np.cos(phase)], axis=1)
        chunk = ActionChunk(
            stamp_ns=now_ns,
            frame_id=self._arm.base_frame,
            sequence=next(self._sequence),
            plan_id='',
            cloud_stamp_ns=None,
            policy='circle',
            times_ns=times_ns,
            position=self._center + RADIUS * circle,
            orientation=np.tile(self._turn, (ACTIONS, 1)),
            gripper=np.ones(ACTIONS),
        )
        self._chunks.publish(chunk_to_msg(chunk))

    def stop(self) -> float:
        """Stop the moving arm, and release it; return seconds from request to standing."""
        self._observer.wait_for(lambda: self._speed() > 5 * STANDING, 'the arm to move')
        asked_ns = self._observer.now_ns()
        self._observer.wait_for(self._stop.call_async(Trigger.Request()).done, 'stop')
        self._observer.wait_for(lambda: self._speed() < STANDING, 'the arm to stand')
        stood_ns = self._state.stamp_ns if self._state else 0
        self._observer.wait_for(self._released, 'resume')
        return (stood_ns - asked_ns) * 1e-9

    def release(self) -> Future:
        """Ask for resume, to go on from where the arm stands then."""
        self._start = None
        return self._resume.call_async(Trigger.Request())

    def _released(self) -> bool:
        answer = self.release()
        self._observer.wait_for(answer.done, 'an answer of resume')
        result = answer.result()
        return result is not None and result.success

    def _speed(self) -> float:
        if self._state is None:
            return 0.0
        names = list(self._state.joint_names)
        arm = [names.index(name) for name in self._arm.joints]
        return float(np.abs(self._state.velocity[arm]).max())

    def _pose(self) -> tuple[np.ndarray, np.ndarray]:
        """Return position (3,), m, and quaternion (4,) of the end effector."""
        assert self._state is not None
        positions = dict.fromkeys(self._tree.joints, 0.0)
        names, values = self._state.joint_names, self._state.position.tolist()
        positions |= dict(zip(names, values, strict=True))
        links = self._tree.link_transforms(positions, self._arm.base_frame)
        T = links[self._tree.links.index(self._arm.end_effector_frame)]
        return T[:3, 3], geometry.matrix_to_quaternion(T[:3, :3])
