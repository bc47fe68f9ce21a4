"""One trial: a task of a seed, carried out by one policy on one arm, with given errors."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from action_expert.policies import make_policy
from gae_arm.arm_sim.tasks.axes import HELD_OUT, TRAINING, Choices, Ranges
from gae_arm.arm_sim.tasks.registry import find_task
from gae_arm.demonstrations.fast_cell import fast_cell
from gae_arm.demonstrations.oracle import Oracle, PlanNoise
from gae_arm.demonstrations.rollout import Rollout, RolloutSettings
from gae_arm.demonstrations.score import Outcome
from gae_arm.demonstrations.ways import NoWayError
from gae_arm.evaluation.disturbances import MoveTarget
from gae_arm.evaluation.obedience import ErasedOracle, ShiftedOracle

PLANNERS: dict[str, type[Oracle]] = {
    planner.name: planner for planner in (Oracle, ShiftedOracle, ErasedOracle)
}
RANGES = {'training': TRAINING, 'held_out': HELD_OUT}


@dataclass(frozen=True)
class Trial:
    """What is tried. It says everything: the same trial gives the same result.

    planner: a key of PLANNERS. ranges: 'training' or 'held_out'. pixel_noise: m, standard deviation
    of the error of every pixel of the depth image. move: m, that the first target is moved by in
    mid-reach.
    """

    task: str
    seed: int
    arm: str = 'panda'
    policy: str = 'spline'
    planner: str = 'oracle'
    ranges: str = 'held_out'
    noise: PlanNoise = field(default_factory=PlanNoise)
    rollout: RolloutSettings = field(default_factory=RolloutSettings)
    pixel_noise: float = 0.0
    move: float = 0.0

    @property
    def key(self) -> str:
        """Return a short name of exactly this trial, for logs that are resumed."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Result:
    """How a trial went. length: of the task. outcome: see `Outcome`."""

    trial: Trial
    length: str
    outcome: Outcome

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {'key': self.trial.key, **dataclasses.asdict(self)}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Result:
        """Return the result of plain JSON."""
        trial = dict(data['trial'])
        trial['noise'] = PlanNoise(**trial['noise'])
        trial['rollout'] = RolloutSettings(**trial['rollout'])
        return Result(Trial(**trial), data['length'], Outcome(**data['outcome']))


def run_trial(trial: Trial) -> Result:
    """Carry a trial out in this process."""
    task, cell = find_task(trial.task), fast_cell(trial.arm)
    cell.pixel_noise = trial.pixel_noise
    cell.load(task.sample(trial.seed, ranges(trial.ranges, trial.planner)))
    rollout = Rollout(
        cell,
        PLANNERS[trial.planner](trial.noise, trial.seed),
        make_policy(trial.policy, cell.arm),
        trial.rollout,
        disturb=MoveTarget(trial.move, trial.seed) if trial.move else None,
        seed=trial.seed,
    )
    try:
        outcome = rollout.run()
    except NoWayError:
        outcome = Outcome(False, 'out of reach', 0.0, 0.0, 0, 0)
    return Result(trial, task.length, outcome)


def ranges(name: str, planner: str = 'oracle') -> Ranges:
    """Return the ranges that scenes are drawn from; a plan that is shifted needs a distractor."""
    chosen = RANGES[name]
    return chosen.override('distractors', count=Choices((2,))) if planner == 'shifted' else chosen
