"""How one model is asked and understood: `config/planners/NAME.yaml`, one file a model."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import yaml

from gae_arm.core import checks
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.paths import share_folder
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.settings import Settings, setting
from vla_planner.formats.compact import ABSENT, DONE, NEXT
from vla_planner.formats.registry import FORMATS
from vla_planner.gripper import ends_open
from vla_planner.scale import Scale

BACKENDS = ('hf', 'http', 'file')
PROTOCOLS = ('one_step', 'two_step')
DONE_AFTER = ('any', 'open')
DEFAULT = 'bundled'
MOST_LOOKS = 4
NEVER = -1000.0
"""Log-odds."""
PROFILE = 'planner.yaml'
"""In a model's folder: how it is asked; its prompts are those of config/planners."""


@dataclass(frozen=True)
class Profile(Settings):
    """One model: where it runs, what it is shown and told, how its answers are read."""

    backend: str = setting('hf', 'where it runs', choices=BACKENDS)
    model: str = setting('', 'folder or hub name (hf), name at the server (http), answers (file)')
    format: str = setting('ours', 'how it answers', choices=tuple(sorted(FORMATS)))
    scale: str = setting(
        '',
        'what its points are shares of; empty: as the format has it',
        choices=('', *(s.value for s in Scale)),
    )
    protocol: str = setting('one_step', 'all at once, or anchors first', choices=PROTOCOLS)
    system: str = setting('', 'file of what it is told before all; empty: nothing')
    prompt: str = setting('instruction.txt', 'file of the question that it answers with waypoints')
    anchors_prompt: str = setting('anchors.txt', 'file of the first of two questions')
    anchors_format: str = setting(
        '', 'how it answers that one; empty: as `format`', choices=('', *sorted(FORMATS))
    )
    retry_prompt: str = setting('retry.txt', 'file of what it is told after a bad answer')
    examples: str = setting('', 'YAML file of questions with answers to begin with; empty: none')
    see: str = setting(
        'whole',
        'what it is shown: the whole image, or the part with the workspace',
        choices=('whole', 'workspace'),
    )
    longest: int = setting(1280, 'larger images are made so small, pixels', low=32, high=8192)
    width: int = setting(192, 'of the picture of the workspace, pixels', low=32, high=4096)
    height: int = setting(144, 'of the picture of the workspace, pixels', low=32, high=4096)
    tokens: int = setting(512, 'longest answer', low=1, high=16384)
    retries: int = setting(1, 'questions after a bad answer', low=0, high=5)
    timeout: float = setting(30.0, 'until it must have answered one question, s', low=0.1)
    says_done: bool = setting(False, 'it can tell from an image that nothing is left to do')
    done_after: str = setting(
        'any',
        'after which plans it can: any, or those that leave the hand open',
        choices=DONE_AFTER,
    )
    absent_odds: float = setting(
        0.0, 'log-odds added to "it is not there", for models that say <absent>', low=-20, high=20
    )
    done_odds: float = setting(
        0.0,
        'the same of <done>, where nothing has been done for the instruction yet',
        low=-20,
        high=20,
    )
    done_odds_again: float = setting(
        0.0, 'the same of <done>, after a plan was carried out', low=-20, high=20
    )
    starts_early: bool = setting(
        False, 'the arm goes to the first waypoint while the model still writes the others'
    )
    knows_words: bool = setting(False, 'instructions of mostly unknown words are refused')
    empty_hand: bool = setting(
        False, 'closed fingers in its plans press or push: never with something in the hand'
    )
    looks: int = setting(
        1,
        'pictures, a little shifted, that it is shown at once; what it says is their mean '
        '(compact answers)',
        low=1,
        high=MOST_LOOKS,
    )
    constrained: bool = setting(False, 'only answers of the format can be written')
    dtype: str = setting(
        'float32', 'of the weights', choices=('float32', 'bfloat16', 'float16', 'auto')
    )
    device: str = setting('auto', 'cpu, cuda, cuda:1, ...; auto: a GPU if there is one')
    threads: int = setting(0, 'of the processor; 0: as torch does', low=0, high=1024)
    attention: str = setting('auto', 'how it is computed', choices=('auto', 'eager', 'sdpa'))
    quantization: str = setting(
        'none', 'of the weights, by bitsandbytes', choices=('none', '8bit', '4bit')
    )
    adapter: str = setting('', 'folder of a LoRA adapter of peft; empty: none')
    url: str = setting('', 'of a server, up to and with /v1')
    token_variable: str = setting('', "environment variable with the server's bearer token")
    attempts: int = setting(3, 'to reach a server', low=1, high=10)

    def __post_init__(self) -> None:
        """Check every field and how they fit together."""
        super().__post_init__()
        if not self.model:
            raise InvalidValueError('model is empty')
        if self.backend == 'http' and not self.url.startswith(('http://', 'https://')):
            raise InvalidValueError(f'url {self.url!r} is not http:// or https://')

    def leaning(self, again: bool, simpler: bool = False) -> dict[str, float]:
        """Return log-odds by token: see `Asking`.

        again: after a plan was carried out. simpler: asked for what the model itself said is next:
        that it is done, or takes several plans, would be no answer.
        """
        odds = {ABSENT: self.absent_odds, DONE: self.done_odds_again if again else self.done_odds}
        if simpler:
            odds |= {DONE: NEVER, NEXT: NEVER}
        return {token: value for token, value in odds.items() if value}

    def sees_end(self, plan: WaypointPlan) -> bool:
        """Return whether the model can tell after this plan that nothing is left to do."""
        if self.done_after == 'any':
            return self.says_done
        return self.says_done and ends_open([waypoint.gripper for waypoint in plan.waypoints])


