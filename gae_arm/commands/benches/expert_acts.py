"""The policy `expert` at work: what every cloud of real tasks costs it, from state to chunk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gae_arm.commands.benches.measure import Row, summary

if TYPE_CHECKING:
    from action_expert.expert.policy import ActionExpert

TASKS = ('pick_up', 'place_into_container', 'open_drawer')
NOISE = (0.02, 0.17)
"""m and rad: errors of the plans, so that there is something to correct."""


class Timed:
    """A policy that notes what each answer takes, ms; see `action_expert.policy.Policy`.

    passed: by the clock. computed: of a core, which others at work do not lengthen.
    """

    def __init__(self, policy: ActionExpert) -> None:
        self.policy, self.name = policy, policy.name
        self.passed: list[float] = []
        self.computed: list[float] = []

    def act(self, *told: Any) -> Any:
        """Act as the policy does."""
        began, worked = time.perf_counter_ns(), time.process_time_ns()
        chunk = self.policy.act(*told)
        self.computed.append((time.process_time_ns() - worked) / 1e6)
        self.passed.append((time.perf_counter_ns() - began) / 1e6)
        return chunk

    def progress(self) -> Any:
        """Return how far the policy is."""
        return self.policy.progress()


def rows(weights: str, seed: int) -> Iterator[Row]:
    """Yield what a chunk takes, and how many of them one core makes a second."""
    from gae_arm.demonstrations.workers import run_jobs

    # A process of its own: with more than one thread small products wait for each other.
    act = partial(_acts, weights=weights, seed=seed)
    found = [took for _, took in run_jobs(act, TASKS, 1)]
    passed, computed = (np.concatenate(part).tolist() for part in zip(*found, strict=True))
    yield summary('act, a chunk for each cloud', 'ms', passed)
    yield summary('the same, of a core', 'ms', computed)
    yield summary('chunks of one core', '1/s', [1e3 / float(np.mean(computed))])


def _acts(task: str, weights: str, seed: int) -> tuple[list[float], list[float]]:
    """Return what each chunk of a task took, ms, see `Timed`; without the first, which compiles."""
    from action_expert.expert.policy import ActionExpert
    from action_expert.following import PolicySettings
    from gae_arm.arm_sim.tasks.axes import TRAINING
    from gae_arm.arm_sim.tasks.registry import find_task
    from gae_arm.demonstrations.fast_cell import fast_cell
    from gae_arm.demonstrations.oracle import Oracle, PlanNoise
    from gae_arm.demonstrations.rollout import Rollout

    cell = fast_cell('panda')
    cell.load(find_task(task).sample(seed, TRAINING))
    timed = Timed(ActionExpert(cell.arm, PolicySettings(weights=weights)))
    Rollout(cell, Oracle(PlanNoise(*NOISE), seed), timed, seed=seed).run()
    return timed.passed[1:], timed.computed[1:]
