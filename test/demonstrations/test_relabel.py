"""Episodes relabelled: what should have been answered, from the truth, while a policy acts."""

from __future__ import annotations

import numpy as np

from action_expert.policies import make_policy
from gae_arm.arm_sim.tasks import task
from gae_arm.arm_sim.tasks.axes import TRAINING
from gae_arm.arm_sim.tasks.registry import find_task
from gae_arm.demonstrations.fast_cell import fast_cell
from gae_arm.demonstrations.oracle import Oracle, PlanNoise
from gae_arm.demonstrations.relabel import Relabeller, corrected_episode
from gae_arm.demonstrations.rollout import Rollout


def relabelled(noise):
    cell = fast_cell('panda')
    cell.load(find_task('pick_up').sample(1, TRAINING))
    policy, oracle = make_policy('spline', cell.arm), Oracle(noise, 1)
    relabeller = Relabeller(policy, oracle)
    Rollout(cell, oracle, policy, watch=relabeller, seed=1).run()
    return np.array([s.aim[:3] for s in relabeller.situations])


def test_a_true_plan_needs_next_to_no_correction_and_an_erring_one_its_errors():
    true = relabelled(PlanNoise())
    assert len(true) > 8
    assert np.median(np.linalg.norm(true, axis=1)) < 0.005
    erring = relabelled(PlanNoise(waypoint=0.03))
    first = np.linalg.norm(erring[: len(erring) // 3], axis=1)
    assert 0.005 < np.median(first) < 0.12


def test_a_seed_without_a_scene_teaches_nothing(monkeypatch):
    monkeypatch.setattr(task, 'MAX_DRAWS', 0)
    assert corrected_episode(1) == []
