"""The words of instructions: two phrase books that share no noun, relation or template.

And a third one whose templates are in neither: see `FRESH`.

Grammar of what means an object, in all books (brackets: optional)::

    the [SIZE] [COLOUR] NOUN
    the leftmost [COLOUR] NOUN, the [COLOUR] NOUN farthest to the left: a superlative
    the COLOUR NOUN RELATION the COLOUR NOUN

Left, right, front and behind are meant as in the camera's image.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from gae_arm.core import checks


@dataclass(frozen=True)
class PhraseBook:
    """One way to speak.

    nouns: by kind of object; the first of them is the usual one. relations: phrases for 'left',
    'right', 'front', 'behind'; superlatives: around [COLOUR] NOUN, for 'left', 'right', 'near'.
    sizes: for 'small', 'large'. frames: whole sentences around an order `{}`. exclusions: added to
    an order, to say what is not meant: `{}`.
    """

    nouns: Mapping[str, tuple[str, ...]]
    relations: Mapping[str, tuple[str, ...]]
    superlatives: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, tuple[str, ...]]
    frames: tuple[str, ...]
    exclusions: tuple[str, ...]

    def kinds(self, noun: str) -> frozenset[str]:
        """Return the kinds of objects that a noun may mean."""
        return frozenset(kind for kind, nouns in self.nouns.items() if noun in nouns)


BOOKS: dict[str, PhraseBook] = {
    'training': PhraseBook(
        nouns={
            'cube': ('cube',),
            'box': ('box',),
            'cylinder': ('cylinder', 'can'),
            'ball': ('ball',),
            'prism': ('prism', 'hexagon'),
            'mug': ('mug',),
            'bottle': ('bottle',),
            'hammer': ('hammer',),
            'screwdriver': ('screwdriver',),
            'bowl': ('bowl',),
            'plate': ('plate',),
            'tray': ('tray',),
            'button': ('button',),
            'square_button': ('button',),
            'drawer': ('drawer',),
            'upright_drawer': ('drawer',),
            'knob_drawer': ('drawer',),
            'disc': ('mark', 'spot'),
            'cross': ('mark', 'cross'),
        },
        relations={
            'left': ('left of', 'to the left of'),
            'right': ('right of', 'to the right of'),
            'front': ('in front of',),
            'behind': ('behind',),
        },
        superlatives={
            'left': ('the leftmost {}',),
            'right': ('the rightmost {}',),
            'near': ('the {} nearest to the arm',),
        },
        sizes={'small': ('small', 'little'), 'large': ('large', 'big')},
        frames=('{}', '{}', 'please {}', '{} please'),
        exclusions=(', not {}', ', leave {} alone'),
    ),
    'held_out': PhraseBook(
        nouns={
            'cube': ('cubic block',),
            'box': ('brick',),
            'cylinder': ('tin', 'drum'),
            'ball': ('sphere',),
            'prism': ('hexagonal block',),
            'mug': ('cup',),
            'bottle': ('flask',),
            'hammer': ('mallet',),
            'screwdriver': ('turnscrew',),
            'bowl': ('basin',),
            'plate': ('dish',),
            'tray': ('open crate',),
            'button': ('push switch',),
            'square_button': ('push switch',),
            'drawer': ('sliding compartment',),
            'upright_drawer': ('sliding compartment',),
            'knob_drawer': ('sliding compartment',),
            'disc': ('target',),
            'cross': ('target',),
        },
        relations={
            'left': ('on the left-hand side of',),
            'right': ('on the right-hand side of',),
            'front': ('closer to the camera than',),
            'behind': ('farther from the camera than',),
        },
        superlatives={
            'left': ('the {} farthest to the left',),
            'right': ('the {} farthest to the right',),
            'near': ('the {} closest to the arm',),
        },
        sizes={'small': ('tiny',), 'large': ('bulky',)},
        frames=('could you {}', 'robot: {}', 'now {}', 'I would like you to {}'),
        exclusions=(' and do not touch {}', '; ignore {}'),
    ),
}

FRESH = 'fresh'
"""A book for measuring alone: usual nouns in sentences that nobody looked at while the lessons were
written. When its failures have been read, it is to be replaced by another one."""
BOOKS[FRESH] = dataclasses.replace(
    BOOKS['training'],
    frames=('{}', 'hey, {}', 'I need this: {}', '{}, and take your time'),
    exclusions=(' (not {})', ' and stay away from {}'),
)


@dataclass(frozen=True)
class Templates:
    """How a task is asked for, in each phrase book: `{name}` stands for what Plot.words names."""

    training: tuple[str, ...]
    held_out: tuple[str, ...]
    fresh: tuple[str, ...]

    def of(self, book: str) -> tuple[str, ...]:
        """Return those of a phrase book."""
        return {'training': self.training, 'held_out': self.held_out, FRESH: self.fresh}[book]


def phrase_book(name: str) -> PhraseBook:
    """Return a phrase book; InvalidValueError lists those that there are."""
    return BOOKS[checks.known('phrase book', name, BOOKS)]
