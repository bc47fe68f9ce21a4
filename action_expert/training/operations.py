"""What the network is made of, in torch: see `action_expert.expert.operations`.

Torch has fast ways for each, forward and backward; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, amax, concatenate, cos, sin, stack
from torch.nn import functional

__all__ = [
    'amax',
    'concatenate',
    'cos',
    'linear',
    'normal',
    'relu',
    'sin',
    'softmax',
    'stack',
]

Params = Mapping[str, Tensor]


def linear(params: Params, name: str, x: Tensor) -> Tensor:
    """Return x (..., C) times the weights, and the bias added."""
    return functional.linear(x, params[f'{name}.w'].T, params[f'{name}.b'])


def relu(x: Tensor) -> Tensor:
    """Return x where it is positive, else 0."""
    return functional.relu(x)


def softmax(x: Tensor) -> Tensor:
    """Return weights along the last axis that sum up to 1."""
    return functional.softmax(x, -1)


def normal(x: Tensor) -> Tensor:
    """Return x with mean 0 and variance 1 along its last axis."""
    return functional.layer_norm(x, x.shape[-1:])
