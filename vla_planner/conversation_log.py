"""What was said to a model and what it said, on disk, for whoever asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from gae_arm.core.errors import ConfigError
from vla_planner.prompts import Turn


class ConversationLog:
    """Appends turns to `folder`/conversation.jsonl, one JSON object a line; images beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._images = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f'{folder} cannot be made: {error}') from error

    def add(self, plan_id: str, turn: Turn) -> None:
        """Write one turn down."""
        row: dict[str, Any] = {'plan': plan_id, 'role': turn.role, 'text': turn.text}
        if turn.image is not None:
            row['image'] = f'{plan_id}-{self._images}.png'
            self._images += 1
            Image.fromarray(turn.image).save(self._folder / row['image'])
        with (self._folder / 'conversation.jsonl').open('a', encoding='utf-8') as file:
            file.write(json.dumps(row, ensure_ascii=False) + '\n')
