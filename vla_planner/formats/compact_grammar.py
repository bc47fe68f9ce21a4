"""The grammar of compact answers, token by token: what may come next while an answer is written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vla_planner.formats import compact

MOST_WAYPOINTS = 10
_CLASSES = (
    ('loc', r'<loc_\d+>'),
    ('yaw', r'<yaw_\d+>'),
    ('along', r'<along_-?\d+>'),
    ('up', r'<up_-?\d+>'),
    ('gripper', r'<(?:open|close)>'),
)
_NEXT = {
    'start': ('<absent>', '<done>', '<at>'),
    '<absent>': ('end',),
    '<done>': ('end',),
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

    vocabulary: number of each token. end: number of the token that ends an answer.
    """

    def __init__(self, vocabulary: Mapping[str, int], end: int) -> None:
        self._class = {vocabulary[token]: _class(token) for token in compact.TOKENS}
        self._class[end] = 'end'
        names = {*self._class.values()}
        self._numbers = {
            name: [number for number, one in self._class.items() if one == name] for name in names
        }

    def allowed(self, ids: Sequence[int]) -> list[int]:
        """Return the tokens that may follow an answer's tokens so far; others are skipped."""
        said = [self._class[i] for i in ids if i in self._class]
        return [number for name in self._after(said) for number in self._numbers[name]]

    def _after(self, said: list[str]) -> tuple[str, ...]:
        last = said[-1] if said else 'start'
        two = '<to>' in said
        if last == 'loc':
            if said[-2] != 'loc':
                return ('loc',)
            return ('<a>', '<b>') if two else ('yaw',)
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
