"""The simulated arm as seen from another process: rates, jitter, how well it follows."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState

from gae_arm.core.arm import ArmConfig
from gae_arm.core.trajectory import JointTrajectory
from gae_arm.ros import topics
from gae_arm.ros.motion_msgs import state_from_msg
from gae_arm.ros.observer import Observer
from gae_arm.ros.trajectory_msgs import trajectory_to_msg

WARM_UP = 2.0  # s
SWING = 0.15  # rad, amplitude of every joint
PERIOD = 4.0  # s
POINT_NS = 100_000_000


@dataclass(frozen=True)
class ArmWatch:
    """What was seen.

    seconds: how long. images: colour images that arrived. real_time_factor, cpu_cores: as the
    node reports them, one a second. intervals: s, between arrivals of joint states. error: rad,
    largest over the joints, of each joint state against the trajectory at its stamp.
    """

    seconds: float
    images: int
    real_time_factor: np.ndarray
    cpu_cores: np.ndarray
    intervals: np.ndarray
    error: np.ndarray


def watch(arm: ArmConfig, seconds: float, camera: bool) -> ArmWatch:
    """Swing all joints of the running arm for `seconds`; call it without rclpy initialised."""
    states: list[tuple[float, bytes]] = []
    images: list[float] = []
    health: list[dict[str, str]] = []
    with Observer('arm_watch') as observer:
        node = observer.node
        topics.JOINT_STATES.subscription(
            node, lambda data: states.append((time.monotonic(), data)), raw=True
        )
        topics.DIAGNOSTICS.subscription(node, lambda msg: health.extend(_health(msg)))
        if camera:
            topics.COLOR.subscription(node, lambda _: images.append(time.monotonic()), raw=True)
        command = topics.JOINT_TRAJECTORY.publisher(node)
        observer.wait_for(lambda: states and (images or not camera), 'the simulated arm')
        observer.wait_for(command.get_subscription_count, 'a controller')
        start_ns = observer.now_ns() + 500_000_000
        command.publish(trajectory_to_msg(_swing(arm, seconds + WARM_UP, start_ns)))
        observer.spin(WARM_UP)
        for seen in (states, images, health):
            seen.clear()
        observer.spin(seconds)
    return ArmWatch(
        seconds,
        len(images),
        np.array([float(values['real_time_factor']) for values in health]),
        np.array([float(values['cpu_cores']) for values in health]),
        np.diff([arrival for arrival, _ in states]),
        _errors(arm, [data for _, data in states], start_ns),
    )


def _swing(arm: ArmConfig, seconds: float, start_ns: int) -> JointTrajectory:
    times_ns = np.arange(1, round((seconds + 1.0) * 1e9 / POINT_NS)) * POINT_NS
    position, velocity = _swing_at(arm, times_ns)
    velocity[-1] = 0.0
    return JointTrajectory(arm.joints, start_ns, times_ns, position, velocity)


def _swing_at(arm: ArmConfig, times_ns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and velocities (N, J): every joint swings up from home and back."""
    w = 2 * np.pi / PERIOD
    t = (times_ns / 1e9)[:, None]
    shape = np.ones(len(arm.joints))
    return (
        arm.home + SWING / 2 * (1 - np.cos(w * t)) * shape,
        SWING / 2 * w * np.sin(w * t) * shape,
    )


def _errors(arm: ArmConfig, states: list[bytes], start_ns: int) -> np.ndarray:
    """Return the largest joint error of each state; its stamp is the time of the measurement."""
    errors = []
    for data in states:
        state = state_from_msg(deserialize_message(data, JointState))
        wanted, _ = _swing_at(arm, np.array([state.stamp_ns - start_ns]))
        errors.append(np.abs(state.select(arm.joints) - wanted[0]).max())
    return np.array(errors)


def _health(msg: topics.DiagnosticArray) -> list[dict[str, str]]:
    every = [{value.key: value.value for value in status.values} for status in msg.status]
    return [values for values in every if 'real_time_factor' in values]
