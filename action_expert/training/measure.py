"""How good answers are on situations that were never learned from."""

from __future__ import annotations

import numpy as np

from action_expert.expert.condition import relief
from action_expert.expert.target import shifts_of
from action_expert.expert.weights import Weights
from action_expert.training.shards import Table

NEAR = 0.06
"""m from the aim: there the hand has to be where it was meant to be."""


def measure(
    weights: Weights, table: Table, steps: int = 1, blind: bool = False
) -> dict[str, float]:
    """Return errors of aims: medians and 90th percentiles, mm and degrees.

    `near`: of situations within 6 cm of the aim; NaN if there are none. `plan`: of the plan itself,
    uncorrected. blind: without clouds.
    """
    told = _answers(weights, table, steps, blind)
    meant = table['aim'][:].astype(np.float64)
    near = np.linalg.norm(np.sinh(table['state'][:][:, :3]) * 0.05, axis=1) < NEAR
    out = {}
    for name, rows in (('all', slice(None)), ('near', near)):
        for who, said in (('expert', told), ('plan', np.zeros_like(told))):
            place, turn = _errors(said[rows], meant[rows])
            for what, values in (('mm', 1000 * place), ('deg', np.degrees(turn))):
                for share in (50, 90):
                    value = np.percentile(values, share) if len(values) else np.nan
                    out[f'{name} {who} {what} p{share}'] = float(value)
    return out


def _answers(weights: Weights, table: Table, steps: int, blind: bool, size: int = 64) -> np.ndarray:
    keys = ('guidance', 'waypoints', 'state', 'hand', 'points', 'seen')
    out = []
    for i in range(0, len(table['state']), size):
        inputs = {k: table[k][i : i + size].astype(np.float32) for k in keys}
        inputs['relief'] = relief(inputs['points'])
        if blind:
            inputs['seen'] = np.zeros_like(inputs['seen'])
        out.append(weights.answer(inputs, steps))
    return np.concatenate(out).astype(np.float64)


def _errors(said: np.ndarray, meant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return distances, m, and angles, rad, (M,) each, between corrections (M, 9)."""
    one, other = (shifts_of(x, np.eye(4)) for x in (said, meant))
    # Turns are small enough for their vectors to be compared.
    return tuple(np.linalg.norm(one[:, k] - other[:, k], axis=1) for k in (slice(3), slice(3, 6)))  # type: ignore[return-value]
