"""One trial: a task of a seed, carried out by one policy on one arm, with given errors."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from action_expert.expert.policy import ActionExpert, weights_folder
from action_expert.expert.weights import checksum
from action_expert.following import PolicySettings
from action_expert.policies import make_policy
from gae_arm.arm_sim.simulation import SimulationDivergedError
from gae_arm.arm_sim.tasks.axes import Ranges
from gae_arm.arm_sim.tasks.errors import SamplingError
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.range_words import ranges_of
from gae_arm.arm_sim.tasks.registry import find_task
from gae_arm.core.truth import Truth
from gae_arm.demonstrations.cell import Cell
from gae_arm.demonstrations.fast_cell import fast_cell
from gae_arm.demonstrations.oracle import PersistentOracle, PlanNoise
from gae_arm.demonstrations.production import NO_SCENE
from gae_arm.demonstrations.rollout import Rollout, RolloutSettings
from gae_arm.demonstrations.score import Outcome
from gae_arm.evaluation.admission import Admission
from gae_arm.evaluation.disturbances import MoveTarget
from gae_arm.evaluation.planners import make_planner

if TYPE_CHECKING:
    from gae_arm.evaluation.film import Film

IN_PROCESS, THROUGH_ROS = 'process', 'ros'
NEEDS = {'shifted': 'distractors.count=2'}
"""What the scenes of a planner must have, in words."""


@dataclass(frozen=True)
class Trial:
    """What is tried. It says everything: the same trial gives the same result.

    planner: a name that `make_planner` takes. ranges: what the scene is drawn from, in words: see
    `ranges_of`. pixel_noise: m, standard deviation of the error of every pixel of the depth image.
    lost_points: share of the points of every cloud that are lost. move: m, that the first target is
    moved by in mid-reach. through: 'process', or 'ros' for the nodes on a graph. weights,
    flow_steps: of the policy `expert`: a folder, '' for those of the stack; steps from noise to an
    answer.
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
    lost_points: float = 0.0
    move: float = 0.0
    through: str = IN_PROCESS
    weights: str = ''
    flow_steps: int = 1

    def instance(self) -> TaskInstance:
        """Return the task in its scene. Raises SamplingError where no draw of many has one."""
        return find_task(self.task).sample(self.seed, self.drawn_from)

    @property
    def words(self) -> str:
        """Return the ranges in words; a plan that is shifted needs a distractor to go to."""
        return f'{self.ranges} {NEEDS.get(self.planner, "")}'.strip()

    @property
    def drawn_from(self) -> Ranges:
        """Return the ranges that the scene is drawn from."""
        return ranges_of(self.words)

    @property
    def key(self) -> str:
        """Return a short name of exactly this trial, for logs that are resumed.

        Of the expert's weights it holds what they are, not where. Raises ConfigError if there are
        none.
        """
        fields = dataclasses.asdict(self)
        del fields['weights'], fields['flow_steps']
        if self.policy == ActionExpert.name:
            fields['weights'] = checksum(weights_folder(self.weights))
            fields |= {'flow_steps': self.flow_steps} if self.flow_steps != 1 else {}
        text = json.dumps(fields, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def policy_settings(self) -> PolicySettings:
        """Return the settings of the policy; raise InvalidValueError for impossible ones."""
        return PolicySettings(weights=self.weights, steps=self.flow_steps)


@dataclass(frozen=True)
class Result:
    """How a trial went.

    length: of the task. outcome: see `Outcome`. rejects: draws of a scene that could not be used,
    before the one that was. note: why there was no scene at all.
    """

    trial: Trial
    length: str
    outcome: Outcome
    rejects: int = 0
    note: str = ''

    @property
    def had_scene(self) -> bool:
        """Return whether anything could be tried: else it says nothing about the policy."""
        return self.outcome.cause != NO_SCENE

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {'key': self.trial.key, **dataclasses.asdict(self)}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Result:
        """Return the result of plain JSON."""
        trial = dict(data['trial'])
        trial['noise'] = PlanNoise(**trial['noise'])
        trial['rollout'] = RolloutSettings(**trial['rollout'])
        outcome = Outcome(**data['outcome'])
        rejects, note = data.get('rejects', 0), data.get('note', '')
        return Result(Trial(**trial), data['length'], outcome, rejects, note)


def run_trial(trial: Trial, film: Film | None = None) -> Result:
    """Carry a trial out in this process. film: looks on, and changes nothing."""
    try:
        instance = trial.instance()
    except SamplingError as error:
        return without_scene(trial, error)
    cell = fast_cell(trial.arm)
    cell.pixel_noise, cell.lost_points = trial.pixel_noise, trial.lost_points
    cell.load(instance)
    move = MoveTarget(trial.move, trial.seed) if trial.move else None

    def each_period(cell: Cell, truth: Truth) -> None:
        if move is not None:
            move(cell, truth)
        if film is not None:
            film.look(cell)

    planner = make_planner(trial.planner, trial.noise, trial.seed)
    rollout = Rollout(
        cell,
        planner,
        make_policy(trial.policy, cell.arm, trial.policy_settings),
        trial.rollout,
        watch=None if film is None else film.watch,
        disturb=each_period,
        seed=trial.seed,
        admit=Admission(cell.arm, instance.table_height),
        insist=isinstance(planner, PersistentOracle),
    )
    try:
        outcome = rollout.run()
    except SimulationDivergedError:
        outcome = Outcome(False, 'physics diverged', 0.0, 0.0, 0, 0)
    return Result(trial, instance.length, outcome, instance.rejects)


def without_scene(trial: Trial, error: SamplingError) -> Result:
    """Return the result of a trial whose seed has no scene."""
    outcome = Outcome(False, NO_SCENE, 0.0, 0.0, 0, 0)
    return Result(trial, find_task(trial.task).length, outcome, note=str(error))
