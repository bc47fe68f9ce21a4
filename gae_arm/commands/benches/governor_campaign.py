"""Random and adversarial sequences of ticks against the governor; every message is checked.

Each sequence is told by a seed and its number alone: an arm, limits (some of them 0), a workspace
box, a place to start, a way to command, and what goes wrong meanwhile.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.governor import Governor, GovernorOutput
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.arm_control.rules import ObstacleRule, WorkspaceRule
from gae_arm.commands.benches.command_sources import Source, draw_source
from gae_arm.commands.benches.motion_checker import MotionChecker, screw_axes
from gae_arm.core.arm import ArmConfig, load_arm
from gae_arm.core.motion import ArmState, HaltReason, RobotState
from gae_arm.core.paths import arm_file

ARMS = ('panda', 'ur5', 'xarm7')
TICKS = (20, 50)
PERIODS = (0.002, 0.004, 0.01, 0.01, 0.01)
START_NS = 100 * 10**9
TROUBLE = 0.08
"""Share of ticks at which something goes wrong, in the sequences where something does."""


@dataclass
class Tally:
    """What happened in sequences: counts, and how close to its limits the motion came.

    violations: by kind. reasons: of the status. speed: of every sequence, the largest share of a
    joint's velocity limit.
    """

    sequences: int = 0
    ticks: int = 0
    messages: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    speed: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what happened in other sequences."""
        for key in ('sequences', 'ticks', 'messages', 'speed'):
            setattr(self, key, getattr(self, key) + getattr(other, key))
        self.violations += other.violations
        self.reasons += other.reasons


def run_sequences(seed: int, numbers: range) -> Tally:
    """Run these sequences of a campaign, one after the other."""
    total = Tally()
    for number in numbers:
        total.add(_Sequence(seed, number).run())
    return total


def run_portion(portion: tuple[int, range]) -> Tally:
    """Do the same for (seed, numbers), for a pool of processes."""
    return run_sequences(*portion)


@cache
def _machine(name: str) -> tuple[ArmConfig, Kinematics, np.ndarray, np.ndarray]:
    arm = load_arm(arm_file(name))
    kinematics = Kinematics(arm)
    return arm, kinematics, screw_axes(arm), CollisionModel(kinematics).joint_reach()


