"""How soon the arm stands after a stop, and how smoothly chunks meet."""

from __future__ import annotations

import dataclasses

import numpy as np

from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.command import JointCommand
from gae_arm.arm_control.governor import Governor
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.commands.benches.motion_checker import state_at
from gae_arm.commands.benches.streamed_arm import START_NS, StreamedArm
from gae_arm.core import geometry
from gae_arm.core.arm import ArmConfig, load_arm
from gae_arm.core.motion import ActionChunk, RobotState
from gae_arm.core.paths import arm_file

STOPS = 200
HAND_SPEED = 0.25
MOST_DELAY = 0.4


def stop_durations(name: str, seed: int) -> dict[str, list[float]]:
    """Return milliseconds from a stop request, at any moment of a period, until the arm stands.

    From the full speed of some joint, and from 0.25 m/s of the end effector.
    """
    settings = GovernorSettings(use_cloud=False, ramp=0.0)
    arm = limited_arm(load_arm(arm_file(name)), settings)
    kinematics = Kinematics(arm)
    random = np.random.default_rng([seed, 1])
    full: list[float] = []
    hand: list[float] = []
    for _ in range(STOPS):
        start = arm.home + random.uniform(-0.2, 0.2, len(arm.joints))
        start = np.clip(start, arm.limits.lower, arm.limits.upper)
        direction = random.uniform(-1, 1, len(arm.joints)) * arm.limits.velocity
        direction /= (np.abs(direction) / arm.limits.velocity).max()
        full.append(_stop(arm, settings, start, direction, random.random()))
        way = random.normal(size=3)
        twist = np.append(HAND_SPEED * way / np.linalg.norm(way), np.zeros(3))
        velocity = np.linalg.pinv(kinematics.jacobian(start)) @ twist
        if (np.abs(velocity) < arm.limits.velocity).all():
            hand.append(_stop(arm, settings, start, velocity, random.random()))
    return {'stop from full speed': full, 'stop from 0.25 m/s': hand}


def _stop(
    arm: ArmConfig,
    settings: GovernorSettings,
    start: np.ndarray,
    velocity: np.ndarray,
    phase: float,
) -> float:
    """Bring the arm to a velocity, stop it, return the milliseconds until it stands."""
    # Room enough to reach the speed and to brake; positions are not what is measured.
    wide = dataclasses.replace(arm.limits, lower=arm.limits.lower - 9, upper=arm.limits.upper + 9)
    arm = dataclasses.replace(arm, limits=wide)
    governor = Governor(arm, settings)
    step_ns, now_ns = settings.step_ns, START_NS
    position, zeros = start, np.zeros(len(start))
    times = np.arange(11) * step_ns
    steps = int(1.5 * (np.abs(velocity) / arm.limits.acceleration).max() * 1e9 / step_ns) + 20
    for _ in range(steps):
        state = RobotState(now_ns, arm.joints, position, zeros, zeros)
        timeline = governor.advance(now_ns)
        start_ns = now_ns + step_ns if timeline is None else timeline.start_ns
        path = position + (start_ns - now_ns + times)[:, None] * 1e-9 * velocity
        if timeline is not None:
            path = timeline.states[0, 0] + times[:, None] * 1e-9 * velocity
        command = JointCommand(now_ns, arm.joints, start_ns + times, path)
        sent = governor.tick(now_ns, Inputs(state), command).trajectory
        assert sent is not None
        now_ns += step_ns
        position = state_at(sent.stamp_ns, sent, now_ns)[0]
    # The request comes at some moment between two ticks; the next tick brakes.
    governor.stop()
    state = RobotState(now_ns, arm.joints, position, zeros, zeros)
    sent = governor.tick(now_ns, Inputs(state), None).trajectory
    assert sent is not None
    asked_ns = now_ns - round(phase * step_ns)
    return float(sent.stamp_ns + sent.times_ns[-1] - asked_ns) * 1e-6


def seam_steps(name: str, changes: int, seed: int) -> dict[str, tuple[str, float]]:
    """Return the largest steps of what the joints are told where one chunk follows another.

    Noisy chunks along a curve, begun every 100 ms on average, arrive 0 to 400 ms later. The steps
    are those from the old message to the new one at the moment when the controller takes it over.
    """
    settings = GovernorSettings(use_cloud=False)
    arm = limited_arm(load_arm(arm_file(name)), settings)
    cell = StreamedArm(CollisionModel(Kinematics(arm)), settings)
    random = np.random.default_rng([seed, 2])
    center, turn = cell.pose[:3, 3], geometry.matrix_to_quaternion(cell.pose[:3, :3])
    arriving: list[tuple[int, ActionChunk]] = []
    steps, last = np.zeros(3), None
    while changes:
        if random.random() < 0.1:
            made = cell.chunk(_curve(cell.now_ns, center, random), turn, 0.05)
            arriving.append((cell.now_ns + int(random.uniform(0, MOST_DELAY) * 1e9), made))
        due = [chunk for at_ns, chunk in arriving if at_ns <= cell.now_ns]
        arriving = [pair for pair in arriving if pair[0] > cell.now_ns]
        accepted = sum(cell.follower.accept(chunk) is None for chunk in due)
        at_ns = cell.now_ns + settings.step_ns // 2
        sent = cell.tick().trajectory
        if accepted and last is not None and sent is not None:
            gap = state_at(sent.stamp_ns, sent, at_ns) - state_at(last.stamp_ns, last, at_ns)
            steps = np.maximum(steps, np.abs(gap).max(axis=1))
        changes -= min(accepted, changes)
        last = sent
    names = ('position', 'rad'), ('velocity', 'rad/s'), ('acceleration', 'rad/s^2')
    return {key: (unit, float(step)) for (key, unit), step in zip(names, steps, strict=True)}


def _curve(now_ns: int, center: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return places (16, 3), m, 50 ms apart on a slow curve from now on, with 2 mm of noise."""
    t = (now_ns - START_NS) * 1e-9 + np.arange(16) * 0.05
    way = np.stack([0.05 * np.sin(0.7 * t), 0.1 * np.sin(t), 0.05 * np.sin(1.3 * t)], axis=1)
    return center + way + random.normal(0, 0.002, way.shape)
