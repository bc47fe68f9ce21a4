"""What a checkpoint says of its run, and whether a run may go on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gae_arm.core.errors import ConfigError

STATE = 'state.json'
FREE = ('steps', 'save_every', 'log_every')
"""What a run that goes on may have otherwise: how long it takes, and how often it writes."""
Facts = Mapping[str, Any]


def read_state(checkpoint: Path) -> dict[str, Any] | None:
    """Return what a checkpoint says; None where there is none."""
    if not checkpoint.is_dir():
        return None
    try:
        state: dict[str, Any] = json.loads((checkpoint / STATE).read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f'{checkpoint / STATE} cannot be read: {error}') from error
    return state


def check_same(checkpoint: Path, before: Facts, now: Mapping[str, Facts]) -> None:
    """Raise ConfigError, with both values, if a run would go on otherwise than it began.

    before: what the checkpoint says. now: by name what the run has; what checkpoints of the first
    version do not say is not compared.
    """
    other = [
        f'{part} {key} {before[part][key]!r}, now {value!r}'
        for part, facts in now.items()
        for key, value in facts.items()
        if key not in FREE and key in before.get(part, {}) and before[part][key] != value
    ]
    if other:
        raise ConfigError(
            f'{checkpoint} was made with {"; ".join(other)}: go on with what it was made with, '
            'or begin in another folder'
        )