class _Sequence:
    """One sequence: the governor, a controller that obeys it, a source of commands, and trouble."""

    def __init__(self, seed: int, number: int) -> None:
        self.random = random = np.random.default_rng([seed, number])
        arm, self._kinematics, screws, reach = _machine(ARMS[number % len(ARMS)])
        arm, start = _changed(arm, random)
        forward = self._kinematics.forward
        open_space = random.random() < 0.4
        box = forward(start)[:3, 3] + (random.uniform(0.02, 0.6, (2, 3)) + 10 * open_space) * [
            [-1.0],
            [1.0],
        ]
        settings = GovernorSettings(
            period=float(random.choice(PERIODS)),
            velocity_scale=float(random.choice([0.0, 0.3, 0.5, *[1.0] * 7])),
            acceleration_scale=float(random.choice([0.5, 1.0, 1.0])),
            jerk_scale=float(random.choice([0.5, 1.0, 1.0])),
            workspace_lower=tuple(box[0]),
            workspace_upper=tuple(box[1]),
            use_cloud=bool(random.random() < 0.3),
            ramp=float(random.choice([0.0, 0.0, 0.1, 0.25])),
            seam_jump=float(random.choice([0.05, 0.1, 1.0])),
        )
        self.arm = limited_arm(arm, settings)
        rules = (
            []
            if open_space
            else [WorkspaceRule(lambda q: forward(q)[None, :3, 3], box[0], box[1], reach)]
        )
        obstacles = ObstacleRule(self._distance, 0.02, 0.1, reach) if settings.use_cloud else None
        self.governor = Governor(self.arm, settings, rules, obstacles)
        self.checker = MotionChecker(self.arm, screws, box, settings.step_ns // 2)
        self.step_ns = settings.step_ns
        self.now_ns = START_NS + int(random.integers(0, 10**9))
        self._position = start
        self._cloud = box[0] + random.random((40, 3)) * (box[1] - box[0])
        self._calm = random.random() < 0.4
        self._streaming = False
        self._halted = False

    def run(self) -> Tally:
        """Run it; return its tally."""
        tally = Tally(sequences=1)
        source = draw_source(self)
        fastest = 0.0
        for _ in range(int(self.random.integers(*TICKS))):
            if self.random.random() < 0.02:
                source = draw_source(self)
            output = self._tick(source)
            tally.ticks += 1
            self._halted = output.status.state == ArmState.HALTED
            tally.reasons[output.status.reason.name] += 1
            fastest = max(fastest, self._send(output))
        tally.messages = self.checker.trajectories
        tally.violations = +self.checker.violations
        tally.speed.append(fastest)
        return tally

    def _send(self, output: GovernorOutput) -> float:
        """Give what leaves the governor to the checker; return the share of the velocity limit."""
        trajectory = output.trajectory
        if trajectory is None:
            self._streaming = False
            return 0.0
        if not self._streaming:
            self.checker.restart(trajectory.positions[0])
        self._streaming = True
        self.checker.check(trajectory, self.now_ns)
        speed = np.abs(trajectory.derivatives[1])
        limit = self.arm.limits.velocity
        return float((speed[:, limit > 0] / limit[limit > 0]).max(initial=0.0))

    def _tick(self, source: Source) -> GovernorOutput:
        late = 1.0 + 0.2 * (self.random.random() - 0.5)
        trouble = '' if self._calm or self.random.random() > TROUBLE else self._trouble()
        if self._halted and self.random.random() < 0.1:
            trouble = 'resume'
        if trouble == 'late':
            late = float(self.random.integers(2, 40))
        elif trouble == 'early':
            late = self.random.random()
        self.now_ns += int(late * self.step_ns)
        if trouble == 'clock goes back' and self._streaming:
            back_ns = int(self.random.integers(10**8, 10**10))
            self.now_ns += self.step_ns - int(late * self.step_ns) - back_ns
            self.checker.move_clock(-back_ns)
        if trouble == 'stop':
            self.governor.stop()
        inputs = self._inputs(trouble)
        if trouble == 'resume':
            self.governor.resume(self.now_ns, inputs)
        timeline = self.governor.advance(self.now_ns)
        if timeline is None:
            return self.governor.tick(self.now_ns, inputs, None)
        command = source.command(timeline.start_ns, timeline.states[0, 0])
        if command is not None and trouble == 'old chunk':
            command = dataclasses.replace(command, stamp_ns=self.now_ns - 4 * 10**8)
        return self.governor.tick(self.now_ns, inputs, command)

    def _trouble(self) -> str:
        return str(self.random.choice(TROUBLES))

    def _inputs(self, trouble: str) -> Inputs:
        stamp_ns = self.now_ns - int(self.random.integers(0, 5 * 10**6))
        if self._streaming:
            self._position = self.checker.position(stamp_ns)
        position = self._position
        if trouble == 'moved':
            position = position + self.random.uniform(-0.5, 0.5, len(position))
        ages = {'stale joints': 2 * 10**8, 'other clock': -(10**12), 'ancient': 10**11}
        zeros = np.zeros(len(position))
        names = self.arm.joints[1:] if trouble == 'joint missing' else self.arm.joints
        cut = slice(len(self.arm.joints) - len(names), None)
        state = RobotState(
            max(0, stamp_ns - ages.get(trouble, 0)), names, position[cut], zeros[cut], zeros[cut]
        )
        refusal = Cause(HaltReason.UNREACHABLE, 'unreachable') if trouble == 'refusal' else None
        return Inputs(
            joint_state=None if trouble == 'no joints' else state,
            cloud_stamp_ns=stamp_ns - (3 * 10**8 if trouble == 'stale cloud' else 0),
            cloud=self._cloud,
            plan_expiry_ns=self.now_ns - 1 if trouble == 'expired plan' else None,
            refusal=refusal,
        )

    def _distance(self, q: np.ndarray, points: np.ndarray) -> float:
        place = self._kinematics.forward(q)[:3, 3]
        return float(np.linalg.norm(points - place, axis=1).min())


TROUBLES = (
    'late', 'late', 'early', 'stop', 'stop', 'resume', 'resume', 'moved', 'stale joints',
    'other clock', 'ancient', 'no joints', 'joint missing', 'stale cloud', 'expired plan',
    'refusal', 'old chunk', 'clock goes back',
)  # fmt: skip


def _changed(arm: ArmConfig, random: np.random.Generator) -> tuple[ArmConfig, np.ndarray]:
    """Return the arm with some limits set to 0 or to a point, and where it starts."""
    limits = arm.limits
    share = random.uniform(0.1, 0.9, len(arm.joints))
    if random.random() < 0.5:
        share[random.integers(len(share))] = random.choice([0.0, 0.02, 0.98, 1.0])
    start = np.minimum(limits.lower + share * (limits.upper - limits.lower), limits.upper)
    lower, upper = limits.lower.copy(), limits.upper.copy()
    new = {key: getattr(limits, key).copy() for key in ('velocity', 'acceleration', 'jerk')}
    if random.random() < 0.2:
        j = random.integers(len(arm.joints))
        key = random.choice(['velocity', 'acceleration', 'jerk', 'range'])
        if key == 'range':
            lower[j] = upper[j] = start[j]
        else:
            new[key][j] = 0.0
    changed = dataclasses.replace(limits, lower=lower, upper=upper, **new)
    return dataclasses.replace(arm, home=start, limits=changed), start
