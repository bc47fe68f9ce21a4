"""What came of an instruction, in one word and a sentence."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from gae_arm.commands.show.referee import Judgement

if TYPE_CHECKING:
    from gae_arm.commands.show.conversation import Report


class Word(Enum):
    """SUCCESS and FAILED by the physics or the planner; DONE where nobody can judge it.

    The value is the exit code of a command that ends with it.
    """

    SUCCESS = 0
    FAILED = 1
    DONE = 3

    @property
    def good(self) -> bool | None:
        """Return whether it went well, None where nobody knows."""
        return None if self is Word.DONE else self is Word.SUCCESS


def verdict(report: Report, judgement: Judgement) -> tuple[Word, str]:
    """Return the word, and why.

    The physics has the last word: what is done is done, whatever the planner thinks of it. Where
    the arm has acted in vain, it also says what went wrong.
    """
    if judgement.success:
        doubt = f' (the planner gave up: {report.error})' if report.error else ''
        return Word.SUCCESS, judgement.words + doubt
    if judgement.success is None and not report.error:
        return Word.DONE, judgement.words
    why = report.error or judgement.words
    cause = judgement.cause if report.plans else ''
    return Word.FAILED, f'{why}; {cause}' if cause else why
