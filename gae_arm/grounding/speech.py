"""How people speak of things on a table: the tasks' phrase books together, and more ways.

All nouns, colours, sizes and relations are taught, the ones of the held-out phrase book too: a
model that is trained from nothing knows no word that it was not taught. The held-out *sentences*,
templates and frames, are not.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.scene import COLORS
from gae_arm.arm_sim.tasks.errors import DrawRejectedError
from gae_arm.arm_sim.tasks.phrases import BOOKS, PhraseBook
from gae_arm.arm_sim.tasks.references import APART, Referrer
from gae_arm.arm_sim.tasks.view import View
from gae_arm.grounding.composed import (
    CLOSINGS,
    HELD_OUT,
    OPENINGS,
    REQUESTS,
    framing,
    shape_of,
    split,
)
from gae_arm.grounding.order_parts import PARTS

MORE_NOUNS = {
    'cube': ('block', 'cube'),
    'box': ('long block', 'box'),
    'cylinder': ('tube',),
    'prism': ('hexagonal prism', 'hex'),
    'mug': ('coffee mug',),
    'bowl': ('bowl', 'container', 'vessel'),
    'tray': ('tray', 'bin', 'container', 'vessel'),
    'plate': ('saucer', 'container', 'vessel'),
    'button': ('round button', 'button'),
    'square_button': ('square button', 'button'),
    'disc': ('round mark', 'circle'),
    'cross': ('cross',),
}
ANYTHING = ('object', 'thing')
THINGS = ('cube', 'box', 'cylinder', 'ball', 'prism', 'mug', 'bottle', 'hammer', 'screwdriver')
MORE_SIZES = {'small': ('smaller', 'smallest'), 'large': ('larger', 'largest', 'bigger', 'biggest')}
MUMBLED_SHARE, LOST_SHARE = 0.3, 0.25
"""Of sentences in which some words are lost, and of the words that are, in those; what means things
is never lost. Other people's words are not known either."""
STRAY_SHARE = 0.12
"""Of the gaps between the words of those sentences, filled with a word that nobody knows."""
COMPOSED_SHARE = 0.5
"""Of orders and frames are put together from parts; the others are whole phrases of the books."""
KEPT = {
    *('open', 'close', 'shut', 'push', 'pull', 'draw', 'slide', 'press', 'pushing', 'glide'),
    *('in', 'out', 'up', 'on', 'with', 'below', 'bottom', 'underneath', 'lowest', 'undermost'),
    *('top', 'highest', 'topmost', 'uppermost', 'last', 'end', 'third', 'first', 'then', 'foot'),
    *('without', 'not', 'never', 'but', 'keep', 'lift', 'lifting', 'picking', 'raising', 'flat'),
}
"""Without these an order may mean two things."""
PLAIN_SHARE = 0.35
"""Of references are the shortest that will do: to tell things by size and place is harder to learn,
and said oftener here than people say it."""
UNKNOWN = 'whatsit'
"""A word that is in no vocabulary."""
ORDINALS = ('first', 'second', 'third', 'fourth')
MORE_FRAMES = (
    '{}',
    '{} now please',
    'can you {}',
    'robot please {}',
    'i want you to {}',
    'would you {} for me',
    'your task is to {}',
    'go and {}',
    'next {}',
    'maybe you could {}',
    'i like it when you {}',
    'so {}',
    'what i need is this, {}',
)
MORE_EXCLUSIONS = (
    ' but not {}',
    ' and ignore {}',
    ' and leave {} where it is',
    ' instead of {}',
    ' but do not move {}',
    ' without a touch of {}',
)
ORDERS = {
    'pick': (
        'pick up {a}',
        'lift {a}',
        'take {a}',
        'grasp {a}',
        'grab {a}',
        'raise {a}',
        'pick {a} up',
        'lift up {a}',
        'get {a}',
        'hold up {a}',
        'take hold of {a} and lift it off the table',
        'let me see you hold {a} up',
    ),
    'carry': (
        'put {a} into {b}',
        'place {a} in {b}',
        'pick up {a} and drop it into {b}',
        'put {a} in {b}',
        'drop {a} into {b}',
        'move {a} into {b}',
        'put {a} inside {b}',
        'take {a} and put it in {b}',
        'move {a} to {b} and drop it',
        'bring {a} over to {b}',
        'fill {b} with {a}',
        'load {a} into {b}',
        'let go of {a} over {b}',
        '{a} goes into {b}',
    ),
    'stack': (
        'stack {a} on {b}',
        'put {a} on {b}',
        'put {a} on top of {b}',
        'place {a} on {b}',
        'place {a} on top of {b}',
        'stack {a} on top of {b}',
        'set {a} onto {b}',
        'pick up {a} and set it down on {b}',
        '{a} goes on top of {b}',
        'balance {a} on {b}',
        'put {a} upon {b}',
        'put {a} atop {b}',
    ),
    'push': (
        'push {a} to {b}',
        'push {a} onto {b}',
        'slide {a} to {b}',
        'slide {a} onto {b}',
        'push {a} over to {b}',
        'shove {a} to {b}',
        'move {a} to {b} without lifting it',
    ),
    'press': (
        'press {a}',
        'push {a}',
        'push {a} down',
        'press {a} down',
        'push down on {a}',
        'click {a}',
        'hit and release {a}',
        'use {a}',
        'actuate and release {a}',
    ),
    'open': (
        'open {a}',
        'pull {a} open',
        'pull out {a}',
        'open up {a}',
        'slide {a} open',
        'draw {a} open',
        'pull the handle of {a}',
        'make {a} stand open',
    ),
    'put away': (
        'put {a} into {b} and close it',
        'place {a} in {b}, then close it',
        'put {a} in {b} and push it shut',
        'put {a} away in {b}',
        'stow {a} in {b}',
        'move {a} into {b}, then shut {b}',
        'hide {a} in {b} and close it afterwards',
    ),
    'close': (
        'close {a}',
        'push {a} shut',
        'shut {a}',
        'push in {a}',
        'slide {a} shut',
    ),
    'sort': (
        'put the {a} objects into the containers of the same colours',
        'sort the {a} objects into the containers by colour',
        'sort the {a} things by colour',
        'put each of the {a} things into the vessel of its colour',
        'distribute the {a} objects by colour',
        'bring the {a} objects to the containers of their own colour',
        'put the {a} things into the matching containers',
        'the {a} things belong in the vessels of the same colours',
        'each of the {a} objects lies in the vessel of its colour when you are done',
    ),
    'tower': (
        'stack {a} on {b}, then {c} on {a}',
        'put {a} on {b} and {c} on {a}',
        'put {a} on {b}, then put {c} on top',
        'build a tower of {b}, {a} and {c}',
        'make a tower of three with {b} below, {a} on it and {c} on that',
        'stack {b}, {a} and {c} from below to the top',
        'pile {c} upon {a} upon {b}',
        '{b} is below, {a} is between and {c} is uppermost',
    ),
}
"""Orders by what is to be done; {a}: what the hand goes to first, {b}: what second; {c}: what comes
to the top of a tower, on {a} on {b}. Of a sort, {a} are colours."""


