"""What a task is, and how the scene of a seed is drawn for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.tasks.axes import TRAINING, Ranges
from gae_arm.arm_sim.tasks.conditions import (
    AtRest,
    Condition,
    Joint,
    NotFallen,
    NotLifted,
    Released,
)
from gae_arm.arm_sim.tasks.draft import Draft
from gae_arm.arm_sim.tasks.errors import DrawRejectedError, SamplingError
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.phrases import Templates, phrase_book
from gae_arm.arm_sim.tasks.references import Referrer
from gae_arm.arm_sim.tasks.steps import Step

MAX_DRAWS = 200
HAND_XY = np.array([0.45, 0.0])
"""Metres: about where the hands of all arms are when they are at home, seen from above."""
FALLEN, LIFTED = 0.05, 0.04
"""Metres below the table, or above where it was, that make an object fallen or lifted."""
WRONGLY_PRESSED = 0.5
"""Share of its travel by which a button that is not meant must not be pressed."""
EXCLUSION_SHARE = 0.25


@dataclass(frozen=True)
class Plot:
    """What a task wants to happen in a scene that it has laid out.

    words: names of objects, or plain text, for the places of a template. meant: names of further
    objects that the template means without naming them. alike: (role, name) of
    what distractors may resemble; taken: colours that they must not have. way: from where to where
    something moves, (2,) each: where obstacles stand. goal, rules, steps: see `TaskInstance`.
    """

    words: Mapping[str, str]
    alike: tuple[tuple[str, str], ...]
    way: tuple[np.ndarray, np.ndarray]
    goal: tuple[Condition, ...]
    steps: tuple[Step, ...]
    rules: tuple[tuple[str, Condition], ...] = ()
    taken: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()


class Task(ABC):
    """A kind of work that has a scene for every seed.

    name, length: 'short', 'mid' or 'long'. time_limit_s: seconds from the start. success: the
    condition in words, for the documentation. hold_s: seconds that it must hold. templates: of
    its instruction.
    """

    name: ClassVar[str]
    length: ClassVar[str]
    time_limit_s: ClassVar[float]
    success: ClassVar[str]
    hold_s: ClassVar[float] = 0.5
    templates: ClassVar[Templates]

    @abstractmethod
    def compose(self, draft: Draft) -> Plot:
        """Lay out what the task needs, and return what is to happen with it."""

    def sample(self, seed: int, ranges: Ranges = TRAINING) -> TaskInstance:
        """Return the instance of a seed, the same one every time.

        A draw without room, view or clear words is rejected and the next one taken. Raises
        SamplingError after MAX_DRAWS of them.
        """
        reason: DrawRejectedError | None = None
        for attempt in range(MAX_DRAWS):
            try:
                return self._draw(Draft(seed, self.name, attempt, ranges), seed, attempt)
            except DrawRejectedError as error:
                reason = error
        raise SamplingError(
            f'{self.name} has no scene for seed {seed} in {MAX_DRAWS} draws; the last: {reason}'
        )

    def _draw(self, draft: Draft, seed: int, rejects: int) -> TaskInstance:
        plot = self.compose(draft)
        meant = (*(name for name in plot.words.values() if name in draft.items), *plot.meant)
        items = dict(draft.items)
        draft.add_distractors(plot.alike, plot.taken)
        draft.add_obstacles(*plot.way)
        draft.add_clutter()
        draft.check_view()
        instruction, words = self._speak(draft, plot)
        return TaskInstance(
            task=self.name,
            length=self.length,
            time_limit_s=self.time_limit_s,
            seed=seed,
            rejects=rejects,
            scene=draft.scene(),
            view=draft.view,
            instruction=instruction,
            items=draft.items,
            targets=meant,
            distractors=tuple(draft.distractors),
            obstacles=tuple(draft.obstacles),
            goal=plot.goal,
            rules=(*plot.rules, *_common_rules(draft, items)),
            hold_s=self.hold_s,
            steps=plot.steps,
            words=words,
        )

    def _speak(self, draft: Draft, plot: Plot) -> tuple[str, dict[str, str]]:
        """Return the instruction, and what it calls each object, by name."""
        rng = draft.streams['wording']
        book_name = draft.streams.draw('wording', 'book')
        book = phrase_book(book_name)
        known = {n: item for n, item in draft.items.items() if n not in draft.obstacles}
        meant = tuple(plot.words.values())
        referrer = Referrer(known, meant, draft.view, book, rng)
        template = _pick(self.templates.of(book_name), rng)
        words = {key: referrer.refer(w) if w in known else w for key, w in plot.words.items()}
        order = template.format(**words)
        if draft.distractors and rng.random() < EXCLUSION_SHARE:
            other = referrer.refer(_pick(tuple(draft.distractors), rng))
            order += _pick(book.exclusions, rng).format(other)
        called = {w: words[key] for key, w in plot.words.items() if w in known}
        return _pick(book.frames, rng).format(order), called


def _pick(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _common_rules(draft: Draft, meant: Mapping[str, Item]) -> tuple[tuple[str, Condition], ...]:
    """Return the rules of all tasks: nothing falls, nothing that is not meant is handled."""
    items = draft.items
    fallen = tuple(
        ('dropped', NotFallen(name, draft.table_height - FALLEN))
        for name, item in items.items()
        if item.body.motion == 'free' and name in meant
    )
    lifted = tuple(
        ('wrong object', NotLifted(name, float(items[name].body.position[2]) + LIFTED))
        for name in draft.distractors
        if items[name].body.motion == 'free'
    )
    pressed = tuple(
        ('wrong object', Joint(name, WRONGLY_PRESSED * items[name].body.travel[0], np.inf))
        for name in draft.distractors
        if items[name].body.motion == 'slide'
    )
    return (*fallen, *lifted, *pressed)


def let_go(*names: str) -> tuple[Condition, ...]:
    """Return that objects lie still and the robot has let go of them."""
    return tuple(condition for name in names for condition in (Released(name), AtRest(name)))
