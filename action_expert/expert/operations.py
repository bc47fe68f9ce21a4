"""What the network is made of, in numpy; `action_expert.training.operations` has it in torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy import amax, concatenate, cos, sin, stack

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

Params = Mapping[str, np.ndarray]


def linear(params: Params, name: str, x: np.ndarray) -> np.ndarray:
    """Return x (..., C) times the weights, and the bias added."""
    return x @ params[f'{name}.w'] + params[f'{name}.b']


def relu(x: np.ndarray) -> np.ndarray:
    """Return x where it is positive, else 0."""
    return np.maximum(x, 0)


def softmax(x: np.ndarray) -> np.ndarray:
    """Return weights along the last axis that sum up to 1."""
    weights = np.exp(x - x.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def normal(x: np.ndarray) -> np.ndarray:
    """Return x with mean 0 and variance 1 along its last axis."""
    share = np.float32(1 / x.shape[-1])  # np.mean takes twice as long
    x = x - share * np.add.reduce(x, -1, keepdims=True)
    return x / np.sqrt(share * np.add.reduce(x * x, -1, keepdims=True) + np.float32(1e-5))
