"""One training run of the expert in a folder: the loop, checkpoints that resume exactly, export."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file

from action_expert.expert.network import NetworkShape
from action_expert.expert.weights import Weights, distances, input_scales
from action_expert.training.batches import BatchSettings, draw_batch
from action_expert.training.module import Average, ExpertModule, Losses
from action_expert.training.shards import Table
from gae_arm.core.accelerated import AcceleratedRun
from gae_arm.core.errors import ConfigError
from gae_arm.core.precision import chosen
from gae_arm.core.settings import Settings, setting
from gae_arm.core.training import CHECKPOINT, scheduled_rate
from gae_arm.core.training_state import STATE, check_same, read_state

AVERAGE, SCALES = 'average.safetensors', 'scales.safetensors'
STAGES = {'action': 'trajectories only: no clouds', 'cloud': 'with clouds'}


@dataclass(frozen=True)
class RunSettings(Settings):
    """How long and how fast to learn; see also `BatchSettings`."""

    stage: str = setting('cloud', 'action: without clouds; cloud: with', choices=tuple(STAGES))
    steps: int = setting(20_000, 'of the run', low=1)
    learning_rate: float = setting(1e-3, "AdamW's, after warm-up", low=1e-8, high=1.0)
    warm_up: int = setting(200, 'steps', low=1)
    decay_from: float = setting(0.5, 'share of the run after which it falls', low=0.0, high=1.0)
    weight_decay: float = setting(0.01, 'of matrices', low=0.0, high=1.0)
    clip: float = setting(1.0, 'largest norm of a gradient', low=1e-3, high=1e3)
    average: float = setting(0.998, 'decay of the average that is shipped', low=0.0, high=1.0)
    save_every: int = setting(500, 'steps', low=1)
    log_every: int = setting(50, 'steps', low=1)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        return scheduled_rate(step, self.steps, self.learning_rate, self.warm_up, self.decay_from)


class ExpertRun(AcceleratedRun[Losses]):
    """A run in a folder; made anew, or resumed where its last checkpoint was written.

    table: situations, see `shards`. start: weights that a new run begins with: those of stage 1.
    precision: see `chosen`. Raises ConfigError where a run would go on otherwise than it began.
    """

    def __init__(
        self,
        folder: Path,
        table: Table,
        settings: RunSettings,
        batch: BatchSettings,
        shape: NetworkShape | None = None,
        start: Weights | None = None,
        precision: str = 'auto',
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder, settings.steps, settings.save_every)
        self.table, self.settings = table, settings
        self.batch = dataclasses.replace(
            batch, blind=1.0 if settings.stage == 'action' else batch.blind
        )
        self.shape = shape or (start.shape if start else NetworkShape())
        self.scales = _scales(table, start)
        module = ExpertModule(self.shape, self.scales, batch.seed)
        if start is not None:
            module.load_params(start.params)
        state = read_state(self.checkpoint) or {}
        self.precision = chosen(precision, state.get('run', {}).get('precision'))
        check_same(self.checkpoint, state, self._facts)
        gpu = torch.cuda.is_available()
        self._accelerator = Accelerator(mixed_precision=self.precision, cpu=not gpu)
        optimizer = torch.optim.AdamW(
            _groups(module, settings.weight_decay), settings.learning_rate, betas=(0.9, 0.98)
        )
        self._average = Average(module.params, settings.average)
        self._module, self._optimizer = self._accelerator.prepare(module, optimizer)
        self._average.params = {
            k: v.to(self._accelerator.device) for k, v in self._average.params.items()
        }
        if state:
            self._load(state)

    @staticmethod
    def reopen(folder: Path, table: Table) -> ExpertRun:
        """Return the run whose checkpoint is in a folder, with the settings that it was made with.

        Raises ConfigError without one.
        """
        state = read_state(folder / CHECKPOINT)
        if state is None:
            raise ConfigError(f'{folder} holds no run: there is no {folder / CHECKPOINT}')
        run = {k: v for k, v in state.get('run', {}).items() if k != 'precision'}
        batch, shape = BatchSettings(**state.get('batch', {})), NetworkShape(**state['shape'])
        return ExpertRun(folder, table, RunSettings(**run), batch, shape)

    def _begin(self) -> None:
        self._module.train()

    def _one_step(self) -> Losses:
        accelerator = self._accelerator
        for group in self._optimizer.param_groups:
            group['lr'] = self.settings.rate(self.step)
        drawn = draw_batch(
            self.table,
            self.scales,
            self.batch,
            self.step,
            accelerator.process_index,
            accelerator.num_processes,
        )
        batch = {k: torch.from_numpy(v).to(accelerator.device) for k, v in drawn.items()}
        with accelerator.autocast():
            losses: Losses = self._module(batch)
        self._optimizer.zero_grad(set_to_none=True)
        accelerator.backward(losses.total)
        accelerator.clip_grad_norm_(self._module.parameters(), self.settings.clip)
        self._optimizer.step()
        self._average.update(self._params, self.step + 1)
        return Losses(*(accelerator.reduce(x.detach(), 'mean') for x in _values(losses)))

    @property
    def _params(self) -> dict[str, Any]:
        params: dict[str, Any] = self._accelerator.unwrap_model(self._module).params
        return params

    def weights(self, made: Mapping[str, Any] | None = None) -> Weights:
        """Return the average as it is now, ready to be used."""
        usual = float(np.percentile(distances(_some(self.table), self.scales), 99))
        return Weights(
            self.shape,
            self._average.numpy(),
            self.scales,
            usual,
            made={**self.made, **(made or {})},
        )

    @property
    def made(self) -> dict[str, Any]:
        """Return how these weights came about, plain JSON."""
        return {
            'stage': self.settings.stage,
            'steps': self.step,
            'seconds': round(self.seconds),
            'situations': len(self.table['state']),
            **{part: self._facts[part] for part in ('run', 'batch')},
        }

    @property
    def _facts(self) -> dict[str, dict[str, Any]]:
        """Return all that a run must have the same to go on exactly, plain JSON."""
        return {
            'shape': dataclasses.asdict(self.shape),
            'run': {**dataclasses.asdict(self.settings), 'precision': self.precision},
            'batch': dataclasses.asdict(self.batch),
        }

    def _write(self, folder: Path) -> None:
        self._accelerator.save_state(str(folder))
        save_file(self._average.params, folder / AVERAGE)
        save_file({k: torch.from_numpy(v) for k, v in self.scales.items()}, folder / SCALES)
        state = {'step': self.step, 'seconds': self.seconds, **self._facts}
        (folder / STATE).write_text(json.dumps(state, indent=1))

    def _load(self, state: Mapping[str, Any]) -> None:
        folder = self.checkpoint
        self._accelerator.load_state(str(folder))
        average = load_file(folder / AVERAGE)
        self._average.params = {k: v.to(self._accelerator.device) for k, v in average.items()}
        scales = load_file(folder / SCALES)
        self.scales = {k: v.numpy() for k, v in scales.items()}
        self._accelerator.unwrap_model(self._module).set_scales(self.scales)
        self.step, self.seconds = state['step'], state['seconds']


def _scales(table: Table, start: Weights | None) -> dict[str, np.ndarray]:
    """Return the scales of a new run: those that it begins with, but of the clouds it looks at."""
    own = table_scales(table)
    if start is None:
        return own
    return {k: own[k] if k.startswith('cloud.') else v for k, v in start.scales.items()}


def table_scales(table: Table) -> dict[str, np.ndarray]:
    """Return what inputs and answers are scaled by; see `Weights`."""
    some = _some(table)
    return {
        **input_scales(some),
        'aim': np.maximum(some['aim'].std(axis=0), 0.01).astype(np.float32),
    }


def _some(table: Table, count: int = 20_000) -> dict[str, np.ndarray]:
    """Return situations spread over the table, enough for its statistics."""
    step = max(1, len(table['state']) // count)
    return {key: value[::step] for key, value in table.items()}


def _values(losses: Losses) -> list[Any]:
    return [getattr(losses, f.name) for f in dataclasses.fields(losses)]


def _groups(module: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return parameter groups: matrices decay, vectors do not."""
    parameters = list(module.parameters())
    return [
        {'params': [p for p in parameters if p.ndim >= 2], 'weight_decay': weight_decay},
        {'params': [p for p in parameters if p.ndim < 2], 'weight_decay': 0.0},
    ]
