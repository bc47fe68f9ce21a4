"""Words that mean exactly one object among those on the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.tasks.errors import DrawRejectedError
from gae_arm.arm_sim.tasks.phrases import PhraseBook
from gae_arm.arm_sim.tasks.view import View

CLEARLY = 0.04
"""Share of the image's width: what is said to be left is at least so far left, and more left than
higher or lower in the image."""
APART = 0.04
"""Share of the image's width by which the leftmost is further left than the next; metres by which
the nearest is nearer."""
SIZE_RATIO = 1.2
"""What is called large is so many times the size of all others that the words might mean."""
PLAIN_SHARE = 0.6
"""Of references are the shortest that will do; the others are any that will."""


class Referrer:
    """Speaks of the objects of one scene, in one phrase book.

    items: all objects in the workspace that words may mean, by name. meant: those that the
    instruction is about; no other is told by where these are. plain: share of references that are
    the shortest that will do.
    """

    def __init__(
        self,
        items: Mapping[str, Item],
        meant: tuple[str, ...],
        view: View,
        book: PhraseBook,
        rng: np.random.Generator,
        plain: float = PLAIN_SHARE,
    ) -> None:
        self._plain = plain
        self._items = items
        self._meant = meant
        feet = np.array([item.body.position - [0, 0, item.rest] for item in items.values()])
        # Both coordinates in widths of the image: right, and down, which is nearer to the camera.
        self._seen = dict(zip(items, view.shares(feet, aspect=1.0), strict=True))
        self._book = book
        self._rng = rng

    def refer(self, name: str) -> str:
        """Return words for an object; raise DrawRejectedError if none mean it alone."""
        target = self._items[name]
        found = [*self._by_color(target), *self._by_size(target), *self._by_place(target)]
        found += self._by_landmark(target) if not found or self._rng.random() < 0.5 else []
        if not found:
            raise DrawRejectedError(f'no words mean {name!r} alone')
        plain = self._rng.random() < self._plain
        return found[0] if plain else found[int(self._rng.integers(len(found)))]

    def _noun(self, item: Item) -> str:
        return self._pick(self._book.nouns[item.kind])

    def _pick(self, phrases: tuple[str, ...]) -> str:
        return phrases[int(self._rng.integers(len(phrases)))]

    def _alike(self, target: Item, noun: str, color: str) -> list[Item]:
        """Return the others that 'COLOUR NOUN' may mean as well."""
        kinds = self._book.kinds(noun)
        return [
            item
            for item in self._items.values()
            if item.name != target.name and item.kind in kinds and color in ('', item.color)
        ]

    def _by_color(self, target: Item) -> Iterator[str]:
        noun = self._noun(target)
        if not self._alike(target, noun, target.color):
            yield f'the {target.color} {noun}'
        if not self._alike(target, noun, ''):
            yield f'the {noun}'

    def _by_size(self, target: Item) -> Iterator[str]:
        for noun, color, others in self._groups(target):
            smallest = min(item.extent for item in others)
            largest = max(item.extent for item in others)
            for word, fits in (
                ('small', target.extent * SIZE_RATIO <= smallest),
                ('large', target.extent >= largest * SIZE_RATIO),
            ):
                if fits and all(item.kind == target.kind for item in others):
                    yield f'the {self._pick(self._book.sizes[word])} {color}{noun}'

    def _by_place(self, target: Item) -> Iterator[str]:
        for noun, color, others in self._groups(target):
            for word, phrases in self._book.superlatives.items():
                score = self._score(word, target)
                if all(score >= self._score(word, item) + APART for item in others):
                    yield self._pick(phrases).format(color + noun)

    def _groups(self, target: Item) -> Iterator[tuple[str, str, list[Item]]]:
        """Yield nouns with and without colour, and what else they may mean: at least one thing."""
        noun = self._noun(target)
        for color in (target.color, ''):
            others = self._alike(target, noun, color)
            if others:
                yield noun, f'{color} ' if color else '', others

    def _score(self, word: str, item: Item) -> float:
        """Return how much a superlative is true of an item, metres."""
        if word == 'near':
            return -float(np.hypot(*item.body.position[:2]))
        right = float(self._seen[item.name][0])
        return right if word == 'right' else -right

    def _by_landmark(self, target: Item) -> list[str]:
        noun = self._noun(target)
        others = self._alike(target, noun, target.color)
        found = []
        for landmark in self._items.values():
            place = self._noun(landmark)
            same = landmark.name in (target.name, *self._meant) or landmark in others
            if same or self._alike(landmark, place, landmark.color):
                continue
            for relation, phrases in self._book.relations.items():
                if self._is(relation, target, landmark, CLEARLY) and not any(
                    self._is(relation, item, landmark, 0.0) for item in others
                ):
                    phrase = self._pick(phrases)
                    found.append(f'the {target.color} {noun} {phrase} the {landmark.color} {place}')
        return found

    def _is(self, relation: str, item: Item, landmark: Item, margin: float) -> bool:
        """Return whether a relation holds; with a margin: clearly, above all other relations."""
        right, down = self._seen[item.name] - self._seen[landmark.name]
        along, across = {
            'left': (-right, down),
            'right': (right, down),
            'front': (down, right),
            'behind': (-down, right),
        }[relation]
        return bool(along > margin and (margin == 0.0 or along >= abs(across)))
