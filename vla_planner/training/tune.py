"""Fine-tuning of a vision-language model on images, instructions and answers.

Only a LoRA adapter learns: Hu et al. 2021. The base stays as it is; the adapter is a few megabytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from accelerate import Accelerator, DistributedDataParallelKwargs, PartialState
from safetensors.torch import load_file

from gae_arm.core.accelerated import AcceleratedRun
from gae_arm.core.errors import InvalidValueError, MissingDependencyError
from gae_arm.core.settings import Settings, setting
from gae_arm.core.training import LossCurve
from gae_arm.core.training_state import STATE, check_same, read_state
from vla_planner.backends.hf import HfBackend, messages
from vla_planner.profile import PROFILE, Profile
from vla_planner.prompts import Prompts, Turn

IGNORED = -100
ADAPTER, OPTIMIZER = 'adapter_model.safetensors', 'optimizer.bin'
COLUMNS = ('step', 'seconds')


@dataclass(frozen=True, eq=False)
class Sample:
    """One question with its answer. rgb: uint8 (H, W, 3)."""

    rgb: np.ndarray
    instruction: str
    answer: str


@dataclass(frozen=True)
class TuneSettings(Settings):
    """How a model is tuned."""

    steps: int = setting(1000, 'of the optimiser', low=1)
    batch: int = setting(8, 'samples a step, by all processes together', low=1, high=4096)
    rate: float = setting(1e-4, 'learning rate', low=0.0, high=1.0)
    rank: int = setting(16, 'of the adapter', low=1, high=1024)
    seed: int = setting(0, 'of the order of samples and of the adapter', low=0)
    save_every: int = setting(100, 'steps', low=1)
    log_every: int = setting(10, 'steps', low=1)


class TuneRun(AcceleratedRun[float]):
    """A tuning run in a folder; begun anew, or resumed where its last checkpoint was written.

    Checkpoints hold the adapter and its optimiser, not the base: some megabytes. Several processes
    share a batch. Raises GaeError for a base without a chat template, without samples, for a batch
    that the processes cannot share, and where a run would go on otherwise than it began.
    """

    def __init__(
        self,
        folder: Path,
        base: Profile,
        prompts: Prompts,
        samples: Sequence[Sample],
        settings: TuneSettings,
    ) -> None:
        super().__init__(folder, settings.steps, settings.save_every)
        if not samples:
            raise InvalidValueError('no samples to tune on')
        self.base, self.settings = base, settings
        self._prompts, self._samples = prompts, samples
        state = read_state(self.checkpoint) or {}
        check_same(self.checkpoint, state, self._facts)
        torch.manual_seed(settings.seed)
        self._backend = HfBackend(base)
        if not getattr(self._backend.processor, 'chat_template', None):
            raise InvalidValueError(
                f'{base.model} has no chat template: it cannot be asked as tuned'
            )
        model = _adapted(self._backend.model, settings.rank)
        cpu = not torch.cuda.is_available()
        self._processes = PartialState(cpu=cpu).num_processes
        if settings.batch % self._processes:
            raise InvalidValueError(
                f'a batch of {settings.batch} cannot be shared by {self._processes} processes'
            )
        # Some models leave layers of theirs out, the last ones of their vision tower, for example.
        handlers = [DistributedDataParallelKwargs(find_unused_parameters=True)]
        count = settings.batch // self._processes
        self._accelerator = Accelerator(
            gradient_accumulation_steps=count, cpu=cpu, kwargs_handlers=handlers
        )
        learned = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(learned, settings.rate)
        self._model, self._optimizer = self._accelerator.prepare(model, optimizer)
        if state:
            self._load(state)

    def curve(self) -> Callable[[float], dict[str, float] | None]:
        """Return what takes the loss of each step; it returns the mean now and then."""
        curve = LossCurve(self.folder, COLUMNS, ('loss',), self.settings.log_every)

        def add(loss: float) -> dict[str, float] | None:
            facts = dict(zip(COLUMNS, (self.step, round(self.seconds, 1)), strict=True))
            return curve.add(self.step, {'loss': loss}, facts)

        return add

    def export(self) -> None:
        """Write adapter and profile to the run's folder: it is a model for `gae plan --model`."""
        if self.is_main:
            self._adapter.save_pretrained(self.folder, safe_serialization=True)
            _write_profile(self.base, self.folder)

    def _begin(self) -> None:
        self._model.train()

    def _one_step(self) -> float:
        accelerator, settings = self._accelerator, self.settings
        # All that is random about a step comes from its number: so a run goes on exactly.
        torch.manual_seed(settings.seed + self.step)
        rng = np.random.default_rng([settings.seed, self.step])
        chosen = rng.integers(0, len(self._samples), settings.batch)
        total = torch.zeros((), device=accelerator.device)
        for index in chosen[accelerator.process_index :: self._processes]:
            with accelerator.accumulate(self._model):
                sample = self._samples[int(index)]
                loss = self._model(**self._inputs(sample)).loss
                accelerator.backward(loss)
                self._optimizer.step()
                self._optimizer.zero_grad()
            total += loss.detach().float()
        return float(accelerator.reduce(total, 'sum')) / settings.batch

    def _inputs(self, sample: Sample) -> dict[str, Any]:
        """Return the model's input for a sample; only the answer counts in the loss."""
        text = self._prompts.prompt.substitute(
            instruction=sample.instruction, anchors='[]', moved=''
        ).strip()
        asked = [*self._prompts.opening(), Turn('user', text, sample.rgb)]
        answered = [*asked, Turn('assistant', sample.answer)]
        question = _tokens(self._backend, asked, add_generation_prompt=True)
        whole = _tokens(self._backend, answered, add_generation_prompt=False)
        labels = whole['input_ids'].clone()
        labels[:, : question['input_ids'].shape[1]] = IGNORED
        device = self._accelerator.device
        moved = whole.to(device, dtype=self._backend.model.dtype)
        return {**moved, 'labels': labels.to(device)}

    @property
    def _adapter(self) -> Any:
        return self._accelerator.unwrap_model(self._model)

    @property
    def _facts(self) -> dict[str, dict[str, Any]]:
        """Return all that a run must have the same to go on exactly, plain JSON."""
        said = hashlib.sha256()
        for sample in self._samples:
            said.update(f'{sample.instruction}\n{sample.answer}\n'.encode())
        return {
            'run': {**dataclasses.asdict(self.settings), 'base': self.base.model},
            'samples': {'count': len(self._samples), 'sha256': said.hexdigest()},
        }

    def _write(self, folder: Path) -> None:
        self._adapter.save_pretrained(folder, safe_serialization=True)
        torch.save(self._optimizer.state_dict(), folder / OPTIMIZER)
        state = {'step': self.step, 'seconds': self.seconds, **self._facts}
        (folder / STATE).write_text(json.dumps(state, indent=1))

    def _load(self, state: dict[str, Any]) -> None:
        folder, device = self.checkpoint, self._accelerator.device
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(self._adapter, load_file(folder / ADAPTER))
        optimizer = torch.load(folder / OPTIMIZER, map_location=device, weights_only=True)
        self._optimizer.load_state_dict(optimizer)
        self.step, self.seconds = state['step'], state['seconds']


def _adapted(model: Any, rank: int) -> Any:
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise MissingDependencyError(
            'tuning needs peft; install it with: pip install -r requirements/model.txt'
        ) from error
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules='all-linear')
    if next(model.parameters()).is_cuda:
        # Several processes look for unused parameters: only this kind bears that.
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={'use_reentrant': False})
        model.enable_input_require_grads()
    return get_peft_model(model, config)


def _tokens(backend: HfBackend, turns: Sequence[Turn], add_generation_prompt: bool) -> Any:
    return backend.processor.apply_chat_template(
        messages(turns),
        add_generation_prompt=add_generation_prompt,
        tokenize=True,
        return_dict=True,
        return_tensors='pt',
    )


def _write_profile(base: Profile, out: Path) -> None:
    """Write how the tuned model is asked: as its base, with the adapter."""
    keys = ('system', 'prompt', 'longest', 'tokens', 'timeout', 'dtype', 'says_done')
    said = {key: getattr(base, key) for key in keys}
    said |= {'backend': 'hf', 'model': base.model, 'adapter': str(out.resolve()), 'format': 'ours'}
    (out / PROFILE).write_text(yaml.safe_dump(said, sort_keys=False), encoding='utf-8')
