"""The network: a conditional denoiser of the aim, written once for numpy and for torch.

Every function takes `ops`, the module `operations` of numpy or of torch, and arrays or tensors:
training differentiates the code that the robot runs, and the robot needs no torch.

    cloud      512 points -> PointNet (Qi et al. 2017) -> tokens that ask it by attention; and the
               same points seen from above, as heights on a grid: where things are, at a glance
    condition  guidance, waypoints, state and cloud as tokens -> one transformer layer
    denoiser   a token -> blocks of cross-attention and MLP, scaled and shifted by the flow's time
               and by the cloud (Peebles & Xie 2023, "DiT")

What is denoised is the correction of the aim: 3 numbers for its place, 6 for its rotation.
Rectified flow (Liu et al. 2023) carries noise x(0) along straight lines to corrections x(1); the
network says where the line ends, which gives the velocity (x(1) - x) / (1 - t). One step is the
mean of all corrections that are plausible.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from action_expert.expert.condition import (
    CELLS,
    GUIDANCE,
    GUIDANCE_COLUMNS,
    STATE_COLUMNS,
    WAYPOINT_COLUMNS,
    WAYPOINTS,
)
from gae_arm.core.settings import Settings, setting

ACTION = 9
POINT_SCALE, FARTHEST = 0.1, 3.0
FREQUENCIES = 16

Params = Mapping[str, Any]


@dataclass(frozen=True)
class NetworkShape(Settings):
    """The sizes of a network; they travel with its weights."""

    width: int = setting(128, 'of tokens', low=8, high=1024)
    heads: int = setting(4, 'of attention', low=1, high=32)
    blocks: int = setting(2, 'of the denoiser', low=1, high=24)
    point_width: int = setting(64, 'of point features', low=8, high=1024)
    relief_width: int = setting(256, 'of features of the relief', low=8, high=4096)
    questions: int = setting(8, 'learned queries to the cloud', low=1, high=64)


def initial_params(shape: NetworkShape, seed: int) -> dict[str, np.ndarray]:
    """Return fresh weights, float32: variance 1 / inputs; zero where a block starts silent."""
    rng = np.random.default_rng(seed)
    d, p = shape.width, shape.point_width
    out: dict[str, np.ndarray] = {}

    def linear(name: str, inputs: int, outputs: int, gain: float = 1.0) -> None:
        scale = gain / math.sqrt(inputs)
        out[f'{name}.w'] = (scale * rng.standard_normal((inputs, outputs))).astype(np.float32)
        out[f'{name}.b'] = np.zeros(outputs, np.float32)

    def table(name: str, rows: int, columns: int, scale: float = 0.1) -> None:
        out[name] = (scale * rng.standard_normal((rows, columns))).astype(np.float32)

    def attention(name: str, inputs: int) -> None:
        linear(f'{name}.q', d, d)
        linear(f'{name}.k', inputs, d)
        linear(f'{name}.v', inputs, d)
        linear(f'{name}.o', d, d, 0.5)

    for key, columns, rows in (
        ('guidance', GUIDANCE_COLUMNS, GUIDANCE),
        ('waypoints', WAYPOINT_COLUMNS, WAYPOINTS),
        ('state', STATE_COLUMNS, 1),
    ):
        linear(key, columns, d)
        table(f'{key}.place', rows, d)
    linear('points.1', 6, p // 2, math.sqrt(2))
    linear('points.2', p // 2, p, math.sqrt(2))
    linear('points.all', 2 * p, p)
    linear('points.3', p, p, math.sqrt(2))
    table('points.questions', shape.questions, d)
    attention('points.ask', p)
    linear('points.whole', 2 * p, d)
    linear('relief.1', 2 * CELLS * CELLS, shape.relief_width, math.sqrt(2))
    linear('relief.2', shape.relief_width, shape.relief_width, math.sqrt(2))
    linear('relief.3', shape.relief_width, d)
    table('points.place', shape.questions + WAYPOINTS + 2, d)
    table('points.unseen', shape.questions + WAYPOINTS + 2, d)
    attention('mix', d)
    linear('mix.up', d, 2 * d, math.sqrt(2))
    linear('mix.down', 2 * d, d, 0.5)
    linear('start', ACTION, d)
    linear('cloud', d, d)
    linear('time.1', 2 * FREQUENCIES, d)
    linear('time.2', d, d)
    for i in range(shape.blocks):
        attention(f'block{i}.cross', d)
        linear(f'block{i}.up', d, 4 * d, math.sqrt(2))
        linear(f'block{i}.down', 4 * d, d, 0.5)
        linear(f'block{i}.time', d, 4 * d, 0.0)
    linear('answer', d, ACTION, 0.0)
    linear('aim', d, ACTION, 0.0)
    return out


def denoise(
    ops: Any,
    params: Params,
    shape: NetworkShape,
    inputs: Mapping[str, Any],
    noise: Any,
    steps: int = 1,
) -> Any:
    """Return corrections (B, 9), in units of their spread, from noise (B, 9)."""
    tokens = encode(ops, params, shape, inputs)
    x = noise
    for i in range(steps):
        t = i / steps
        end = where_to(ops, params, shape, tokens, x, noise[:, 0] * 0 + t)
        x = x + (end - x) * ((1 / steps) / (1 - t))
    return x


def encode(ops: Any, params: Params, shape: NetworkShape, inputs: Mapping[str, Any]) -> Any:
    """Return the condition as tokens (B, C, width); inputs: as `Condition.inputs`, normalised.

    Inputs without `points` are those of a batch in which nothing is seen: quicker, and the same.
    """
    words = [
        ops.linear(params, key, inputs[key]) + params[f'{key}.place']
        for key in ('guidance', 'waypoints')
    ]
    state = ops.linear(params, 'state', inputs['state'])[:, None] + params['state.place']
    cloud = _cloud_tokens(ops, params, shape, inputs, words[1])
    x = ops.concatenate([cloud, *words, state], 1)
    asked = ops.normal(x)
    x = x + _attend(ops, params, shape, 'mix', asked, asked)
    return ops.normal(x + _mlp(ops, params, 'mix', ops.normal(x)))


def aim_of(ops: Any, params: Params, tokens: Any) -> Any:
    """Return the correction of the aim (B, 9), for training only, from the cloud's tokens."""
    return ops.linear(params, 'aim', tokens[:, 0] + tokens[:, 1])


