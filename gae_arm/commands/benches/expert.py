"""The action expert: an answer by steps of its flow, beside eager torch; and a whole chunk."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from gae_arm.commands.benches import expert_acts
from gae_arm.commands.benches.measure import Row, compare

STEPS = (1, 2, 4, 10)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument('--rounds', type=int, default=30, help='ten answers of ours each')
    parser.add_argument('--weights', default='', help='a folder; those of the stack by default')


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield the time of an answer for each number of steps, of what goes before it, and of all."""
    from action_expert.expert.policy import weights_folder
    from action_expert.expert.weights import Weights
    from gae_arm.demonstrations.situations import SituationMaker

    weights = Weights.load(weights_folder(args.weights))
    told = [s.condition for seed in range(6) for s in SituationMaker()(seed)]
    inputs = [c.inputs() for c in told]
    eager = _eager(weights)
    for steps in STEPS:
        peers = (
            {} if eager is None else {'torch eager': _cycle(partial(eager, steps=steps), inputs)}
        )
        ours = _cycle(partial(weights.answer, steps=steps), inputs)
        yield from compare(f'answer, {steps} steps', ours, peers, args.rounds)
    yield from compare('what the network is told, of 20,000 points', _condition(), {}, args.rounds)
    yield from expert_acts.rows(args.weights, args.seed)


def _condition() -> Callable[[], Any]:
    """Return what makes a condition from a cloud as large as a node's."""
    from action_expert.expert.condition import Moment, condition
    from action_expert.following import PolicySettings
    from action_expert.guide import GuideWaypoints, make_guide
    from gae_arm.core import geometry

    down = geometry.transform(np.diag([1.0, -1.0, -1.0]), [0.5, 0.0, 0.1])
    waypoints = GuideWaypoints(down[None], np.zeros(1), np.ones(1, bool), np.zeros(1, int))
    settings = PolicySettings()
    guide = make_guide(down, 1.0, waypoints, settings, 0.6)
    times = settings.period * np.arange(settings.actions)
    moment = Moment(guide, times, down, 1.0, 0, False, np.ones(1, bool))
    points = np.random.default_rng(0).uniform(-0.3, 0.3, (20_000, 3)).astype(np.float32)
    points += np.array([0.5, 0.0, 0.1], np.float32)
    return partial(condition, moment, points)


def _cycle(act: Callable[[Any], Any], inputs: list[Any]) -> Callable[[], Any]:
    turns = itertools.cycle(inputs)
    return lambda: act(next(turns))


def _eager(weights: Any) -> Callable[..., Any] | None:
    """Return the same network run by torch, one thread; None without torch."""
    try:
        import torch
    except ImportError:
        return None
    from action_expert.expert.network import ACTION, denoise
    from action_expert.expert.weights import scale_inputs
    from action_expert.training import operations

    torch.set_num_threads(1)
    params = {k: torch.from_numpy(np.array(v)) for k, v in weights.params.items()}
    scales = {k: torch.from_numpy(np.array(v)) for k, v in weights.scales.items()}
    noise = torch.zeros((1, ACTION))

    def answer(inputs: Any, steps: int) -> Any:
        with torch.inference_mode():
            tensors = {k: torch.from_numpy(v) for k, v in inputs.items()}
            scaled = scale_inputs(tensors, scales)
            return denoise(operations, params, weights.shape, scaled, noise, steps)

    return answer
