"""What answers: a model in this process, at a server, or a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from vla_planner.prompts import Turn


@dataclass(frozen=True)
class Asking:
    """How long an answer may be and take. given_up: set when nobody waits for it any more."""

    tokens: int
    seconds: float
    given_up: Event = field(default_factory=Event)


class Backend(Protocol):
    """Answers conversations, one at a time."""

    name: str

    def answer(self, conversation: Sequence[Turn], asking: Asking) -> Iterator[str]:
        """Return the answer to the last turn, piece by piece as it is written.

        Raises PlannerError with PLANNER_UNAVAILABLE when there is none to be had.
        """
        ...

    def unknown_words(self, text: str) -> tuple[list[str], int] | None:
        """Return the words of a text that the model never learned, and how many it has.

        None for a model that reads any word.
        """
        ...
