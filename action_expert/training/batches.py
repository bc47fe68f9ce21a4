"""Batches of situations: which, with which noise; the same for a seed however many processes share.

Everything random about a step is drawn from its own generator, for the whole batch; each process
takes its share. So a run is resumed by its step alone, and two processes learn what one would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from action_expert.expert.condition import POINTS
from action_expert.expert.network import ACTION
from gae_arm.core.settings import Settings, setting

JITTER = 0.001
"""m, standard deviation of each point in each batch."""


@dataclass(frozen=True)
class BatchSettings(Settings):
    """What a batch is made of."""

    size: int = setting(256, 'situations of a step, of all processes together', low=1)
    points: int = setting(256, 'points of each, drawn from those stored', low=8, high=POINTS)
    blind: float = setting(0.05, 'share whose cloud is left out; stage action: all', low=0, high=1)
    whole: float = setting(0.5, 'share that begins with noise alone', low=0.0, high=1.0)
    seed: int = setting(0, 'of everything random', low=0)


def draw_batch(
    table: Mapping[str, np.ndarray],
    scales: Mapping[str, np.ndarray],
    settings: BatchSettings,
    step: int,
    rank: int = 0,
    world: int = 1,
) -> dict[str, np.ndarray]:
    """Return this process's share of a step's batch, float32.

    Inputs as `Condition.inputs`, not scaled; `answer` (B, H, 9) and `aim` (B, 9) in units of their
    spread; `noise` like answer and `time` (B,): where on the flow.
    """
    rng = np.random.default_rng([settings.seed, step])
    size, mine = settings.size, slice(rank, settings.size, world)
    rows = rng.integers(len(table['state']), size=size)
    columns = rng.permutation(POINTS)[: settings.points]
    actions = table['answer'].shape[1]
    noise = rng.standard_normal((size, actions, ACTION), np.float32)
    time = np.where(rng.random(size) < settings.whole, 0.0, rng.random(size))
    seen = rng.random(size) >= settings.blind
    jitter = JITTER * rng.standard_normal((size, settings.points, 3), np.float32)
    chosen = rows[mine]
    out = {key: table[key][chosen].astype(np.float32) for key in table if key != 'points'}
    points = table['points'][chosen[:, None], columns].astype(np.float32)
    return {
        **out,
        'points': points + jitter[mine],
        'seen': out['seen'] * seen[mine].astype(np.float32),
        'answer': out['answer'] / scales['answer'],
        'aim': out['aim'] / scales['answer'],
        'noise': noise[mine],
        'time': time[mine].astype(np.float32),
    }
