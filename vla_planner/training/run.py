"""One training run: settings, the loop, checkpoints that resume exactly, and the export."""

from __future__ import annotations

import csv
import dataclasses
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from gae_arm.core import checks
from gae_arm.core.errors import ConfigError
from gae_arm.core.lesson import Lesson
from vla_planner.training.batch import Collator
from vla_planner.training.export import export
from vla_planner.training.losses import Losses, Objective
from vla_planner.training.model import PlannerShape, PlannerTrainer, build_model
from vla_planner.training.vocabulary import Vocabulary
from vla_planner.training.warm_start import warm_start

SEEDS = 10**9
"""Lessons of run seed s are those of the seeds from (s + 1) SEEDS on; held-out ones lie below."""
CHECKPOINT, STATE, CURVE = 'checkpoint', 'state.json', 'curve.csv'
COLUMNS = ('step', 'pictures', 'seconds', 'rate', *(f.name for f in dataclasses.fields(Losses)))


@dataclass(frozen=True)
class RunSettings:
    """How to train.

    pictures: how many are seen in all; batch: at once, by all processes together. learning_rate:
    AdamW's, after `warm_up` steps; from `decay_from` of the run on it falls linearly to 2%.
    """

    pictures: int = 500_000
    batch: int = 8
    learning_rate: float = 1e-3
    warm_up: int = 300
    decay_from: float = 0.6
    weight_decay: float = 0.02
    clip: float = 1.0
    seed: int = 0
    log_every: int = 50
    save_every: int = 250

    def __post_init__(self) -> None:
        """Validate."""
        for name in ('pictures', 'batch', 'log_every', 'save_every'):
            checks.integer(name, getattr(self, name), 1, 10**9)
        checks.integer('seed', self.seed, 0, 10**6)
        checks.number('learning_rate', self.learning_rate, 1e-8, 1.0)
        checks.number('decay_from', self.decay_from, 0.0, 1.0)

    @property
    def steps(self) -> int:
        """Return how many steps the run has."""
        return -(-self.pictures // self.batch)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        warm = min(1.0, (step + 1) / self.warm_up)
        left = (1 - step / self.steps) / max(1 - self.decay_from, 1e-9)
        return self.learning_rate * warm * min(1.0, max(0.02, left))


@dataclass(frozen=True)
class Lessons:
    """Where lessons come from: `make` returns that of a seed; kinds, colors, words: all in them."""

    make: Callable[[int], Lesson]
    kinds: tuple[str, ...]
    colors: tuple[str, ...]
    words: tuple[str, ...]


class PlannerRun:
    """A training run in a folder; made anew or resumed where its last checkpoint was written.

    warm: folder of a run whose weights a new one begins with.
    """

    def __init__(
        self,
        folder: Path,
        shape: PlannerShape,
        settings: RunSettings,
        lessons: Lessons,
        warm: Path | None = None,
    ) -> None:
        self.folder, self.shape, self.settings, self.lessons = folder, shape, settings, lessons
        self.vocabulary = Vocabulary(lessons.words)
        self.step, self.seconds = 0, 0.0
        torch.manual_seed(settings.seed)
        model = build_model(shape, self.vocabulary)
        trainer = PlannerTrainer(
            model, len(lessons.kinds) + 1, len(lessons.colors) + 1, shape.dims[-1]
        )
        objective = Objective(trainer, self.vocabulary)
        if warm is not None:
            warm_start(objective, self.vocabulary, warm / CHECKPOINT)
        self._accelerator = Accelerator(mixed_precision='bf16', cpu=not torch.cuda.is_available())
        optimizer = torch.optim.AdamW(
            _groups(objective, settings.weight_decay),
            settings.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        self.objective, self._optimizer = self._accelerator.prepare(objective, optimizer)
        self._collate = Collator(shape, self.vocabulary, lessons.kinds, lessons.colors)
        if (folder / CHECKPOINT).is_dir():
            self._load()

    @property
    def model(self) -> Any:
        """Return the planner that is being trained."""
        return self._accelerator.unwrap_model(self.objective).trainer.model

    def train(self, until: Callable[[PlannerRun], bool] = lambda run: False) -> Iterator[Losses]:
        """Train on, yielding the losses of each step; `until` is asked after each one."""
        self.objective.train()
        while self.step < self.settings.steps:
            began = time.perf_counter()
            losses = self._one_step()
            self.seconds += time.perf_counter() - began
            yield losses
            if self.step % self.settings.save_every == 0 or self.step == self.settings.steps:
                self.save()
            if until(self):
                break

    def _one_step(self) -> Losses:
        settings, process = self.settings, self._accelerator.process_index
        for group in self._optimizer.param_groups:
            group['lr'] = settings.rate(self.step)
        first = (settings.seed + 1) * SEEDS + self.step * settings.batch
        seeds = range(first + process, first + settings.batch, self._accelerator.num_processes)
        batch = self._collate([self.lessons.make(seed) for seed in seeds])
        with self._accelerator.autocast():
            losses: Losses = self.objective(batch.to(self._accelerator.device))
        self._optimizer.zero_grad(set_to_none=True)
        self._accelerator.backward(losses.total)
        self._accelerator.clip_grad_norm_(self.objective.parameters(), settings.clip)
        self._optimizer.step()
        self.step += 1
        return losses

    def save(self) -> None:
        """Write a checkpoint that replaces the last one only when it is whole."""
        if not self._accelerator.is_main_process:
            return
        # It would say at each checkpoint that tied weights are written once.
        logging.getLogger('accelerate.utils.other').setLevel(logging.ERROR)
        new, old = self.folder / f'{CHECKPOINT}.new', self.folder / CHECKPOINT
        shutil.rmtree(new, ignore_errors=True)
        self._accelerator.save_state(str(new))
        state = {
            'step': self.step,
            'seconds': self.seconds,
            'shape': self.shape.as_dict(),
            'settings': dataclasses.asdict(self.settings),
            'words': list(self.lessons.words),
        }
        (new / STATE).write_text(json.dumps(state, indent=1))
        last = self.folder / f'{CHECKPOINT}.last'
        shutil.rmtree(last, ignore_errors=True)
        if old.is_dir():
            old.rename(last)
        new.rename(old)

    def export(self, folder: Path) -> None:
        """Write the model for `transformers`."""
        export(self.model, self.shape, self.vocabulary, folder)

    def _load(self) -> None:
        state = json.loads((self.folder / CHECKPOINT / STATE).read_text())
        shape = {k: list(v) if isinstance(v, tuple) else v for k, v in self.shape.as_dict().items()}
        for name, mine in (('shape', shape), ('words', list(self.lessons.words))):
            if state[name] != mine:
                raise ConfigError(
                    f'{self.folder / CHECKPOINT} was made with another {name}: {state[name]}; '
                    f'now it is {mine}'
                )
        self._accelerator.load_state(str(self.folder / CHECKPOINT))
        self.step, self.seconds = state['step'], state['seconds']


def _groups(module: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return parameter groups: matrices decay, vectors do not."""
    parameters = list(module.parameters())
    return [
        {'params': [p for p in parameters if p.ndim >= 2], 'weight_decay': weight_decay},
        {'params': [p for p in parameters if p.ndim < 2], 'weight_decay': 0.0},
    ]


class Curve:
    """Means of the losses, a line of a CSV file every so many steps."""

    def __init__(self, run: PlannerRun) -> None:
        self._run = run
        self._path = run.folder / CURVE
        self._sums: dict[str, float] = {}
        self._count = 0
        if not self._path.exists():
            with self._path.open('w', newline='') as file:
                csv.writer(file).writerow(COLUMNS)

    def add(self, losses: Losses) -> dict[str, float] | None:
        """Add the losses of a step; return the means when a line was written."""
        for name, value in losses.as_dict().items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        run = self._run
        if run.step % run.settings.log_every:
            return None
        means = {name: value / self._count for name, value in self._sums.items()}
        pictures = run.step * run.settings.batch
        line = {
            'step': run.step,
            'pictures': pictures,
            'seconds': round(run.seconds, 1),
            'rate': run.settings.rate(run.step),
            **{name: round(value, 5) for name, value in means.items()},
        }
        with self._path.open('a', newline='') as file:
            csv.DictWriter(file, COLUMNS).writerow(line)
        self._sums, self._count = {}, 0
        return means
