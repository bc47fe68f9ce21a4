"""Answers that were written down: for replay and tests. Between two, a line of `---`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gae_arm.core.errors import ConfigError
from gae_arm.core.instruction import ErrorCode
from vla_planner.backends.backend import Asking
from vla_planner.errors import PlannerError
from vla_planner.prompts import Turn

SEPARATOR = '---'


class FileBackend:
    """Answers with what was written down, one after the other."""

    def __init__(self, name: str, answers: Sequence[str]) -> None:
        self.name = name
        self._answers = answers
        self._next = 0

    @classmethod
    def of_file(cls, path: Path) -> FileBackend:
        """Return the backend of a file; raise ConfigError if it cannot be read."""
        try:
            lines = path.read_text(encoding='utf-8').splitlines(keepends=True)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f'answers {path} cannot be read: {error}') from error
        answers = ['']
        for line in lines:
            if line.strip() == SEPARATOR:
                answers.append('')
            else:
                answers[-1] += line
        return cls(f'file {path.name}', answers)

    def answer(self, conversation: Sequence[Turn], asking: Asking) -> Iterator[str]:
        """Return the next answer, line by line."""
        if self._next >= len(self._answers):
            raise PlannerError(
                ErrorCode.PLANNER_UNAVAILABLE, f'{self.name} has no more than {self._next} answers'
            )
        self._next += 1
        yield from self._answers[self._next - 1].splitlines(keepends=True)

    def unknown_words(self, text: str) -> tuple[list[str], int] | None:
        """Return None: it reads nothing."""
        return None
