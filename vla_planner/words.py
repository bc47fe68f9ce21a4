"""An instruction as a person typed it, made fit to be put to a model; or refused."""

from __future__ import annotations

import re

from gae_arm.core.instruction import ErrorCode
from vla_planner.backends.backend import Backend
from vla_planner.errors import PlannerError

LONGEST = 500
"""Characters; what is longer is not an instruction for an arm."""
MOST_UNKNOWN = 0.5
"""Share of words that a model may not know."""
SHOWN = 5


def checked_instruction(text: str) -> str:
    """Return an instruction in one line, without marks that mean something to a model.

    Angle brackets and bars make up the special tokens of models: <image>, <|im_end|>. Raises
    PlannerError with INVALID_INSTRUCTION.
    """
    line = ' '.join(re.sub(r'[<>|]', ' ', text).split())
    if not any(character.isalnum() for character in line):
        raise _invalid('the instruction is empty: say what the arm is to do')
    if len(line) > LONGEST:
        raise _invalid(
            f'the instruction has {len(line)} characters, at most {LONGEST} are taken: say it '
            'shorter, or in parts'
        )
    if not line.isprintable():
        raise _invalid('the instruction has characters that cannot be printed')
    return line


def check_words(text: str, backend: Backend) -> None:
    """Check that a model with a small vocabulary knows enough words of an instruction.

    Raises PlannerError with INVALID_INSTRUCTION and the unknown words.
    """
    found = backend.unknown_words(text)
    if found is None:
        return
    unknown, count = found
    if not count or len(unknown) > MOST_UNKNOWN * count:
        words = ', '.join(repr(word) for word in unknown[:SHOWN]) or 'nothing that is a word'
        raise _invalid(
            f'{backend.name} does not understand the instruction: it knows plain English about '
            f'things on a table, but not {words}'
        )


def _invalid(message: str) -> PlannerError:
    return PlannerError(ErrorCode.INVALID_INSTRUCTION, message)
