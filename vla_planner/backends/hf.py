"""Any image-text-to-text model of `transformers`, from a folder or the hub, in this process."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gae_arm.core.errors import ConfigError, GaeError, MissingDependencyError
from gae_arm.core.instruction import ErrorCode
from vla_planner.backends.backend import Asking
from vla_planner.errors import PlannerError
from vla_planner.formats.compact import without_oldest
from vla_planner.profile import Profile, model_folder
from vla_planner.prompts import Turn

try:
    import torch
    import transformers
    from PIL import Image
    from transformers import AutoModelForImageTextToText

    from vla_planner.backends.looks import SHIFTS, Agreement, moved_along, shifted
    from vla_planner.backends.processor import load_processor
except ImportError as error:
    raise MissingDependencyError(
        f'models in this process need torch and transformers ({error}); install them with: '
        'pip install -r requirements/model.txt'
    ) from error

NEEDED = ('config.json', 'model weights', 'processor')
BUNDLED = (
    'it is part of the repository (models/planner); where it is missing, make it with '
    '`gae train planner --out runs/planner` and then `--export models/planner`, or name another '
    'model with --model'
)


class HfBackend:
    """A model with its processor. Weights are read from safetensors only; no remote code is run.

    Raises GaeError when it cannot be loaded.
    """

    def __init__(self, profile: Profile) -> None:
        self.name = profile.model
        folder = model_folder(profile.model)
        source = profile.model if folder is None else str(folder)
        if folder is not None:
            _check_folder(folder, profile.model)
        self.device = _device(profile.device)
        if profile.threads:
            torch.set_num_threads(profile.threads)
        self._constrained = profile.constrained and profile.format == 'compact'
        self.processor = _load(profile, 'processor', load_processor, source)
        if not hasattr(self.processor, 'image_processor'):
            raise ConfigError(
                f'{profile.model} has no image processor: preprocessor_config.json or '
                'processor_config.json is missing; a model that sees images has one'
            )
        one = profile.format != 'compact' or _talks(self.processor)
        self._shifts = SHIFTS[: 1 if one else profile.looks]
        self.model = self._loaded(profile, source)
        self.model.eval()
        limits = self.model.config.get_text_config()
        self._places = getattr(limits, 'max_position_embeddings', None) or math.inf

    def _loaded(self, profile: Profile, source: str) -> Any:
        options: dict[str, Any] = {'use_safetensors': True}
        options['dtype'] = 'auto' if profile.dtype == 'auto' else getattr(torch, profile.dtype)
        if profile.attention != 'auto':
            options['attn_implementation'] = profile.attention
        if profile.quantization != 'none':
            options['quantization_config'] = _quantization(profile)
            options['device_map'] = {'': self.device}
        load = AutoModelForImageTextToText.from_pretrained
        model = _load(profile, 'model', load, source, **options)
        if profile.adapter:
            model = _with_adapter(model, profile.adapter)
        return model if profile.quantization != 'none' else model.to(self.device)

    def answer(self, conversation: Sequence[Turn], asking: Asking) -> Iterator[str]:
        """Return the answer to the last turn, piece by piece; greedy."""
        import threading

        inputs = self._inputs(conversation)
        streamer = _FirstRow(
            self.processor.tokenizer,
            skip_prompt=not self.model.config.is_encoder_decoder,
            timeout=asking.seconds + 1.0,
            skip_special_tokens=True,
        )
        stop = _GivenUp(asking)
        failure: list[BaseException] = []

        def work() -> None:
            try:
                with torch.inference_mode():
                    self.model.generate(
                        **inputs,
                        max_new_tokens=asking.tokens,
                        do_sample=False,
                        streamer=streamer,
                        stopping_criteria=transformers.StoppingCriteriaList([stop]),
                        **self._constraint(),
                        **self._agreement(),
                        **self._leaning(asking.leaning),
                    )
            except BaseException as error:
                failure.append(error)
                streamer.end()

        thread = threading.Thread(target=work, name='generating', daemon=True)
        thread.start()
        yield from streamer
        thread.join()
        if failure:
            raise failure[0]

    def unknown_words(self, text: str) -> tuple[list[str], int] | None:
        """Return the words that the tokenizer has no token for, and how many words there are."""
        tokenizer = self.processor.tokenizer
        words = text.split()
        unknown = tokenizer.unk_token_id
        if unknown is None:
            return [], len(words)
        lost = [w for w in words if unknown in tokenizer(w, add_special_tokens=False).input_ids]
        return lost, len(words)

    def _inputs(self, conversation: Sequence[Turn]) -> Any:
        if _talks(self.processor):
            inputs = self.processor.apply_chat_template(
                messages(conversation),
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors='pt',
            )
        else:
            text = ' '.join(turn.text for turn in conversation).strip()
            shown = [turn.image for turn in conversation if turn.image is not None]
            images = [
                Image.fromarray(shifted(rgb, shift)) for shift in self._shifts for rgb in shown
            ]
            inputs = self._read(text, images)
            while _length(inputs) > self._places and (less := without_oldest(text)) != text:
                text = less
                inputs = self._read(text, images)
        self._check_length(_length(inputs))
        return inputs.to(self.device, dtype=self.model.dtype)

    def _read(self, text: str, images: list[Any]) -> Any:
        texts = [moved_along(text, shift) for shift in self._shifts]
        return self.processor(text=texts, images=images or None, return_tensors='pt')

    def _check_length(self, tokens: int) -> None:
        """Raise PlannerError for more than the model has places for: it would read beyond them."""
        if tokens > self._places:
            raise PlannerError(
                ErrorCode.INVALID_INSTRUCTION,
                f'the instruction is too long for {self.name}: with the image it has {tokens} '
                f'tokens, at most {self._places} are read; say it shorter, or in parts',
            )

    def _leaning(self, leaning: Mapping[str, float]) -> dict[str, Any]:
        known = self.processor.tokenizer.get_vocab()
        biases = {(known[token],): odds for token, odds in leaning.items() if token in known}
        return {'sequence_bias': biases} if biases else {}

    def _agreement(self) -> dict[str, Any]:
        if len(self._shifts) == 1:
            return {}
        agreement = Agreement(self._shifts, self.processor.tokenizer.get_vocab())
        return {'logits_processor': transformers.LogitsProcessorList([agreement])}

    def _constraint(self) -> dict[str, Any]:
        if not self._constrained:
            return {}
        from vla_planner.formats.compact_grammar import CompactGrammar

        if not hasattr(self, '_grammar'):
            tokenizer = self.processor.tokenizer
            self._grammar = CompactGrammar(tokenizer.get_vocab(), tokenizer.eos_token_id)
        return {'prefix_allowed_tokens_fn': lambda _, ids: self._grammar.allowed(ids.tolist())}


def _length(inputs: Any) -> int:
    return int(inputs['input_ids'].shape[1])


class _FirstRow(transformers.TextIteratorStreamer):
    """Streams the first answer of a batch, whose others say the same."""

    def put(self, value: Any) -> None:
        """Take the tokens that come next, (N,), or all before them, (N, L)."""
        super().put(value[:1])


class _GivenUp(transformers.StoppingCriteria):
    """Ends an answer that nobody waits for any more."""

    def __init__(self, asking: Asking) -> None:
        self._asking, self._until = asking, time.monotonic() + asking.seconds

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        over = self._asking.given_up.is_set() or time.monotonic() > self._until
        return torch.full((input_ids.shape[0],), over, dtype=torch.bool, device=input_ids.device)


def _talks(processor: Any) -> bool:
    """Return whether a model takes conversations, not an image and a text alone."""
    return bool(getattr(processor, 'chat_template', None))


def messages(conversation: Sequence[Turn]) -> list[dict[str, Any]]:
    """Return a conversation as chat templates take it."""
    return [_message(turn) for turn in conversation]


def _message(turn: Turn) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if turn.image is not None:
        content.append({'type': 'image', 'image': Image.fromarray(turn.image)})
    return {'role': turn.role, 'content': [*content, {'type': 'text', 'text': turn.text}]}


def _check_folder(folder: Path, name: str) -> None:
    if not (folder / 'config.json').is_file():
        state = 'has no config.json' if folder.is_dir() else 'is not there'
        how = BUNDLED if name.startswith('models/') else 'a model of transformers is a folder with '
        how = how if name.startswith('models/') else how + ', '.join(NEEDED)
        raise ConfigError(f'the model {folder} {state}: {how}')


def _load(profile: Profile, what: str, load: Any, source: str, **options: Any) -> Any:
    """Return what `load` makes of a folder or hub name; its many errors become a sentence."""
    try:
        with _quietly():
            return load(source, trust_remote_code=False, **options)
    except Exception as error:
        first = str(error).strip().splitlines()[:1]
        raise GaeError(
            f'the {what} of {profile.model} cannot be loaded: {type(error).__name__}: '
            f'{(first or [""])[0][:300]}'
        ) from error


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep the bars of `transformers` off the log."""
    shown = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers.utils.logging.enable_progress_bar()


def _device(name: str) -> str:
    if name == 'auto':
        return 'cuda' if torch.cuda.is_available() else 'cpu'
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except Exception as error:
        raise ConfigError(f'device {name!r} cannot be used: {str(error)[:200]}') from error
    return name


def _quantization(profile: Profile) -> Any:
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            f'quantization {profile.quantization!r} needs bitsandbytes; install it with: '
            'pip install bitsandbytes'
        ) from error
    return transformers.BitsAndBytesConfig(
        load_in_8bit=profile.quantization == '8bit', load_in_4bit=profile.quantization == '4bit'
    )


def _with_adapter(model: Any, adapter: str) -> Any:
    try:
        from peft import PeftModel
    except ImportError as error:
        raise MissingDependencyError(
            'a LoRA adapter needs peft; install it with: pip install -r requirements/model.txt'
        ) from error
    folder = Path(adapter).expanduser()
    if not (folder / 'adapter_model.safetensors').is_file():
        raise ConfigError(f'{folder} is no adapter: it has no adapter_model.safetensors')
    return PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
