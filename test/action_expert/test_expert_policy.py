"""The policy `expert`: corrections without steps, erased plans, named lapses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from expert_parts import block, weights
from work_cell import WorkCell, plan

from action_expert.expert import condition
from action_expert.expert.policy import ActionExpert
from action_expert.following import PolicySettings
from action_expert.policies import make_policy
from gae_arm.core import surface
from gae_arm.core.arm import load_arm
from gae_arm.core.cloud import Cloud
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.paths import arm_file
from gae_arm.core.progress import PlanState

PANDA = load_arm(arm_file('panda'))
PICK = plan((0.5, 0.0, 0.3), (0.5, 0.0, 0.2, 0.0), (0.5, 0.0, 0.3))


def expert(silent=False, **settings):
    return ActionExpert(PANDA, PolicySettings(**settings), weights(5, silent))


def answering(correction):
    """An expert whose network always says the same: shift, m, and turn, 6D."""
    policy = expert()

    class Fixed:
        def answer(self, inputs, steps=1):
            return np.asarray(correction, np.float32)[None]

        def novelty(self, inputs):
            return np.zeros(1)

    policy.weights = Fixed()
    return policy


def cloud(stamp_ns=1):
    return Cloud(stamp_ns, 'panda_link0', block((0.5, 0.0, 0.1)))


def test_no_kernel_is_compiled_while_it_acts():
    policy, state = expert(), WorkCell('spline').sim.observe()
    kernels = (condition._crop, surface._crop, surface._label)
    before = [len(kernel.signatures) for kernel in kernels]
    for points in (block((0.5, 0.0, 0.1)), np.asfortranarray(block((0.5, 0.0, 0.1)))):
        policy.act(state, PICK, Cloud(1, 'panda_link0', points))
    assert [len(kernel.signatures) for kernel in kernels] == before


def test_without_corrections_it_is_the_spline():
    state = WorkCell('spline').sim.observe()
    wide = Cloud(1, 'panda_link0', block((0.5, 0.0, 0.1), half=0.1))  # What has no outline to use.
    ours = expert(silent=True).act(state, PICK, wide)
    theirs = make_policy('spline', PANDA).act(state, PICK, wide)
    for key in ('position', 'orientation', 'gripper', 'times_ns'):
        np.testing.assert_allclose(getattr(ours, key), getattr(theirs, key), atol=1e-9)
    assert ours.policy == 'expert'


def test_a_small_thing_by_itself_is_grasped_at_its_middle():
    off = plan((0.512, -0.01, 0.3), (0.512, -0.01, 0.2, 0.0), (0.512, -0.01, 0.3))
    policy = expert(silent=True)
    policy.act(WorkCell('spline').sim.observe(), off, cloud())
    grasp = policy._estimate.waypoints().poses[1]
    np.testing.assert_allclose(grasp[:3, 3], [0.5, 0.0, 0.2], atol=0.003)


def test_a_corrected_plan_is_carried_out_where_it_was_meant():
    shift = np.array([0.0, 0.0, 0.02, *np.zeros(6)])
    cell = WorkCell(answering(shift))
    cell.carry_out(PICK, cloud())
    assert cell.reports[-1].state is PlanState.DONE
    lowest = min(T[2, 3] for T in cell.path)
    assert lowest == pytest.approx(0.22, abs=0.008)


def test_chunks_meet_without_a_step():
    cell = WorkCell(answering([0.03, -0.02, 0.02, *np.zeros(6)]), delay=0)
    for _ in range(300):
        cell.tick(PICK, cloud())
    for one, other in zip(cell.chunks[:-1], cell.chunks[1:], strict=True):
        then = (other.times_ns[0] - one.times_ns[0]) * 1e-9
        seconds = (one.times_ns - one.times_ns[0]) * 1e-9
        expected = [np.interp(then, seconds, one.position[:, k]) for k in range(3)]
        np.testing.assert_allclose(other.position[0], expected, atol=4e-3)


def test_the_same_inputs_give_the_same_chunk():
    state = WorkCell('spline').sim.observe()
    one, other = (expert().act(state, PICK, cloud()) for _ in range(2))
    np.testing.assert_array_equal(one.position, other.position)


def test_corrections_are_no_longer_than_a_planner_errs():
    policy = answering([9.0, 0.0, 0.0, *np.zeros(6)])
    cell = WorkCell(policy)
    for _ in range(60):
        cell.tick(PICK, cloud())
    assert np.linalg.norm(policy._shift()[:3]) <= policy.settings.most_shift + 1e-9


def test_an_erased_plan_moves_nothing():
    cell = WorkCell(answering([0.05, 0.0, 0.0, *np.zeros(6)]))
    here = cell.sim.T_base_ee()[:3, 3]
    nothing = plan(tuple(here), tuple(here))
    for _ in range(100):
        cell.tick(nothing, cloud())
    assert np.linalg.norm(cell.sim.T_base_ee()[:3, 3] - here) < 2e-3
    assert cell.chunks[-1].policy in ('expert (nothing to do)', 'expert')


@pytest.mark.parametrize('points', [np.zeros((0, 3)), np.full((3, 3), 0.5)], ids=['empty', 'three'])
def test_a_cloud_that_shows_nothing_is_named(points):
    state = WorkCell('spline').sim.observe()
    chunk = expert().act(state, PICK, Cloud(1, 'panda_link0', points.astype(np.float32)))
    assert chunk.policy == 'expert (no cloud)'
    assert expert().act(state, PICK, None).policy == 'expert (no cloud)'


def test_answers_that_are_none_fall_back_to_the_guide():
    state = WorkCell('spline').sim.observe()
    chunk = answering(np.full(9, np.nan)).act(state, PICK, cloud())
    assert chunk.policy == 'expert (no answer)'
    theirs = make_policy('spline', PANDA).act(state, PICK, cloud())
    np.testing.assert_allclose(chunk.position, theirs.position, atol=1e-9)


def test_a_cloud_in_another_frame_is_refused():
    state = WorkCell('spline').sim.observe()
    with pytest.raises(InvalidValueError, match="in frame 'camera', expected 'panda_link0'"):
        expert().act(state, PICK, dataclasses.replace(cloud(), frame_id='camera'))


def test_a_folder_of_weights_is_one_word(tmp_path):
    weights(5).save(tmp_path)
    policy = ActionExpert.from_pretrained(tmp_path)
    state = WorkCell('spline').sim.observe()
    assert policy.act(state, PICK, cloud()) == expert().act(state, PICK, cloud())
