"""What a model is told: plain text files in which $instruction and the like are filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import yaml

from gae_arm.core import checks
from gae_arm.core.errors import ConfigError
from vla_planner.profile import Profile

NAMES = {
    'prompt': ('instruction', 'anchors', 'moved'),
    'anchors_prompt': ('instruction', 'moved'),
    'retry_prompt': ('error',),
    'system': (),
}
"""What each file may ask for."""


@dataclass(frozen=True, eq=False)
class Turn(checks.Contract):
    """One turn of a conversation. role: 'system', 'user' or 'assistant'.

    image: uint8 (H, W, 3), or None.
    """

    role: str
    text: str
    image: np.ndarray | None = None


@dataclass(frozen=True)
class Prompts:
    """The texts of one model; examples: turns that every conversation begins with."""

    system: Template
    anchors: Template
    prompt: Template
    retry: Template
    examples: tuple[Turn, ...] = field(default=())

    def opening(self) -> list[Turn]:
        """Return the turns before the first question."""
        text = self.system.substitute().strip()
        return [*([Turn('system', text)] if text else []), *self.examples]


def load_prompts(profile: Profile, folder: Path) -> Prompts:
    """Return the texts of a profile from `folder`/prompts; raise ConfigError with the file."""
    where = folder / 'prompts'
    read = {name: _read(where, getattr(profile, name), names) for name, names in NAMES.items()}
    return Prompts(
        read['system'],
        read['anchors_prompt'],
        read['prompt'],
        read['retry_prompt'],
        _examples(where / profile.examples) if profile.examples else (),
    )


def _read(folder: Path, name: str, allowed: tuple[str, ...]) -> Template:
    if not name:
        return Template('')
    try:
        template = Template((folder / name).read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f'prompt {folder / name} cannot be read: {error}') from error
    if not template.is_valid():
        raise ConfigError(f'{folder / name}: a $ that begins no name; write $$ for a dollar')
    unknown = sorted(set(template.get_identifiers()) - set(allowed))
    if unknown:
        raise ConfigError(f'{folder / name} asks for {unknown}; there are: {list(allowed)}')
    return template


def _examples(path: Path) -> tuple[Turn, ...]:
    """Return turns from a list of {question, answer}, both texts."""
    try:
        data: Any = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f'examples {path} cannot be read: {error}') from error
    out: list[Turn] = []
    for one in data if isinstance(data, list) else [data]:
        if not isinstance(one, dict) or set(one) != {'question', 'answer'}:
            raise ConfigError(f'{path}: an example is question and answer, not {one!r}')
        out += [Turn('user', str(one['question'])), Turn('assistant', str(one['answer']))]
    return tuple(out)
