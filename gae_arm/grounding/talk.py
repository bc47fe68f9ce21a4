"""Instructions about one picture, and what is the right answer to each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from gae_arm.arm_sim.objects.button import TRAVEL as BUTTON_TRAVEL
from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.tasks.errors import DrawRejectedError
from gae_arm.core.lesson import Answer
from gae_arm.grounding import keyframes
from gae_arm.grounding.answers import Sight, answer
from gae_arm.grounding.keyframes import Keyframes
from gae_arm.grounding.simpler import of_color, put_in, put_on, slide
from gae_arm.grounding.speech import Speaker
from gae_arm.grounding.table import (
    BUTTONS,
    CONTAINERS,
    DRAWERS,
    FLAT,
    GRASPABLE,
    MARKS,
    SMALL,
    Table,
    inside,
    is_open,
)

EXCLUSION_SHARE = 0.2
ABSENT_SHARE = 0.15
"""Shares of orders that say what is not meant, and of tries that mean something that is not there:
of the lessons it is a larger share, since the other tries come to nothing more often."""
DONE_SHARE = 0.3
"""Of orders to put something somewhere, where something is somewhere already: that it be there."""
PUSH_HEIGHT = 0.03
"""Metres above the table at which fingers push, at most: lower things at half their height."""
NEAR_MARK = 0.05
SHUT, WIDE_OPEN = 0.012, 0.10
"""Metres: up to here a drawer is shut, from here on it is open."""
BLOCKS = ('cube', 'box', 'prism')
"""What towers are made of."""
WEIGHTS = {
    'pick': 1.0,
    'carry': 1.8,
    'stack': 1.0,
    'push': 2.5,
    'press': 1.5,
    'slide': 2.0,
    'put away': 2.5,
    'sort': 5.0,
    'tower': 3.0,
}
"""How often each kind of order is drawn beside the others that the picture has something for."""
TOLD_SHARE = 0.7
"""Of orders of which part is done: the planner is told what has been moved, as by itself."""
OPENED_SHARE = 0.3
"""Of open drawers into which something is to be put, those that were opened for that."""
MOVED_X, MOVED_Y = (0.35, 0.62), (-0.3, 0.3)
"""Metres, base frame: where things may have stood before."""


class Said(NamedTuple):
    """An order and its answer.

    moved: from where to where things were carried for it already, each (2, 3), metres, base frame.
    simpler: the order that comes next, where it takes several plans.
    """

    text: str
    answer: Answer
    moved: tuple[np.ndarray, ...] = ()
    simpler: str = ''

    def with_simpler(self) -> list[Said]:
        """Return it; and that order, which has the same answer."""
        return [self, Said(self.simpler, self.answer, self.moved)] if self.simpler else [self]


class Talk:
    """Speaks about one table as a camera sees it; see ABSENT_SHARE."""

    def __init__(
        self,
        table: Table,
        sight: Sight,
        speaker: Speaker,
        rng: np.random.Generator,
        absent_share: float = ABSENT_SHARE,
    ) -> None:
        self._absent_share = absent_share
        self._table, self._sight, self._speaker, self._rng = table, sight, speaker, rng
        self._labels = {name: i for i, name in enumerate(table.items)}
        self._orders: dict[str, Callable[[], Said | None]] = {
            'pick': self._pick,
            'carry': self._carry,
            'stack': self._stack,
            'push': self._push,
            'press': self._press,
            'slide': self._slide,
            'sort': self._sort,
            'tower': self._tower,
            'put away': self._put_away,
        }

    def one(self) -> Said | None:
        """Return an instruction and its answer, None if the draw came to nothing."""
        try:
            kind = self._kind()
            if self._rng.random() < self._absent_share:
                return self._absent(kind)
            return self._orders[kind]()
        except DrawRejectedError:
            return None

    def _kind(self) -> str:
        """Return what kind of order comes next."""
        drawers = self._names(DRAWERS, free=False)
        possible = {
            'pick': self._names(GRASPABLE),
            'carry': drawers or self._names(CONTAINERS, free=False),
            'stack': self._names((*FLAT, *MARKS)),
            'push': self._names(MARKS),
            'press': self._names(BUTTONS),
            'slide': drawers,
            'put away': drawers,
            'sort': self._pairs()[1:],
            'tower': self._names(BLOCKS, free=False)[2:],
        }
        weights = np.array([WEIGHTS[kind] * bool(names) for kind, names in possible.items()])
        if not weights.any():
            raise DrawRejectedError('nothing to speak of')
        return list(possible)[int(self._rng.choice(len(weights), p=weights / weights.sum()))]

    def _one_of(self, names: list[str]) -> str:
        if not names:
            raise DrawRejectedError('nothing of the kind')
        return names[int(self._rng.integers(len(names)))]

    def _names(self, kinds: tuple[str, ...], free: bool = True) -> list[str]:
        """Return the names of all items in view of these kinds; free: with nothing on them."""
        covered = self._table.on.values() if free else ()
        items = self._speaker.items.items()
        return [n for n, item in items if item.kind in kinds and n not in covered]

    def _any(self, kinds: tuple[str, ...], free: bool = True, but: str = '') -> str:
        return self._one_of([n for n in self._names(kinds, free) if n != but])

    def _answered(self, frames: Keyframes) -> Answer:
        found = answer(frames, self._sight, self._labels)
        if found is None:
            raise DrawRejectedError('an anchor is hidden')
        return found

    def _sentence(self, what: str, *names: str) -> str:
        """Return an order about some items."""
        return self._worded(what, names)[0]

    def _worded(self, what: str, names: Sequence[str]) -> tuple[str, list[str]]:
        """Return an order about some items, and its words for each."""
        words = [self._speaker.refer(n, names) for n in names]
        return self._speaker.order(what, words, self._not_meant(names)), words

    def _not_meant(self, names: Sequence[str]) -> str:
        """Return, now and then, words for something else than what an order is about."""
        others = [n for n in self._speaker.items if n not in names]
        if others and self._rng.random() < EXCLUSION_SHARE:
            return self._speaker.refer(self._one_of(others), names)
        return ''

    def _moved(self, *names: str, onto: str = '') -> tuple[np.ndarray, ...]:
        """Return, mostly, from where these things may have come to where they are now.

        onto: only where they are on that.
        """
        told = self._rng.random() < TOLD_SHARE
        if not told or (onto and any(self._table.on.get(name) != onto for name in names)):
            return ()
        return tuple(self._came(self._table.items[name]) for name in names)

    def _came(self, item: Item) -> np.ndarray:
        here = keyframes.hold(item, self._sight.rightward).place
        x, y = self._rng.uniform(*MOVED_X), self._rng.uniform(*MOVED_Y)
        return np.array([[x, y, self._table.height + here[2] - item.body.position[2]], here])

    def _pick(self) -> Said:
        a = self._any(GRASPABLE)
        frames = keyframes.pick(self._table.items[a], self._sight.rightward)
        return Said(self._sentence('pick', a), self._answered(frames))

    def _put_in(self, a: str, b: str) -> Answer:
        """Return how to put an item into a container: done if it is there."""
        if self._table.on.get(a) == b:
            return Answer('done')
        item, onto = self._table.items[a], self._table.items[b]
        if not is_open(onto) or a in self._table.on.values():
            raise DrawRejectedError('shut, or something stands on it')
        moved = onto.T_base_item[:3, :3] @ onto.body.axis * onto.body.start
        goal = onto.T_base_item[:3] @ [*inside(onto), 1.0] + moved + [0, 0, item.rest]
        return self._answered(keyframes.carry(item, onto, goal, self._sight.rightward))

    def _put_on(self, a: str, b: str) -> Answer:
        """Return how to put an item on top of another one: done if it is there."""
        if self._table.on.get(a) == b:
            return Answer('done')
        if {a, b} & set(self._table.on.values()):
            raise DrawRejectedError('something stands on it')
        item, onto = self._table.items[a], self._table.items[b]
        goal = onto.body.position + np.array([0, 0, onto.top + item.rest])
        return self._answered(keyframes.carry(item, onto, goal, self._sight.rightward))

    def _there(self, places: tuple[str, ...]) -> tuple[str, str] | None:
        """Return, now and then, (thing, place) where the thing is already, None otherwise."""
        items = self._speaker.items
        pairs = [
            (a, b)
            for a, b in self._table.on.items()
            if a in items and b in items and items[b].kind in places
        ]
        if not pairs or self._rng.random() >= DONE_SHARE:
            return None
        return pairs[int(self._rng.integers(len(pairs)))]

    def _carry(self) -> Said:
        places = (*CONTAINERS, *DRAWERS)
        a, b = self._there(places) or (self._any(GRASPABLE), self._any(places, free=False))
        return Said(self._sentence('carry', a, b), self._put_in(a, b), self._moved(a, onto=b))

    def _stack(self) -> Said:
        if pair := self._there(FLAT):
            a, b = pair
        else:
            a = self._any(GRASPABLE)
            b = self._any((*FLAT, *MARKS), but=a)
        if self._table.items[b].cavity:
            raise DrawRejectedError('into, not onto')
        return Said(self._sentence('stack', a, b), self._put_on(a, b), self._moved(a, onto=b))

    def _push(self) -> Said:
        a, b = self._any((*SMALL, 'mug')), self._any(MARKS)
        item, goal = self._table.items[a], self._table.items[b].body.position
        if a in self._table.on or np.hypot(*(goal - item.body.position)[:2]) < NEAR_MARK:
            raise DrawRejectedError('not on the table, or there already')
        height = self._table.height + min(item.height / 2, PUSH_HEIGHT)
        frames = keyframes.push(item, b, goal, height, 0.5 * min(item.extent, 0.05))
        return Said(self._sentence('push', a, b), self._answered(frames))

    def _press(self) -> Said:
        a = self._any(BUTTONS)
        item = self._table.items[a]
        place = item.T_base_item[:3] @ [0, 0, item.top, 1.0]
        frames = keyframes.press(item, place, BUTTON_TRAVEL, self._sight.rightward)
        return Said(self._sentence('press', a), self._answered(frames))

    def _slide(self) -> Said:
        a = self._any(DRAWERS, free=False)
        item = self._table.items[a]
        if self._rng.random() < 0.5:
            return Said(self._sentence('open', a), self._slid(item, shut=False))
        return Said(self._sentence('close', a), self._slid(item, shut=True))

    def _slid(self, item: Item, shut: bool) -> Answer:
        """Return how to open or shut a drawer: done if it is."""
        start = item.body.start
        if (start <= SHUT) if shut else (start >= WIDE_OPEN):
            return Answer('done')
        low, high = item.body.travel
        return self._answered(keyframes.slide(item, float(low if shut else high)))

    def _sort(self) -> Said:
        """Things into containers of their colours: the first that is not there yet comes next."""
        pairs = self._pairs()
        if len(pairs) < 2:
            raise DrawRejectedError('nothing to sort')
        order = [pairs[i] for i in self._rng.permutation(len(pairs))]
        colors = [self._table.items[a].color for a, _ in order]
        left = [pair for pair in order if self._table.on.get(pair[0]) != pair[1]]
        found = self._put_in(*left[0]) if left else Answer('done')
        listed = ', '.join(colors[:-1]) + f' and {colors[-1]}'
        other = self._not_meant([name for pair in pairs for name in pair])
        there = [a for a, b in order if self._table.on.get(a) == b]
        text, moved = self._speaker.order('sort', [listed], other), self._moved(*there)
        if not left:
            return Said(text, found, moved)
        color = self._table.items[left[0][0]].color
        return Said(text, found, moved, put_in(*of_color(color)))

    def _pairs(self) -> list[tuple[str, str]]:
        """Return (thing, container) for every colour with exactly one of either."""
        pairs = []
        for color in sorted({item.color for item in self._speaker.items.values()}):
            things, homes = (
                [n for n in self._names(kinds, free=False) if self._table.items[n].color == color]
                for kinds in (GRASPABLE, CONTAINERS)
            )
            if len(things) == len(homes) == 1:
                pairs.append((things[0], homes[0]))
        return pairs

    def _tower(self) -> Said:
        """Three blocks: the second onto the first, then the third onto the second."""
        blocks = self._names(BLOCKS, free=False)
        if len(blocks) < 3:
            raise DrawRejectedError('not enough blocks')
        bottom, middle, top = (blocks[i] for i in self._rng.permutation(len(blocks))[:3])
        on = self._table.on
        standing = [(low, mid, up) for up, mid in on.items() for low in [on.get(mid, '')] if low]
        half = [(low, mid) for mid, low in on.items() if low in blocks and mid in blocks]
        choice = self._rng.random()
        if standing and choice < 0.5 and set(standing[0]) <= set(blocks):
            bottom, middle, top = standing[0]
        elif half and choice < 0.8:
            bottom, middle = half[0]
            top = self._one_of([n for n in blocks if n not in half[0]])
        text, (mid, low, up) = self._worded('tower', (middle, bottom, top))
        if on.get(middle) != bottom:
            return Said(text, self._put_on(middle, bottom), (), put_on(mid, low))
        if on.get(top) == middle:
            return Said(text, Answer('done'), self._moved(middle, top))
        found = self._put_on(top, middle)
        return Said(text, found, self._moved(middle), put_on(up, mid))

    def _put_away(self) -> Said:
        """Put away into a drawer: it is opened before if need be, and closed after."""
        b = self._any(DRAWERS, free=False)
        drawer, within = self._table.items[b], self._table.on
        held = [n for n in self._names(GRASPABLE) if within.get(n) == b]
        a = held[0] if held and self._rng.random() < 0.6 else self._any(SMALL)
        text, (thing, home) = self._worded('put away', (a, b))
        if within.get(a) == b:
            found = self._slid(drawer, shut=True)
            next_ = slide(home, opens=False) if found.outcome == 'plan' else ''
            return Said(text, found, self._moved(a), next_)
        if not is_open(drawer):
            return Said(text, self._slid(drawer, shut=False), (), slide(home, opens=True))
        told = self._rng.random() < OPENED_SHARE
        moved = (_opened(drawer),) if told else ()
        return Said(text, self._put_in(a, b), moved, put_in(thing, home))

    def _absent(self, kind: str) -> Said:
        missing = self._speaker.missing()
        alone = {'pick': 'pick', 'press': 'press', 'slide': 'open'}
        if kind in alone:
            return Said(self._speaker.order(alone[kind], [missing]), Answer('absent'))
        other = self._speaker.refer(self._one_of(list(self._speaker.items)))
        words = [missing, other] if self._rng.random() < 0.5 else [other, missing]
        what = kind if kind in ('carry', 'stack', 'push', 'put away') else 'carry'
        return Said(self._speaker.order(what, words), Answer('absent'))


def _opened(drawer: Item) -> np.ndarray:
    """Return from where to where the handle of a drawer was moved, (2, 3), metres, base frame."""
    shut = dataclasses.replace(drawer, body=dataclasses.replace(drawer.body, start=0.0))
    return keyframes.slide(shut, drawer.body.start).points[[1, 3]]