def _joined(key: str, extra: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the phrases of both books under each name, and extra ones."""
    books = [getattr(book, key) for book in BOOKS.values()]
    names = dict.fromkeys(itertools.chain(*books))
    return {
        name: tuple(itertools.chain(*(b[name] for b in books), extra.get(name, ())))
        for name in names
    }


def _nouns() -> dict[str, tuple[str, ...]]:
    nouns = _joined('nouns', MORE_NOUNS)
    return {kind: words + ANYTHING * (kind in THINGS) for kind, words in nouns.items()}


BOOK = PhraseBook(
    nouns=_nouns(),
    relations=_joined('relations', {}),
    superlatives=_joined('superlatives', {}),
    sizes=_joined('sizes', MORE_SIZES),
    frames=(*BOOKS['training'].frames, *MORE_FRAMES),
    exclusions=(*BOOKS['training'].exclusions, *MORE_EXCLUSIONS),
)


class Speaker:
    """Speaks of the things of one picture. items: all that may be spoken of, by name."""

    def __init__(self, items: dict[str, Item], view: View, rng: np.random.Generator) -> None:
        self.items = items
        self._view, self._rng = view, rng
        feet = np.array([item.body.position - [0, 0, item.rest] for item in items.values()])
        self._across = dict(zip(items, view.shares(feet, aspect=1.0)[:, 0].tolist(), strict=True))

    def refer(self, name: str, meant: Sequence[str] = ()) -> str:
        """Return words that mean one item alone; DrawRejectedError if there are none.

        meant: names of all that the sentence means, beside which nothing else is to be found.
        """
        if self._rng.random() < 0.25:
            found = [*self._in_order(name), *self._other(name)]
            if found:
                return self._pick(found)
        referrer = Referrer(self.items, tuple(meant), self._view, BOOK, self._rng, PLAIN_SHARE)
        return referrer.refer(name)

    def missing(self) -> str:
        """Return words for something that is not there, mostly nearly there."""
        for _ in range(20):
            colors, kinds = self._there()
            kind, color = self._pick(list(BOOK.nouns)), self._pick(list(COLORS))
            if colors and self._rng.random() < 0.8:
                if self._rng.random() < 0.5:
                    kind = self._pick(kinds)
                else:
                    color = self._pick(colors)
            noun = self._pick([n for n in BOOK.nouns[kind] if n not in ANYTHING])
            meant = BOOK.kinds(noun)
            of_kind = [item for item in self.items.values() if item.kind in meant]
            if not of_kind and self._rng.random() < 0.3:
                return f'the {noun}'
            if all(item.color != color for item in of_kind):
                return f'the {color} {noun}'
        raise DrawRejectedError('everything is there')

    def order(self, what: str, words: Sequence[str], other: str = '') -> str:
        """Return a whole sentence; words: for the blanks of its order.

        other: words for what is not meant, if that is to be said.
        """
        order = self._mumbled(self._composed(ORDERS[what], PARTS[what].say))
        text = order.format(**dict(zip('abc', words, strict=False)))
        if other:
            text += self._pick(BOOK.exclusions).format(other)
        return self._framed(text)

    def _framed(self, text: str) -> str:
        return self._mumbled(self._composed(BOOK.frames, framing)).format(text)

    def _composed(self, phrases: tuple[str, ...], say: Callable[[np.random.Generator], str]) -> str:
        """Return a phrase of a book, or one in parts; never one that is held out."""
        if self._rng.random() >= COMPOSED_SHARE:
            return self._pick(phrases)
        while shape_of(phrase := say(self._rng)) in HELD_OUT:
            pass
        return phrase

    def _mumbled(self, phrase: str) -> str:
        """Return a phrase, now and then without some words, or with others in their place.

        What is left is no sentence that is held out.
        """
        if self._rng.random() >= MUMBLED_SHARE:
            return phrase
        out = []
        for word in phrase.split():
            if '{' in word or word in KEPT or self._rng.random() >= LOST_SHARE:
                out.append(word)
            elif self._rng.random() < 0.5:
                out.append(UNKNOWN)
            if self._rng.random() < STRAY_SHARE:
                out.append(UNKNOWN)
        less = ' '.join(out)
        return phrase if shape_of(less) in HELD_OUT else less

    def _there(self) -> tuple[list[str], list[str]]:
        items = self.items.values()
        return [item.color for item in items], [item.kind for item in items]

    def _pick(self, options: list[str] | tuple[str, ...]) -> str:
        return options[int(self._rng.integers(len(options)))]

    def _alike(self, name: str) -> Iterator[tuple[str, list[str]]]:
        """Yield words, with and without colour, and the names of all that they may mean."""
        target = self.items[name]
        noun = self._pick(BOOK.nouns[target.kind])
        kinds = BOOK.kinds(noun)
        for color in ('', target.color):
            names = [n for n, i in self.items.items() if i.kind in kinds and color in ('', i.color)]
            yield (f'{color} {noun}' if color else noun), names

    def _in_order(self, name: str) -> Iterator[str]:
        """Yield words like 'the second cube from the left', for three or more in a clear row."""
        for words, names in self._alike(name):
            places = {n: self._across[n] for n in names}
            row = sorted(names, key=places.__getitem__)
            steps = [places[b] - places[a] for a, b in itertools.pairwise(row)]
            if len(row) < 3 or min(steps) < APART:
                continue
            index = row.index(name)
            if len(row) == 3 and index == 1:
                yield f'the middle {words}'
            if index < len(ORDINALS):
                yield f'the {ORDINALS[index]} {words} from the left'
            if len(row) - 1 - index < len(ORDINALS):
                yield f'the {ORDINALS[len(row) - 1 - index]} {words} from the right'

    def _other(self, name: str) -> Iterator[str]:
        """Yield words like 'the cube that is not red', for one of two."""
        for words, names in self._alike(name):
            others = [self.items[n] for n in names if n != name]
            if len(others) != 1 or others[0].color == self.items[name].color:
                continue
            color = others[0].color
            yield f'the {words} that is not {color}'
            yield f'not the {color} {words} but the other one'
            yield f'the other {words} not the {color} one'


def vocabulary() -> list[str]:
    """Return every word that may be said, sorted."""
    phrases = [*itertools.chain(*ORDERS.values())]
    phrases += [*BOOK.frames, *BOOK.exclusions, *OPENINGS, *REQUESTS, *CLOSINGS]
    for parts in PARTS.values():
        phrases += parts.phrases
    for table in (BOOK.nouns, BOOK.relations, BOOK.superlatives, BOOK.sizes):
        phrases += itertools.chain(*table.values())
    phrases += ['the middle first second third fourth from left right', *COLORS]
    phrases += ['the that is not but the other one']
    bare = [re.sub(r'{\w*}', ' ', phrase) for phrase in phrases]
    return sorted({word for phrase in bare for word in split(phrase)})
