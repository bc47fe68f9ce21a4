"""Sentences put together from parts, so that there are many more than are written down.

None is a sentence of the held-out phrase book: `HELD_OUT` are the shapes of those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gae_arm.arm_sim.tasks.phrases import BOOKS, FRESH
from gae_arm.arm_sim.tasks.registry import TASKS


@dataclass(frozen=True)
class Parts:
    """An order in parts, one of each is said.

    {v}: a verb. words: more parts, by their names. Other blanks are left as they are.
    """

    verbs: tuple[str, ...]
    forms: tuple[str, ...]
    tails: tuple[str, ...] = ('',)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def say(self, rng: np.random.Generator) -> str:
        """Return a phrase."""

        def one(options: tuple[str, ...]) -> str:
            return options[int(rng.integers(len(options)))]

        form, tail = one(self.forms), one(self.tails)
        for name, options in {'v': self.verbs, **self.words}.items():
            while f'{{{name}}}' in form:
                form = form.replace(f'{{{name}}}', one(options), 1)
        return form + (f' {tail}' if tail else '')

    @property
    def phrases(self) -> tuple[str, ...]:
        """Return all that it is put together from."""
        return (
            *self.verbs,
            *self.forms,
            *self.tails,
            *(w for ws in self.words.values() for w in ws),
        )


OPENINGS = (
    *('', '', '', '', 'hey', 'ok', 'okay', 'well', 'then', 'hello', 'kindly', 'alright', 'first'),
    *('and', 'quick', 'listen', 'good', 'dear robot', 'hello robot', 'arm', 'yes', 'now then'),
)
REQUESTS = (
    *('{}', '{}', 'please {}', 'can you {}', 'will you {}', 'would you {}', 'you should {}'),
    *('you have to {}', 'you must {}', 'try to {}', 'help me, {}', 'i need you to {}', 'let us {}'),
    *('we want you to {}', 'i ask you to {}', 'be so kind and {}', 'it is time to {}', 'just {}'),
    *('do this, {}', 'your job is this, {}', 'i would be glad if you {}', 'could you please {}'),
)
CLOSINGS = (
    *('', '', '', '', 'please', 'now', 'for me', 'thanks', 'thank you', 'at once', 'if you can'),
    *('with care', 'slowly', 'when you are ready', 'this time', 'ok', 'right away', 'robot'),
)


def framing(rng: np.random.Generator) -> str:
    """Return a sentence around an order {}, put together from parts."""
    opening, request, closing = (
        part[int(rng.integers(len(part)))] for part in (OPENINGS, REQUESTS, CLOSINGS)
    )
    return ' '.join(filter(None, (opening, request, closing)))


def shape_of(phrase: str) -> str:
    """Return the words of a phrase, with - for what is filled in."""
    return ' '.join(split(re.sub(r'{\w*}', ' - ', phrase)))


def split(sentence: str) -> list[str]:
    """Return the words of a sentence: lower case, punctuation left out."""
    return ''.join(c if c.isalnum() or c == '-' else ' ' for c in sentence.lower()).split()


HELD_OUT = {
    shape_of(phrase)
    for phrase in (
        *BOOKS['held_out'].frames,
        *BOOKS[FRESH].frames[1:],
        *(
            t
            for task in TASKS.values()
            for book in ('held_out', FRESH)
            for t in task.templates.of(book)
        ),
    )
}
"""Shapes of sentences that are not taught."""
