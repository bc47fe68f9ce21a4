"""Plain words: of all that mean the same, the usual one.

A model's embeddings of words that mean the same come to be alike, so that it cannot repeat which of
them was said; what is meant it can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gae_arm.grounding.speech import BOOK


def plain(words: str) -> str:
    """Return words for a thing, as `Speaker.refer` says them, in plain ones."""
    for pattern, usual in _PATTERNS:
        words = pattern.sub(usual, words)
    return _WORD.sub(lambda found: _USUAL[found[0]], words)


def _patterns() -> Iterator[tuple[re.Pattern[str], str]]:
    yield re.compile(r'^not the (\w+) (.+) but the other one$'), r'the \2 that is not \1'
    yield re.compile(r'^the other (.+) not the (\w+) one$'), r'the \1 that is not \2'
    for phrases in BOOK.superlatives.values():
        for phrase in phrases:
            yield re.compile(f'^{phrase.format("(.+)")}$'), phrases[0].format(r'\1')
    for phrases in BOOK.relations.values():
        longest_first = sorted(phrases, key=len, reverse=True)
        yield re.compile(rf' (?:{"|".join(longest_first)}) the\b'), f' {phrases[0]} the'


def _usual() -> dict[str, str]:
    """Return the plain word for each noun and each size."""
    out: dict[str, str] = {}
    first: dict[frozenset[str], str] = {}
    for nouns in BOOK.nouns.values():
        for noun in nouns:
            out[noun] = first.setdefault(BOOK.kinds(noun), noun)
    for sizes in BOOK.sizes.values():
        out |= dict.fromkeys(sizes, sizes[0])
    return out


_PATTERNS = tuple(_patterns())
_USUAL = _usual()
_WORD = re.compile(rf'\b(?:{"|".join(sorted(_USUAL, key=len, reverse=True))})\b')
