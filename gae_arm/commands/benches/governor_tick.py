"""What one tick of the governor costs, beside what a user would smooth joint commands with."""

from __future__ import annotations

from typing import Any

import numpy as np

from gae_arm.arm_control.arm_rules import make_governor
from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.command import JointCommand
from gae_arm.arm_control.governor import Governor
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.commands.benches.measure import Run
from gae_arm.core.arm import ArmConfig, load_arm
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file

AMPLITUDE = 0.1
FREQUENCY = 1.5
POINTS = 800
TICKS = 400


class TickBench:
    """Calls `Governor.tick` as a node does at 100 Hz, with a smooth command for all joints.

    rules: with workspace, self- and table collision and a cloud of 800 points renewed at 33 Hz, or
    with the joints' limits alone.
    """

    def __init__(self, name: str, rules: bool) -> None:
        settings = GovernorSettings(use_cloud=rules)
        self.arm = limited_arm(load_arm(arm_file(name)), settings)
        self._governor = self._make(settings, rules)
        self._governor.compile()
        random = np.random.default_rng(0)
        self._cloud = random.uniform([0.3, -0.4, 0.0], [0.8, 0.4, 0.1], (POINTS, 3))
        self._ticks = iter([self._prepared(k, settings.step_ns) for k in range(TICKS)])

    def __call__(self) -> None:
        """Do one tick, at most `TICKS` times."""
        self._governor.tick(*next(self._ticks))

    def _prepared(self, k: int, step_ns: int) -> tuple[int, Inputs, JointCommand]:
        """Return the arguments of tick k: an arm that does what it is told is 10 ms behind."""
        now_ns = (100 + k) * step_ns
        position = wave(self.arm, np.array([now_ns - step_ns]) * 1e-9)[0]
        zeros = np.zeros(len(position))
        state = RobotState(now_ns, self.arm.joints, position, zeros, zeros)
        times = now_ns + np.array([0, 1, 3, 6, 12]) * step_ns
        command = JointCommand(now_ns, self.arm.joints, times, wave(self.arm, times * 1e-9))
        return now_ns, Inputs(state, now_ns - k % 3 * step_ns, self._cloud), command

    def _make(self, settings: GovernorSettings, rules: bool) -> Governor:
        if not rules:
            return Governor(self.arm, settings)
        collision = CollisionModel(Kinematics(self.arm))
        collision.compile()
        return make_governor(collision, settings)


def wave(arm: ArmConfig, seconds: np.ndarray) -> np.ndarray:
    """Return positions (K, N) of a smooth motion around the home pose."""
    phase = FREQUENCY * seconds[:, None] + np.arange(len(arm.joints))
    reach = np.minimum(arm.limits.upper - arm.home, arm.home - arm.limits.lower)
    return arm.home + np.minimum(AMPLITUDE, reach) * np.sin(phase)


def ruckig_tick(name: str) -> dict[str, Run]:
    """Return one update of Ruckig's online trajectory generator; empty if it is not installed.

    It keeps velocity, acceleration and jerk. Position limits, distances, ages, reasons and messages
    are not its business.
    """
    try:
        import ruckig
    except ImportError:
        return {}
    arm = limited_arm(load_arm(arm_file(name)), GovernorSettings())
    generator: Any = ruckig.Ruckig(len(arm.joints), 0.01)
    given: Any = ruckig.InputParameter(len(arm.joints))
    out: Any = ruckig.OutputParameter(len(arm.joints))
    for key in ('velocity', 'acceleration', 'jerk'):
        setattr(given, f'max_{key}', getattr(arm.limits, key).tolist())
    given.current_position = wave(arm, np.zeros(1))[0].tolist()
    tick = 0

    def update() -> None:
        nonlocal tick
        tick += 1
        at, after = wave(arm, np.array([tick, tick + 1]) * 0.01)
        given.target_position, given.target_velocity = at.tolist(), ((after - at) / 0.01).tolist()
        generator.update(given, out)
        out.pass_to_input(given)

    return {'Ruckig, velocity to jerk only': update}
