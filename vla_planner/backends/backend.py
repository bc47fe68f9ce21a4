"""What answers: a model in this process, at a server, or a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from vla_planner.prompts import Turn


@dataclass(frozen=True)
class Asking:
    """How long an answer may be and take, and what is likely.

    given_up: set when nobody waits for it any more. leaning: log-odds that are added to tokens, for
    what is known beside the picture; a backend that cannot leaves them out.
    """

    tokens: int
    seconds: float
    leaning: Mapping[str, float] = field(default_factory=dict)
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
