"""One training run: settings, the loop, checkpoints that resume exactly, and the export."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch.optim.swa_utils import AveragedModel

from gae_arm.core import checks
from gae_arm.core.accelerated import AcceleratedRun
from gae_arm.core.errors import ConfigError
from gae_arm.core.lesson import Lesson
from gae_arm.core.precision import chosen
from gae_arm.core.training import LossCurve, scheduled_rate
from vla_planner.training.batch import Collator
from vla_planner.training.export import export
from vla_planner.training.losses import Losses, Objective
from vla_planner.training.model import PlannerShape, PlannerTrainer, build_model
from vla_planner.training.vocabulary import Vocabulary
from vla_planner.training.warm_start import read_learned, warm_start

SEEDS = 10**9
"""Lessons of run seed s are those of the seeds from (s + 1) SEEDS on; held-out ones lie below."""
WHOLE_EVERY = 8
"""Steps: so often all image tokens are there also where they are thinned."""
STATE = 'state.json'
COLUMNS = ('step', 'pictures', 'seconds', 'rate')


@dataclass(frozen=True)
class RunSettings:
    """How to train.

    pictures: how many are seen in all; batch: at once, by all processes together. learning_rate:
    of both optimisers, after `warm_up` steps; from `decay_from` of the run on it falls linearly to
    2%. average: share of the old in the running mean of the weights, which is what is measured and
    exported. whole_from: until this share of the run most image tokens without an object are left
    out in most steps.
    """

    pictures: int = 500_000
    batch: int = 16
    learning_rate: float = 1e-3
    warm_up: int = 150
    decay_from: float = 0.6
    weight_decay: float = 0.02
    clip: float = 1.0
    average: float = 0.998
    whole_from: float = 0.85
    seed: int = 0
    log_every: int = 50
    save_every: int = 100

    def __post_init__(self) -> None:
        """Validate."""
        for name in ('pictures', 'batch', 'log_every', 'save_every'):
            checks.integer(name, getattr(self, name), 1, 10**9)
        checks.integer('seed', self.seed, 0, 10**6)
        checks.number('learning_rate', self.learning_rate, 1e-8, 1.0)
        checks.number('decay_from', self.decay_from, 0.0, 1.0)
        checks.number('average', self.average, 0.0, 1.0)

    @property
    def steps(self) -> int:
        """Return how many steps the run has."""
        return -(-self.pictures // self.batch)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        return scheduled_rate(step, self.steps, self.learning_rate, self.warm_up, self.decay_from)


@dataclass(frozen=True)
class Lessons:
    """Where lessons come from: `make` returns that of a seed; kinds, colors, words: all in them."""

    make: Callable[[int], Lesson]
    kinds: tuple[str, ...]
    colors: tuple[str, ...]
    words: tuple[str, ...]


class PlannerRun(AcceleratedRun[Losses]):
    """A training run in a folder; made anew or resumed where its last checkpoint was written.

    warm: folder of a run, or of an exported model, whose weights a new one begins with. precision:
    see `chosen`.
    """

    def __init__(
        self,
        folder: Path,
        shape: PlannerShape,
        settings: RunSettings,
        lessons: Lessons,
        warm: Path | None = None,
        precision: str = 'auto',
    ) -> None:
        super().__init__(folder, settings.steps, settings.save_every)
        self.shape, self.settings, self.lessons = shape, settings, lessons
        self.vocabulary = Vocabulary(lessons.words)
        torch.manual_seed(settings.seed)
        model = build_model(shape, self.vocabulary)
        trainer = PlannerTrainer(
            model, len(lessons.kinds) + 1, len(lessons.colors) + 1, shape.dims[-1]
        )
        objective = Objective(trainer, self.vocabulary, shape)
        self._precision = chosen(precision, self._begun_with())
        gpu = torch.cuda.is_available()
        self._accelerator = Accelerator(mixed_precision=self._precision, cpu=not gpu)
        if warm is not None and not self.checkpoint.is_dir():
            warm_start(objective, self.vocabulary, shape, read_learned(warm))
        self._average = AveragedModel(model, multi_avg_fn=partial(_drawn_to, settings.average))
        self.objective, *self._optimizers = self._accelerator.prepare(
            objective, *_optimizers(objective, settings)
        )
        self._accelerator.register_for_checkpointing(self._average)
        self._collate = Collator(shape, self.vocabulary, lessons.kinds, lessons.colors)
        if self.checkpoint.is_dir():
            self._load()

    @property
    def model(self) -> Any:
        """Return the planner: the running mean of the weights."""
        return self._average.module

    def curve(self) -> Callable[[Losses], dict[str, float] | None]:
        """Return what takes the losses of each step; it returns their means now and then."""
        names = tuple(field.name for field in dataclasses.fields(Losses))
        curve = LossCurve(self.folder, COLUMNS, names, self.settings.log_every)

        def add(losses: Losses) -> dict[str, float] | None:
            values = (
                self.step,
                self.step * self.settings.batch,
                round(self.seconds, 1),
                self.settings.rate(self.step),
            )
            return curve.add(self.step, losses.as_dict(), dict(zip(COLUMNS, values, strict=True)))

        return add

    def _begin(self) -> None:
        self.objective.train()

    def _one_step(self) -> Losses:
        settings, process = self.settings, self._accelerator.process_index
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group['lr'] = settings.rate(self.step)
            optimizer.zero_grad(set_to_none=True)
        first = (settings.seed + 1) * SEEDS + self.step * settings.batch
        seeds = range(first + process, first + settings.batch, self._accelerator.num_processes)
        made = [self.lessons.make(seed) for seed in seeds]
        batch = self._collate(made, np.random.default_rng(first) if self._thinned() else None)
        with self._accelerator.autocast():
            losses: Losses = self.objective(batch.to(self._accelerator.device))
        self._accelerator.backward(losses.total)
        self._accelerator.clip_grad_norm_(self.objective.parameters(), settings.clip)
        for optimizer in self._optimizers:
            optimizer.step()
        trained = self._accelerator.unwrap_model(self.objective).trainer.model
        self._average.update_parameters(trained)
        return losses

    def _thinned(self) -> bool:
        """Return whether some of the empty image tokens are left out in this step."""
        share = self.step / self.steps
        return self.step % WHOLE_EVERY != 0 and share < self.settings.whole_from

    def _write(self, folder: Path) -> None:
        # It would say at each checkpoint that tied weights are written once.
        logging.getLogger('accelerate.utils.other').setLevel(logging.ERROR)
        self._accelerator.save_state(str(folder))
        state = {
            'step': self.step,
            'seconds': self.seconds,
            'shape': self.shape.as_dict(),
            'settings': dataclasses.asdict(self.settings),
            'precision': self._precision,
            'tokens': list(self.vocabulary.tokens),
        }
        (folder / STATE).write_text(json.dumps(state, indent=1))

    def export(self, folder: Path) -> None:
        """Write the model for `transformers`."""
        export(self.model, self.shape, self.vocabulary, folder)

    def _begun_with(self) -> str | None:
        """Return the precision that a run which goes on was begun with."""
        state = self.checkpoint / STATE
        return json.loads(state.read_text()).get('precision') if state.is_file() else None

    def _load(self) -> None:
        state = json.loads((self.checkpoint / STATE).read_text())
        shape = {k: list(v) if isinstance(v, tuple) else v for k, v in self.shape.as_dict().items()}
        if state['shape'] != shape:
            raise ConfigError(
                f'{self.checkpoint} was made with another shape: {state["shape"]}; now it is '
                f'{shape}'
            )
        if state['tokens'] != list(self.vocabulary.tokens):
            other = sorted({*state['tokens']} ^ {*self.vocabulary.tokens})
            raise ConfigError(
                f'{self.checkpoint} was made with another vocabulary, which differs in {other}; '
                'begin another run with --from'
            )
        self._accelerator.load_state(str(self.checkpoint))
        self.step, self.seconds = state['step'], state['seconds']


def _optimizers(objective: Objective, settings: RunSettings) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices of the layers, AdamW for all else.

    Muon (Jordan et al. 2024) makes the steps of a matrix orthogonal; with steps as large as AdamW's
    (Liu et al. 2025, arXiv 2502.16982) both have one learning rate. Matrices decay, vectors do not.
    """
    model = objective.trainer.model
    tied = {id(p) for p in model.get_input_embeddings().parameters()}
    matrices = [
        module.weight
        for module in model.modules()
        if isinstance(module, torch.nn.Linear) and id(module.weight) not in tied
    ]
    known = {id(p) for p in matrices}
    others = [p for p in objective.parameters() if id(p) not in known]
    rate, decay = settings.learning_rate, settings.weight_decay
    groups: list[dict[str, Any]] = [
        {'params': [p for p in others if p.ndim >= 2], 'weight_decay': decay},
        {'params': [p for p in others if p.ndim < 2], 'weight_decay': 0.0},
    ]
    return [
        torch.optim.Muon(
            matrices, rate, weight_decay=decay, adjust_lr_fn='match_rms_adamw', ns_steps=5
        ),
        torch.optim.AdamW(groups, rate, betas=(0.9, 0.98), fused=True),
    ]


@torch.no_grad()
def _drawn_to(
    most: float, mean: Sequence[torch.Tensor], now: Sequence[torch.Tensor], count: Any
) -> None:
    """Draw the running mean of the weights to what they are now; fast in the beginning."""
    seen = int(count)
    torch._foreach_lerp_(list(mean), list(now), 1 - min(most, (1 + seen) / (10 + seen)))
