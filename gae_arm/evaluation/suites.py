"""What is tried in a suite: lists of trials."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core import checks
from gae_arm.demonstrations.oracle import PlanNoise
from gae_arm.demonstrations.rollout import RolloutSettings
from gae_arm.evaluation.trial import Trial

DEPTH_NOISES = (0.0, 0.01, 0.02, 0.05, 0.10, 0.50)
WAYPOINT_NOISES = (0.0, 0.01, 0.02, 0.03, 0.05)
DROPS = (0.0, 0.5, 0.9)
DELAYS = (0.0, 0.1, 0.2, 0.3, 0.5)
MOVES = (0.0, 0.05)


@dataclass(frozen=True)
class Choice:
    """What a user chooses. Raises InvalidValueError that lists what there is."""

    tasks: Sequence[str]
    policies: Sequence[str]
    arms: Sequence[str]
    episodes: int
    seed: int
    ranges: str = 'held_out'

    def trials(self, **common: Any) -> list[Trial]:
        """Return the trials of all tasks, policies and arms, the same scenes for each of them."""
        for task in self.tasks:
            checks.known('task', task, TASKS)
        base = Trial(self.tasks[0], self.seed, ranges=self.ranges)
        base = dataclasses.replace(base, **common)
        return [
            dataclasses.replace(base, task=task, seed=seed, arm=arm, policy=policy)
            for arm in self.arms
            for policy in self.policies
            for task in self.tasks
            for seed in range(self.seed, self.seed + self.episodes)
        ]


def tabletop(choice: Choice, noise: PlanNoise, rollout: RolloutSettings) -> list[Trial]:
    """Return policies x tasks x episodes."""
    return choice.trials(noise=noise, rollout=rollout)


def robustness(choice: Choice) -> dict[str, dict[float, list[Trial]]]:
    """Return the trials of every sweep: by what is varied, and by its value.

    depth noise: every pixel of the depth errs, and so does the depth of every waypoint.
    """
    return {
        'depth noise, m': {
            v: choice.trials(noise=PlanNoise(depth=v), pixel_noise=v) for v in DEPTH_NOISES
        },
        'waypoint noise, m': {
            v: choice.trials(noise=PlanNoise(waypoint=v)) for v in WAYPOINT_NOISES
        },
        'dropped clouds, share': {v: choice.trials(rollout=RolloutSettings(drop=v)) for v in DROPS},
        'delay, s': {v: choice.trials(rollout=RolloutSettings(delay=v)) for v in DELAYS},
        'moved in mid-reach, m': {v: choice.trials(move=v) for v in MOVES},
    }


def obedience(choice: Choice) -> list[Trial]:
    """Return trials whose plan leads to a distractor, and trials whose plan says nothing."""
    return [*choice.trials(planner='shifted'), *choice.trials(planner='erased')]
