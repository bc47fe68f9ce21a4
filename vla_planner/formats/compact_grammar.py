"""The grammar of compact answers, token by token: what may come next while an answer is written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vla_planner.formats import compact

MOST_WAYPOINTS, MOST_WORDS = 10, 32
_CLASSES = (
    ('loc', r'<loc_\d+>'),
    ('yaw', r'<yaw_\d+>'),
    ('along', r'<along_-?\d+>'),
    ('up', r'<up_-?\d+>'),
    ('gripper', r'<(?:open|close)>'),
)
_WORD = re.compile(r'[^\W_][\w-]*')
_NEXT = {
    'start': ('<absent>', '<done>', '<next>', '<at>'),
    '<absent>': ('end',),
    '<done>': ('end',),
    '<next>': ('word',),
    'word': ('word', 'end'),
    '<at>': ('loc',),
    '<to>': ('loc',),
    'yaw': ('<to>', '<a>'),
    '<a>': ('along', 'up'),
    '<b>': ('along', 'up'),
    'along': ('up',),
    'up': ('gripper',),
    'end': ('end',),
}
"""What may follow what; locations and the gripper depend on more than what was last."""


class CompactGrammar:
    """Knows which tokens may follow.

    vocabulary: number of each token; a model that was not taught to say what is next has no
    `<next>`. end: number of the token that ends an answer.
    """

    def __init__(self, vocabulary: Mapping[str, int], end: int) -> None:
        self._class = {
            vocabulary[token]: _class(token) for token in compact.TOKENS if token in vocabulary
        }
        self._class |= {n: 'word' for token, n in vocabulary.items() if _WORD.fullmatch(token)}
        self._class[end] = 'end'
        self._numbers: dict[str, list[int]] = {}
        for number, name in self._class.items():
            self._numbers.setdefault(name, []).append(number)

    def allowed(self, ids: Sequence[int]) -> list[int]:
        """Return the tokens that may follow an answer's tokens so far; others are skipped."""
        said = [self._class[i] for i in ids if i in self._class]
        if '<next>' not in said:  # What comes before an answer is words, too.
            said = [name for name in said if name != 'word']
        return [number for name in self._after(said) for number in self._numbers.get(name, ())]

    def _after(self, said: list[str]) -> tuple[str, ...]:
        last = said[-1] if said else 'start'
        two = '<to>' in said
        if last == 'loc':
            if said[-2] != 'loc':
                return ('loc',)
            return ('<a>', '<b>') if two else ('yaw',)
        if last == 'word' and said.count('word') >= MOST_WORDS:
            return ('end',)
        if last == 'gripper':
            full = said.count('gripper') >= MOST_WAYPOINTS
            return ('end',) if full else ('<a>', '<b>', 'end') if two else ('<a>', 'end')
        following = _NEXT[last]
        return following if two else tuple(name for name in following if name != 'along')


def _class(token: str) -> str:
    for name, pattern in _CLASSES:
        if re.fullmatch(pattern, token):
            return name
    return token
