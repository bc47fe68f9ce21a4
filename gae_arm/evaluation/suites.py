"""What is tried in a suite: lists of trials."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from action_expert.expert.policy import ActionExpert
from action_expert.following import PolicySettings
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.demonstrations.oracle import PlanNoise
from gae_arm.demonstrations.rollout import RolloutSettings
from gae_arm.evaluation.trial import Trial


@dataclass(frozen=True)
class Sweep:
    """One error that grows. label: with its unit. fields: of a trial, at a value."""

    label: str
    values: tuple[float, ...]
    fields: Callable[[float], dict[str, Any]]


SWEEPS = {
    # Every pixel of the depth errs, and so does the depth of every waypoint.
    'depth': Sweep(
        'depth noise, m',
        (0.0, 0.01, 0.02, 0.05, 0.10, 0.50),
        lambda v: {'noise': PlanNoise(depth=v), 'pixel_noise': v},
    ),
    'waypoint': Sweep(
        'waypoint noise, m',
        (0.0, 0.01, 0.02, 0.03, 0.05),
        lambda v: {'noise': PlanNoise(waypoint=v)},
    ),
    'points': Sweep('dropped points, share', (0.0, 0.5, 0.9, 0.99), lambda v: {'lost_points': v}),
    'clouds': Sweep(
        'dropped clouds, share', (0.0, 0.5, 0.9), lambda v: {'rollout': RolloutSettings(drop=v)}
    ),
    'delay': Sweep(
        'delay, s',
        (0.0, 0.1, 0.2, 0.3, 0.5),
        lambda v: {'rollout': RolloutSettings(delay=v)},
    ),
    'moved': Sweep('moved in mid-reach, m', (0.0, 0.05), lambda v: {'move': v}),
}
"""By short name; a value of 0.0 is the same trial in all of them."""


@dataclass(frozen=True)
class Choice:
    """What a user chooses. Raises InvalidValueError that lists what there is.

    weights, flow_steps: of the policy `expert`, see `Trial`.
    """

    tasks: Sequence[str]
    policies: Sequence[str]
    arms: Sequence[str]
    episodes: int
    seed: int
    ranges: str = 'held_out'
    weights: str = ''
    flow_steps: int = 1

    def __post_init__(self) -> None:
        """Validate."""
        PolicySettings(weights=self.weights, steps=self.flow_steps)
        if (self.weights or self.flow_steps != 1) and ActionExpert.name not in self.policies:
            raise InvalidValueError(
                f'--weights and --steps are of the policy {ActionExpert.name}, '
                f'--policy is {",".join(self.policies)}'
            )

    def trials(self, **common: Any) -> list[Trial]:
        """Return the trials of all tasks, policies and arms, the same scenes for each of them."""
        for task in self.tasks:
            checks.known('task', task, TASKS)
        base = Trial(self.tasks[0], self.seed, ranges=self.ranges)
        base = dataclasses.replace(base, **common)
        return [
            dataclasses.replace(
                base, task=task, seed=seed, arm=arm, policy=policy, **self._own(policy)
            )
            for arm in self.arms
            for policy in self.policies
            for task in self.tasks
            for seed in range(self.seed, self.seed + self.episodes)
        ]

    def _own(self, policy: str) -> dict[str, Any]:
        """Return the fields of a trial that only one policy has."""
        if policy != ActionExpert.name:
            return {}
        return {'weights': self.weights, 'flow_steps': self.flow_steps}


def robustness(choice: Choice, sweeps: Sequence[str]) -> dict[str, dict[float, list[Trial]]]:
    """Return the trials of the named sweeps: by label, and by value."""
    return {
        SWEEPS[name].label: {
            v: choice.trials(**SWEEPS[name].fields(v)) for v in SWEEPS[name].values
        }
        for name in sweeps
    }


def obedience(choice: Choice) -> list[Trial]:
    """Return trials whose plan leads to a distractor, and trials whose plan says nothing."""
    return [*choice.trials(planner='shifted'), *choice.trials(planner='erased')]
