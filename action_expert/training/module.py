"""The network as torch trains it: parameters, loss, and the average that is shipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from action_expert.expert.network import NetworkShape, aim_of, encode, initial_params, where_to
from action_expert.expert.weights import scale_inputs
from action_expert.training import operations

AIM_WEIGHT = 0.5
PASSING, TOUCHES = 0.35, 10
"""What aims count where nothing is touched: errors there show less and matter less. Column of
`Condition.waypoints` that tells."""
EXACT = ('answer.', 'aim.')
"""Parameters that stay float32 in mixed precision: what is said is not rounded."""
CLOUDS, UNSEEN = ('points.', 'relief.'), ('points.unseen', 'points.place')
"""Parameters of clouds, and those among them that count where nothing is seen."""
BEND = 0.25
"""Of the spread: errors below it count squared, above it linearly."""


@dataclass(frozen=True)
class Losses:
    """Means over a batch. answer: of what the flow says; aim: of what the cloud's tokens say."""

    total: Any
    answer: Any
    aim: Any

    def as_dict(self) -> dict[str, float]:
        """Return plain numbers."""
        return {key: float(getattr(self, key).detach()) for key in ('total', 'answer', 'aim')}


class ExpertModule(nn.Module):
    """The network with its loss. Parameters are named as in `network`, with / for dots."""

    def __init__(
        self, shape: NetworkShape, scales: Mapping[str, np.ndarray], seed: int = 0
    ) -> None:
        super().__init__()
        self.shape = shape
        start = initial_params(shape, seed)
        self.weights = nn.ParameterDict(
            {_key(k): nn.Parameter(torch.from_numpy(v)) for k, v in start.items()}
        )
        self.set_scales(scales)

    def set_scales(self, scales: Mapping[str, np.ndarray]) -> None:
        """Take over what inputs are scaled by."""
        self._scales = {k: torch.from_numpy(np.array(v)) for k, v in scales.items()}

    @property
    def params(self) -> dict[str, Any]:
        """Return the parameters as the network takes them."""
        return {k.replace('/', '.'): v for k, v in self.weights.items()}

    def load_params(self, params: Mapping[str, np.ndarray]) -> None:
        """Take over parameters by name."""
        with torch.no_grad():
            for name, value in params.items():
                self.weights[_key(name)].copy_(torch.from_numpy(np.array(value)))

    def forward(self, batch: Mapping[str, Any]) -> Losses:
        """Return the losses of a batch of `draw_batch`, as tensors."""
        meant, time = batch['aim'], batch['time'][:, None]
        params = self._lowered(self.params, meant.device.type)
        scales = {k: v.to(meant.device) for k, v in self._scales.items()}
        tokens = encode(operations, params, self.shape, scale_inputs(batch, scales))
        x = time * meant + (1 - time) * batch['noise']
        said = where_to(operations, params, self.shape, tokens, x, batch['time'])
        weight = 1 - (1 - PASSING) * (batch['waypoints'][:, 1, TOUCHES] < 0.5).float()
        aim = _apart(aim_of(operations, params, tokens), meant, weight)
        loss = _apart(said, meant, weight)
        total = loss + AIM_WEIGHT * aim
        if 'points' not in batch:
            total = total + 0.0 * _sum_of_clouds(params)
        return Losses(total, loss, aim)

    def _lowered(self, params: dict[str, Any], device: str) -> dict[str, Any]:
        """Return the parameters as precise as autocast's products: else sums would undo them."""
        if not torch.is_autocast_enabled(device):
            return params
        kind = torch.get_autocast_dtype(device)
        return {k: v if k.startswith(EXACT) else v.to(kind) for k, v in params.items()}


class Average:
    """The exponential moving average of parameters: what is shipped (Polyak averaging)."""

    def __init__(self, params: Mapping[str, Any], decay: float) -> None:
        self._decay = decay
        self.params = {k: v.detach().clone() for k, v in params.items()}

    def update(self, params: Mapping[str, Any], step: int) -> None:
        """Take a step's parameters in; young averages forget faster."""
        share = 1 - min(self._decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, value in params.items():
                self.params[name].lerp_(value.detach(), share)

    def numpy(self) -> dict[str, np.ndarray]:
        """Return the averages, float32."""
        return {k: v.float().cpu().numpy().copy() for k, v in self.params.items()}


def _apart(said: Any, meant: Any, weight: Any) -> Any:
    """Return the mean over a batch, (B, 9) each, with weights (B,)."""
    each = functional.smooth_l1_loss(said.float(), meant, beta=BEND, reduction='none') / BEND
    return (each.mean(-1) * weight).mean()


def _sum_of_clouds(params: Mapping[str, Any]) -> Any:
    """Return the sum of the parameters that only a cloud needs.

    Times 0 it gives them gradients: decay, and processes that put theirs together, count on it.
    """
    names = [k for k in params if k.startswith(CLOUDS) and k not in UNSEEN]
    return sum(params[name].sum(dtype=torch.float32) for name in names)


def _key(name: str) -> str:
    return name.replace('.', '/')
