"""Fine-tuning of a vision-language model on images, instructions and answers.

Only a LoRA adapter learns: Hu et al. 2021. The base stays as it is; the adapter is a few megabytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from accelerate import Accelerator

from gae_arm.core.errors import InvalidValueError, MissingDependencyError
from gae_arm.core.settings import Settings, setting
from vla_planner.backends.hf import HfBackend, messages
from vla_planner.profile import PROFILE, Profile
from vla_planner.prompts import Prompts, Turn

IGNORED = -100


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
    batch: int = setting(8, 'samples a step, one after the other', low=1, high=4096)
    rate: float = setting(1e-4, 'learning rate', low=0.0, high=1.0)
    rank: int = setting(16, 'of the adapter', low=1, high=1024)
    seed: int = setting(0, 'of the order of samples and of the adapter', low=0)


def tune(
    base: Profile, prompts: Prompts, samples: Sequence[Sample], settings: TuneSettings, out: Path
) -> Iterator[float]:
    """Tune; yield the loss of each step, and write the adapter and its profile to `out` at the end.

    `out` is a model for `gae plan --model`. Raises GaeError for a base without a chat template.
    """
    if not samples:
        raise InvalidValueError('no samples to tune on')
    torch.manual_seed(settings.seed)
    backend = HfBackend(base)
    if not getattr(backend.processor, 'chat_template', None):
        raise InvalidValueError(f'{base.model} has no chat template: it cannot be asked as tuned')
    model = _adapted(backend.model, settings.rank)
    learned = [p for p in model.parameters() if p.requires_grad]
    accelerator = Accelerator(gradient_accumulation_steps=settings.batch)
    optimizer = torch.optim.AdamW(learned, settings.rate)
    model, optimizer = accelerator.prepare(model, optimizer)
    model.train()
    order = np.random.default_rng(settings.seed)
    for _ in range(settings.steps):
        total = 0.0
        for index in order.integers(0, len(samples), settings.batch):
            with accelerator.accumulate(model):
                inputs = _inputs(backend, prompts, samples[int(index)], accelerator.device)
                loss = model(**inputs).loss
                accelerator.backward(loss)
                optimizer.step()
                optimizer.zero_grad()
            total += float(loss.detach())
        yield total / settings.batch
    accelerator.unwrap_model(model).save_pretrained(out, safe_serialization=True)
    _write_profile(base, out)


def _adapted(model: Any, rank: int) -> Any:
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise MissingDependencyError(
            'tuning needs peft; install it with: pip install -r requirements/model.txt'
        ) from error
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules='all-linear')
    if model.is_gradient_checkpointing is False and next(model.parameters()).is_cuda:
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    return get_peft_model(model, config)


def _inputs(
    backend: HfBackend, prompts: Prompts, sample: Sample, device: torch.device
) -> dict[str, Any]:
    """Return the model's input for a sample; only the answer counts in the loss."""
    text = prompts.prompt.substitute(instruction=sample.instruction, anchors='[]')
    asked = [*prompts.opening(), Turn('user', text, sample.rgb)]
    answered = [*asked, Turn('assistant', sample.answer)]
    question = _tokens(backend, asked, add_generation_prompt=True)
    whole = _tokens(backend, answered, add_generation_prompt=False)
    labels = whole['input_ids'].clone()
    labels[:, : question['input_ids'].shape[1]] = IGNORED
    return {**whole.to(device, dtype=backend.model.dtype), 'labels': labels.to(device)}


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