def load_profile(name: str) -> tuple[Profile, Path]:
    """Return the profile of a name in config/planners, or of a YAML file, and its folder.

    Raises ConfigError with the file, the key and the value.
    """
    path = Path(name) if name.endswith(('.yaml', '.yml')) else planners() / f'{name}.yaml'
    if not path.is_file():
        there = sorted(p.stem for p in planners().glob('*.yaml'))
        raise ConfigError(f'there is no planner {name!r}; there are: {there}, or name a YAML file')
    try:
        data = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f'{path} cannot be read: {error}') from error
    if not isinstance(data, dict):
        raise ConfigError(f'{path} is not a mapping: {data!r}')
    keys = [field.name for field in dataclasses.fields(Profile)]
    unknown = sorted(map(str, set(data) - set(keys)))
    if unknown:
        raise ConfigError(f'{path}: unknown keys {unknown}; there are: {keys}')
    try:
        return Profile(**data), path.parent
    except InvalidValueError as error:
        raise ConfigError(f'{path}: {error}') from error


def find_profile(name: str) -> tuple[Profile, Path]:
    """Return the profile for what a person calls a model, and the folder with its `prompts`.

    A name in config/planners or a .yaml file; else a folder or a name on the hub: then as the
    folder's `planner.yaml` says, as the bundled model if it speaks the same tokens, or else with
    the questions of `any_model`.
    """
    if name.endswith(('.yaml', '.yml')) or (planners() / f'{name}.yaml').is_file():
        return load_profile(name)
    folder = model_folder(name)
    if folder is None and '/' not in name:
        return load_profile(name)
    if folder is not None and (folder / PROFILE).is_file():
        return load_profile(str(folder / PROFILE))[0], planners()
    bundled = folder is not None and _speaks_compact(folder)
    profile, _ = load_profile(DEFAULT if bundled else 'any_model')
    return with_model(profile, name), planners()


def _speaks_compact(folder: Path) -> bool:
    try:
        text = (folder / 'tokenizer.json').read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError):
        return False
    return '"<along_1>"' in text and '"<absent>"' in text


def with_model(profile: Profile, model: str) -> Profile:
    """Return the profile with another model, of the same kind."""
    return dataclasses.replace(profile, model=checks.text('model', model, allow_empty=False))


def planners() -> Path:
    """Return the folder of the profiles."""
    return share_folder() / 'config' / 'planners'


def model_folder(model: str) -> Path | None:
    """Return the folder that a model's name means; None for a name on the hub.

    `models/...` is the stack's own, wherever it is installed. A folder need not be there.
    """
    if model.startswith('models/'):
        return share_folder() / model
    path = Path(model).expanduser()
    if path.is_dir() or model.startswith(('.', '/', '~')):
        return path
    return None
