"""The network: the same for numpy and torch, for one and for many, whatever the points' order."""

from __future__ import annotations

import numpy as np
import pytest
from expert_parts import TINY, block, moment, weights

from action_expert.expert import operations
from action_expert.expert.condition import condition
from action_expert.expert.network import denoise
from action_expert.expert.weights import scale_inputs


def inputs_at(*times):
    told = [condition(moment(t), block(seed=i)).inputs() for i, t in enumerate(times)]
    return {key: np.concatenate([t[key] for t in told]) for key in told[0]}


@pytest.mark.parametrize('steps', [1, 4])
def test_numpy_and_torch_answer_alike(steps):
    torch = pytest.importorskip('torch')
    from action_expert.training import operations as in_torch

    expert = weights(3)
    scaled = scale_inputs(inputs_at(0.2, 2.0), expert.scales)
    noise = np.random.default_rng(0).standard_normal((2, 9), np.float32)
    ours = denoise(operations, expert.params, TINY, scaled, noise, steps)
    params = {k: torch.from_numpy(v) for k, v in expert.params.items()}
    tensors = {k: torch.from_numpy(v) for k, v in scaled.items()}
    theirs = denoise(in_torch, params, TINY, tensors, torch.from_numpy(noise), steps)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)


def test_answers_are_the_same_every_time_and_in_any_company():
    expert = weights(1)
    together = expert.answer(inputs_at(0.2, 2.0))
    np.testing.assert_array_equal(together, expert.answer(inputs_at(0.2, 2.0)))
    alone = expert.answer({k: v[1:] for k, v in inputs_at(0.2, 2.0).items()})
    np.testing.assert_allclose(together[1:], alone, atol=1e-5)


def test_the_order_of_points_does_not_matter():
    expert, told = weights(2), inputs_at(1.0)
    mixed = {**told, 'points': told['points'][:, ::-1]}
    np.testing.assert_allclose(expert.answer(told), expert.answer(mixed), atol=1e-5)


def test_an_unseen_cloud_has_no_say():
    expert, told = weights(4), inputs_at(1.0)
    blind = {**told, 'seen': np.zeros(1, np.float32)}
    other = {**blind, 'points': told['points'] + np.float32(0.05)}
    np.testing.assert_allclose(expert.answer(blind), expert.answer(other), atol=1e-6)
    assert np.abs(expert.answer(told) - expert.answer(blind)).max() > 1e-4


def test_clouds_that_nobody_sees_are_not_looked_at():
    expert, told = weights(5), inputs_at(1.0, 2.0)
    blind = scale_inputs({**told, 'seen': np.zeros(2, np.float32)}, expert.scales)
    noise = np.zeros((2, 9), np.float32)
    looked = denoise(operations, expert.params, TINY, blind, noise)
    del blind['points'], blind['relief']
    np.testing.assert_array_equal(looked, denoise(operations, expert.params, TINY, blind, noise))
    answer = expert.answer({**told, 'seen': np.zeros(2, np.float32)})
    assert np.isfinite(answer).all()


def test_novelty_grows_with_distance():
    expert, told = weights(), inputs_at(1.0)
    far = {**told, 'state': told['state'] + 10}
    assert expert.novelty(far)[0] > 2 * expert.novelty(told)[0] > 0