def where_to(ops: Any, params: Params, shape: NetworkShape, tokens: Any, x: Any, time: Any) -> Any:
    """Return where the flow through x (B, 9) at `time` (B,), 0 to 1, ends: (B, 9)."""
    h = ops.linear(params, 'start', x)[:, None]
    cloud = ops.linear(params, 'cloud', tokens[:, 0] + tokens[:, 1])
    clock = ops.relu(_time(ops, params, time) + cloud)
    for i in range(shape.blocks):
        name = f'block{i}'
        change = ops.linear(params, f'{name}.time', clock)[:, None]
        scale, shift, up, down = (change[..., k::4] for k in range(4))
        asked = ops.normal(h) * (1 + scale) + shift
        h = h + _attend(ops, params, shape, f'{name}.cross', asked, tokens)
        h = h + _mlp(ops, params, name, ops.normal(h) * (1 + up) + down)
    return ops.linear(params, 'answer', ops.normal(h))[:, 0]


def _cloud_tokens(
    ops: Any, params: Params, shape: NetworkShape, inputs: Mapping[str, Any], waypoints: Any
) -> Any:
    """Return what the cloud says, (B, 2 + questions + waypoints, width).

    The first two are of all of it: as points, and from above.
    """
    seen = inputs['seen'][:, None, None]
    if 'points' not in inputs:
        return 0 * seen + params['points.unseen'] + params['points.place']
    points, hand = inputs['points'], inputs['hand']
    in_hand = (points - hand[:, None, :, 3]) @ hand[:, :, :3]
    both = ops.concatenate([points, in_hand], -1) / POINT_SCALE
    f = ops.relu(ops.linear(params, 'points.1', both.clip(-FARTHEST, FARTHEST)))
    f = ops.relu(ops.linear(params, 'points.2', f))
    around = ops.linear(params, 'points.all', ops.concatenate([ops.amax(f, 1), f.mean(1)], -1))
    f = ops.relu(ops.linear(params, 'points.3', f) + around[:, None])
    learned = params['points.questions'] + 0 * waypoints[:, :1]
    asked = ops.concatenate([learned, waypoints], 1)
    answers = _attend(ops, params, shape, 'points.ask', asked, f)
    whole = ops.linear(params, 'points.whole', ops.concatenate([ops.amax(f, 1), f.mean(1)], -1))
    seen_above = ops.relu(ops.linear(params, 'relief.1', inputs['relief']))
    seen_above = ops.relu(ops.linear(params, 'relief.2', seen_above))
    above = ops.linear(params, 'relief.3', seen_above)
    tokens = ops.concatenate([whole[:, None], above[:, None], answers], 1)
    return seen * tokens + (1 - seen) * params['points.unseen'] + params['points.place']


def _time(ops: Any, params: Params, time: Any) -> Any:
    """Return an embedding (B, width) of the flow's time."""
    waves = [2.0**k * math.pi / 8 for k in range(FREQUENCIES)]
    angles = ops.stack([time * w for w in waves], -1)
    h = ops.linear(params, 'time.1', ops.concatenate([ops.sin(angles), ops.cos(angles)], -1))
    return ops.linear(params, 'time.2', ops.relu(h))


def _attend(ops: Any, params: Params, shape: NetworkShape, name: str, asked: Any, told: Any) -> Any:
    """Return multi-head attention of `asked` (B, M, d) to `told` (B, N, e), (B, M, d)."""
    batch, heads = len(asked), shape.heads

    def split(x: Any) -> Any:
        return x.reshape(batch, x.shape[1], heads, -1).swapaxes(1, 2)

    q = split(ops.linear(params, f'{name}.q', asked))
    k = split(ops.linear(params, f'{name}.k', told))
    v = split(ops.linear(params, f'{name}.v', told))
    scores = q @ k.swapaxes(2, 3) / math.sqrt(shape.width // heads)
    mixed = ops.softmax(scores) @ v
    flat = mixed.swapaxes(1, 2).reshape(batch, asked.shape[1], shape.width)
    return ops.linear(params, f'{name}.o', flat)


def _mlp(ops: Any, params: Params, name: str, x: Any) -> Any:
    return ops.linear(params, f'{name}.down', ops.relu(ops.linear(params, f'{name}.up', x)))
