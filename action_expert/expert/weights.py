"""The expert's weights: a folder as model hubs have it, checked before anything of it is used.

model.safetensors   float32 tensors by name; nothing in it is executed
config.json         format, sizes, what inputs and answers are scaled by, SHA-256 of the tensors
README.md           the model card
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from action_expert.expert import operations
from action_expert.expert.network import ACTION, NetworkShape, denoise, initial_params
from gae_arm.core.errors import ConfigError, InvalidValueError

MODEL, CONFIG = 'model.safetensors', 'config.json'
FORMAT = 1
SCALED = ('guidance', 'waypoints', 'state')
CLOUD_NUMBERS = 6


@dataclass(frozen=True, eq=False)
class Weights:
    """A trained network with all that it needs.

    params: float32 tensors by name. scales: float32, for each scaled input its `mean` and `std`,
    (columns,), `aim` (9,), the spread of corrections, and `cloud.mean`, `cloud.std` (6,), of the
    middle and extents of local clouds. usual: how far inputs are off the mean in training, 99th
    percentile: see `novelty`. seed: of the noise that answers begin with.
    """

    shape: NetworkShape
    params: Mapping[str, np.ndarray]
    scales: Mapping[str, np.ndarray]
    usual: float = 1.0
    seed: int = 0
    made: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def answer(self, inputs: Mapping[str, np.ndarray], steps: int = 1) -> np.ndarray:
        """Return corrections (B, 9), local frame, of `Condition.inputs`; the same every time."""
        rng = np.random.default_rng(self.seed)
        noise = rng.standard_normal((1, ACTION), np.float32)
        noise = np.repeat(noise, len(inputs['state']), axis=0)
        scaled = scale_inputs(seen_inputs(inputs), self.scales)
        out = denoise(operations, self.params, self.shape, scaled, noise, steps)
        return out * self.scales['aim']

    def novelty(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return how far inputs (B,) are from those of training: 1.0 is farther than 99% of them.

        Root mean square of all numbers' distances from their means, in standard deviations.
        """
        return distances(inputs, self.scales) / self.usual

    def save(self, folder: Path) -> None:
        """Write the folder, without the card."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f'params.{k}': np.ascontiguousarray(v) for k, v in self.params.items()}
        tensors |= {f'scales.{k}': np.ascontiguousarray(v) for k, v in self.scales.items()}
        data = save(tensors)
        (folder / MODEL).write_bytes(data)
        config = {
            'format': FORMAT,
            'shape': dataclasses.asdict(self.shape),
            'usual': self.usual,
            'seed': self.seed,
            'sha256': hashlib.sha256(data).hexdigest(),
            'made': dict(self.made),
        }
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + '\n')

    @staticmethod
    def load(folder: Path) -> Weights:
        """Read a folder; raise ConfigError for what in it is missing, or not what it should be."""
        config = _config(folder)
        try:
            data = (folder / MODEL).read_bytes()
        except OSError as error:
            raise ConfigError(f'{folder / MODEL} cannot be read: {error}') from error
        digest = hashlib.sha256(data).hexdigest()
        if digest != config['sha256']:
            raise ConfigError(
                f'{folder / MODEL} has the checksum {digest}, {CONFIG} says {config["sha256"]}'
            )
        try:
            tensors = load(data)
            shape = NetworkShape(**config['shape'])
        except (SafetensorError, TypeError, InvalidValueError) as error:
            raise ConfigError(f'{folder} holds no expert: {error}') from error
        params, scales = _part(tensors, 'params.'), _part(tensors, 'scales.')
        _check(folder, params, {k: v.shape for k, v in initial_params(shape, 0).items()})
        wanted = {f'{key}.{part}' for key in (*SCALED, 'cloud') for part in ('mean', 'std')}
        _check(folder, scales, dict.fromkeys({*wanted, 'aim'}))
        return Weights(
            shape, params, scales, float(config['usual']), config['seed'], config['made']
        )


def checksum(folder: Path) -> str:
    """Return the SHA-256 of a folder's tensors, as `Weights.load` checks it."""
    return str(_config(folder)['sha256'])


def scale_inputs(inputs: Mapping[str, Any], scales: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs with mean 0 and variance 1 where they are scaled; arrays or tensors."""
    scaled = {k: (inputs[k] - scales[f'{k}.mean']) / scales[f'{k}.std'] for k in SCALED}
    return {**inputs, **scaled}


def seen_inputs(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return inputs without clouds where nothing is seen in any of them: see `encode`."""
    if inputs['seen'].any():
        return inputs
    return {k: v for k, v in inputs.items() if k not in ('points', 'relief')}


def input_scales(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the scales of inputs, first axis S; see `Weights`."""
    numbers = {key: inputs[key].reshape(-1, inputs[key].shape[-1]) for key in SCALED}
    numbers['cloud'] = _cloud_numbers(inputs)[inputs['seen'] > 0]
    if not len(numbers['cloud']):
        numbers['cloud'] = np.zeros((1, CLOUD_NUMBERS), np.float32)
    out = {}
    for key, values in numbers.items():
        out[f'{key}.mean'] = values.mean(axis=0).astype(np.float32)
        out[f'{key}.std'] = np.maximum(values.std(axis=0), 0.02).astype(np.float32)
    return out


def distances(inputs: Mapping[str, np.ndarray], scales: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return root mean squares (B,) of inputs in standard deviations off their means."""
    scaled = scale_inputs(inputs, scales)
    cloud = (_cloud_numbers(inputs) - scales['cloud.mean']) / scales['cloud.std']
    parts = [scaled['state'], scaled['waypoints'], cloud * inputs['seen'][:, None]]
    flat = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
    return np.sqrt((flat**2).mean(axis=1))


def _cloud_numbers(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return middle and extents (B, 6) of local clouds, m."""
    points = inputs['points'].astype(np.float32)
    return np.concatenate([points.mean(axis=1), points.std(axis=1)], axis=1)


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG).read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f'{folder / CONFIG} cannot be read: {error}') from error
    if not isinstance(config, dict) or config.get('format') != FORMAT:
        found = config.get('format') if isinstance(config, dict) else config
        raise ConfigError(
            f'{folder} holds weights of format {found!r}, this version reads {FORMAT}'
        )
    missing = [k for k in ('shape', 'usual', 'seed', 'sha256', 'made') if k not in config]
    if missing:
        raise ConfigError(f'{folder / CONFIG} lacks {missing}; it has {sorted(config)}')
    return config


def _part(tensors: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}


def _check(folder: Path, tensors: Mapping[str, np.ndarray], shapes: Mapping[str, Any]) -> None:
    missing, unknown = sorted(set(shapes) - set(tensors)), sorted(set(tensors) - set(shapes))
    if missing or unknown:
        raise ConfigError(f'{folder / MODEL} lacks {missing} and has {unknown} too many')
    for name, shape in shapes.items():
        tensor = tensors[name]
        if shape is not None and tensor.shape != shape:
            raise ConfigError(f'{folder / MODEL}: {name} is {tensor.shape}, expected {shape}')
        if not np.isfinite(tensor).all():
            raise ConfigError(f'{folder / MODEL}: {name} is not finite')
