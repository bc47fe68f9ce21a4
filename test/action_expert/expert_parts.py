"""A tiny expert, and moments of guides, for the tests of the learned policy."""

from __future__ import annotations

import numpy as np

from action_expert.expert.condition import Moment
from action_expert.expert.network import NetworkShape, initial_params
from action_expert.expert.weights import CLOUD_NUMBERS, SCALED, Weights
from action_expert.following import PolicySettings
from action_expert.guide import GuideWaypoints, make_guide
from gae_arm.core import geometry

TINY = NetworkShape(16, 2, 1, 16, 16, 2)
SETTINGS = PolicySettings()
OFFSETS = SETTINGS.period * np.arange(SETTINGS.actions)
COLUMNS = {'guidance': 11, 'waypoints': 13, 'state': 14}
DOWN = geometry.rpy_to_matrix(np.pi, 0.0, 0.4)


def weights(seed=0, silent=False):
    """Random weights of a tiny network; silent: it answers no correction."""
    rng = np.random.default_rng(seed)
    params = initial_params(TINY, seed)
    if not silent:
        params = {k: v + 0.1 * rng.standard_normal(v.shape, np.float32) for k, v in params.items()}
    scales = {}
    for key in (*SCALED, 'cloud'):
        columns = COLUMNS.get(key, CLOUD_NUMBERS)
        scales[f'{key}.mean'] = np.zeros(columns, np.float32)
        scales[f'{key}.std'] = np.ones(columns, np.float32)
    scales['aim'] = np.full(9, 0.02, np.float32)
    return Weights(TINY, params, scales, usual=1.0)


def pick(lift=0.1, x=0.5, y=0.0, z=0.02):
    """Waypoints over a thing, at it with closing fingers, and up again."""
    places = np.array([[x, y, z + 0.1], [x, y, z], [x, y, z + lift]])
    return GuideWaypoints(
        poses=geometry.transform(np.repeat(DOWN[None], 3, axis=0), places),
        gripper=np.array([np.nan, 0.0, np.nan]),
        touches=np.array([False, True, False]),
        sources=np.arange(3),
    )


def moment(time=0.5, waypoints=None, T_base_ee=None, T_start=None):
    waypoints = pick() if waypoints is None else waypoints
    start = geometry.transform(DOWN, [0.35, 0.1, 0.4]) if T_start is None else T_start
    guide = make_guide(start, 1.0, waypoints, SETTINGS, 0.6)
    here = guide.sample(np.array([time]))[0] if T_base_ee is None else T_base_ee
    k = min(int(np.searchsorted(guide.arrivals, time)), len(guide.arrivals) - 1)
    return Moment(guide, time + OFFSETS, here, 1.0, k, False, np.ones(3, dtype=bool))


def block(centre=(0.5, 0.0, 0.02), half=0.02, count=4000, seed=0):
    """Points of a block on a table."""
    rng = np.random.default_rng(seed)
    table = np.column_stack([rng.uniform(-0.3, 0.3, (count, 2)) + centre[:2], np.zeros(count)])
    top = rng.uniform(-half, half, (count // 4, 3)) + centre
    top[:, 2] = centre[2] + half
    return np.concatenate([table, top]).astype(np.float32)
