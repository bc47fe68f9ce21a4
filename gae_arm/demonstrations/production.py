"""Episodes by number: which task and scene a number means, and how its demonstration is made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from action_expert.policies import make_policy
from gae_arm.arm_sim.tasks.errors import SamplingError
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.range_words import ranges_of
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.arm_sim.tasks.steps import Push
from gae_arm.core import checks
from gae_arm.demonstrations.dataset import Failure
from gae_arm.demonstrations.demonstrator import Demonstrator, DemonstratorSettings
from gae_arm.demonstrations.episode import Episode
from gae_arm.demonstrations.fast_cell import fast_cell
from gae_arm.demonstrations.recorder import Recorder, RecorderSettings
from gae_arm.demonstrations.rollout import Rollout, RolloutSettings
from gae_arm.demonstrations.strays import Bump, Straying
from gae_arm.demonstrations.variety import Variety

PER_TASK = 1_000_000
"""Numbers of each task: episode 2,000,017 is the scene of seed 17 of the third task."""
RATE = 50 / 3
"""Steps a second: a whole number of control periods, so that steps are evenly spaced."""
NO_SCENE = 'no scene'
"""Cause of a failure that is none of the demonstrator: many draws, none with room."""
SOURCE = 'demonstrator'
SALT = 19


@dataclass(frozen=True)
class Production:
    """How the demonstrations of a data set are made.

    arm: a name in `config/arms`, or a YAML file. ranges: in words, see `ranges_of`.
    """

    arm: str = 'panda'
    ranges: str = 'training'
    recorder: RecorderSettings = dataclasses.field(default_factory=RecorderSettings)
    demonstrator: DemonstratorSettings = dataclasses.field(default_factory=DemonstratorSettings)

    def __post_init__(self) -> None:
        """Validate."""
        ranges_of(self.ranges)

    def recipe(self) -> dict[str, Any]:
        """Return it as the recipe of a data set, plain JSON."""
        return {'source': SOURCE, **dataclasses.asdict(self)}

    def __call__(self, number: int) -> Episode | Failure:
        """Make the episode of a number, in whatever process."""
        name, seed = task_of(number)
        try:
            instance = TASKS[name].sample(seed, ranges_of(self.ranges))
        except SamplingError as error:
            return Failure(NO_SCENE, str(error))
        return self._demonstrate(instance)

    def _demonstrate(self, instance: TaskInstance) -> Episode | Failure:
        cell, rng = fast_cell(self.arm), np.random.default_rng([instance.seed, SALT])
        cell.load(instance)
        planner = Demonstrator(self.demonstrator)
        pushes = any(isinstance(step, Push) for step in instance.steps)
        speeds = Variety(rng).settings(pushes)
        policy = Straying(make_policy('spline', cell.arm, speeds), self.demonstrator.stray, rng)
        recorder = Recorder(cell, self.recorder, lambda: policy.meant)
        outcome = Rollout(
            cell,
            planner,
            policy,
            RolloutSettings(camera_rate=RATE),
            recorder,
            Bump(rng) if rng.random() < self.demonstrator.bump else None,
            revise=planner.revise,
        ).run()
        if not outcome.success:
            return Failure(outcome.cause, f'after {outcome.seconds:.1f} s: {outcome.interventions}')
        notes = (f'draws without room or clear words before this scene: {instance.rejects}',)
        return recorder.episode(
            SOURCE,
            instance.seed,
            success=True,
            mistaken=planner.is_mistaken,
            notes=notes if instance.rejects else (),
        )


def numbers(tasks: Iterable[str], seed: int, episodes: int) -> list[int]:
    """Return the numbers of so many scenes of each task, from a seed on.

    Tasks take turns, so that a part of a data set has some of each. Raises InvalidValueError with
    the tasks that there are.
    """
    checks.integer('episodes', episodes, 1, PER_TASK)
    checks.integer('seed', seed, 0, PER_TASK - episodes)
    names = list(TASKS)
    first = [names.index(checks.known('task', name, TASKS)) * PER_TASK + seed for name in tasks]
    return [begin + i for i in range(episodes) for begin in first]


def task_of(number: int) -> tuple[str, int]:
    """Return the task and the seed of an episode's number."""
    checks.integer('episode number', number, 0, len(TASKS) * PER_TASK - 1)
    return list(TASKS)[number // PER_TASK], number % PER_TASK
