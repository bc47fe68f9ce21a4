"""Batches of situations: which, with which noise; the same for a seed however many processes share.

Everything random about a step is drawn from its own generator, for the whole batch; each process
takes its share. So a run is resumed by its step alone, and two processes learn what one would.

A situation is never seen twice alike. Its plan is moved as a whole, by another error of the same
kind: in the frame of the moved aim, cloud, hand and what was meant are elsewhere. An open hand is
told to be where it is not: it must not be believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from action_expert.expert.condition import NEAR, POINTS, relief
from action_expert.expert.network import ACTION
from action_expert.training.shards import Table
from gae_arm.core.settings import Settings, setting

JITTER = 0.001
"""m, standard deviation of each point."""
MOVED, MOVE = 0.7, 0.015
"""Share of situations whose plan is moved as a whole, and by what along each axis, m."""
STRAYED, STRAY = 0.6, 0.02
"""Share of situations whose open hand is told to be elsewhere, and by what along each axis, m."""
OPENING_ASKED = 10
"""Column of `Condition.state`."""


@dataclass(frozen=True)
class BatchSettings(Settings):
    """What a batch is made of."""

    size: int = setting(256, 'situations of a step, of all processes together', low=1)
    points: int = setting(256, 'points of each, drawn from those stored', low=8, high=POINTS)
    blind: float = setting(0.05, 'share whose cloud is left out; stage action: all', low=0, high=1)
    whole: float = setting(0.5, 'share that begins with noise alone', low=0.0, high=1.0)
    seed: int = setting(0, 'of everything random', low=0)


def draw_batch(
    table: Table,
    scales: Mapping[str, np.ndarray],
    settings: BatchSettings,
    step: int,
    rank: int = 0,
    world: int = 1,
) -> dict[str, np.ndarray]:
    """Return this process's share of a step's batch, float32.

    Inputs as `Condition.inputs`, not scaled, without clouds where all are left out; `aim` (B, 9) in
    units of its spread; `noise` like it and `time` (B,): where on the flow.
    """
    rng = np.random.default_rng([settings.seed, step])
    size, mine = settings.size, slice(rank, settings.size, world)
    rows = rng.integers(len(table['state']), size=size)
    columns = rng.permutation(POINTS)[: settings.points]
    noise = rng.standard_normal((size, ACTION), np.float32)
    time = np.where(rng.random(size) < settings.whole, 0.0, rng.random(size))
    seen = rng.random(size) >= settings.blind
    clouds = settings.blind < 1
    jitter = JITTER * rng.standard_normal((size, POINTS, 3), np.float32) if clouds else None
    move = _sometimes(MOVED, MOVE, size, rng)
    stray = _sometimes(STRAYED, STRAY, size, rng)

    keys = [key for key in table if clouds or key != 'points']
    out = {key: table[key][rows[mine]].astype(np.float32) for key in keys}
    if jitter is not None:
        out['points'] += jitter[mine]
    _move_plan(out, move[mine])
    _stray(out, stray[mine])
    if clouds:
        out |= {'relief': relief(out['points']), 'points': out['points'][:, columns]}
    return {
        **out,
        'seen': out['seen'] * seen[mine].astype(np.float32),
        'aim': out['aim'] / scales['aim'],
        'noise': noise[mine],
        'time': time[mine].astype(np.float32),
    }


def _sometimes(share: float, size: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return random vectors (count, 3), float32; zeros but for a share of them."""
    vectors = size * rng.standard_normal((count, 3)) * (rng.random((count, 1)) < share)
    return vectors.astype(np.float32)


def _move_plan(batch: dict[str, np.ndarray], move: np.ndarray) -> None:
    """Move plans by (B, 3), m, local frame: all else is elsewhere in the frame of the moved aim."""
    if 'points' in batch:
        batch['points'] -= move[:, None]
    batch['aim'][:, :3] -= move
    _move_hand(batch, -move)


def _stray(batch: dict[str, np.ndarray], stray: np.ndarray) -> None:
    """Tell of open hands that they are elsewhere by (B, 3), m."""
    opened = batch['state'][:, OPENING_ASKED, None] > 0.5
    _move_hand(batch, np.where(opened, stray, np.float32(0)))


def _move_hand(batch: dict[str, np.ndarray], move: np.ndarray) -> None:
    batch['hand'][:, :, 3] += move
    batch['state'][:, :3] = np.arcsinh(batch['hand'][:, :, 3] / np.float32(NEAR))
