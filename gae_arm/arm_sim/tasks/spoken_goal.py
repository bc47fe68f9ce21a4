"""What an instruction asks the physics for, where it is said in the words of the tasks.

Not for planning: the judge of a demonstration has to know what a person meant, and knows it only
for sentences of the tasks' own templates about things that the words tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.scene import COLORS
from gae_arm.arm_sim.tasks.conditions import Condition, Lifted
from gae_arm.arm_sim.tasks.phrases import BOOKS
from gae_arm.arm_sim.tasks.pick_up import HEIGHT, PickUp
from gae_arm.arm_sim.tasks.place_into_container import PlaceIntoContainer, inside
from gae_arm.arm_sim.tasks.press_button import PressButton, pressed
from gae_arm.arm_sim.tasks.stacking import StackTwo, upon
from gae_arm.arm_sim.tasks.task import Task, let_go
from gae_arm.core.truth import Truth

Goal = tuple[Condition, ...]
NEGATION = re.compile(r"\b(not|don't|never|without|except|ignore|leave)\b")
Builder = Callable[[Truth, Mapping[str, Item]], Goal | None]


def spoken_goal(instruction: str, items: Mapping[str, Item], truth: Truth) -> Goal | None:
    """Return the conditions that an instruction asks for; None where its words are not known.

    items: what is on the table, by name. truth: before anything is done. All conditions shall hold
    at once. Colours and nouns of both phrase books are known; a description must mean exactly one
    thing.
    """
    text = re.sub(r'[\s,.!?;:]+', ' ', instruction.lower()).strip()
    if NEGATION.search(text):
        return None
    for task, build in JUDGES:
        for template in (*task.templates.training, *task.templates.held_out):
            for words in _readings(template, text):
                meant = {key: _meant(phrase, items) for key, phrase in words.items()}
                known = {key: item for key, item in meant.items() if item is not None}
                goal = build(truth, known) if len(known) == len(meant) else None
                if goal is not None:
                    return goal
    return None


def _readings(template: str, text: str) -> Iterator[dict[str, str]]:
    """Yield the words for each place of a template, wherever a sentence holds it."""
    pattern = re.sub(r'\\{(\w+)\\}', r'(?P<\1>the [a-z -]+?)', re.escape(template))
    found = re.search(rf'(?:^| ){pattern}(?: please| now)?$', text)
    if found:
        yield found.groupdict()


def _meant(phrase: str, items: Mapping[str, Item]) -> Item | None:
    """Return the one item that 'the [COLOUR] NOUN' means."""
    words = phrase.removeprefix('the ').split()
    color = words.pop(0) if words and words[0] in COLORS else None
    kinds = {kind for book in BOOKS.values() for kind in book.kinds(' '.join(words))}
    found = [item for item in items.values() if item.kind in kinds and color in (None, item.color)]
    return found[0] if len(found) == 1 else None


def _picked(truth: Truth, meant: Mapping[str, Item]) -> Goal | None:
    item = meant['object']
    height = float(truth.poses[item.name][2, 3]) + HEIGHT
    return (Lifted(item.name, height),) if item.grasps else None


def _placed(_: Truth, meant: Mapping[str, Item]) -> Goal | None:
    item, container = meant['object'], meant['container']
    fits = item.grasps and container.cavity is not None and item is not container
    return (inside(item, container), *let_go(item.name)) if fits else None


def _stacked(_: Truth, meant: Mapping[str, Item]) -> Goal | None:
    upper, lower = meant['upper'], meant['lower']
    fits = upper.grasps and lower.cavity is None and upper is not lower
    return (upon(upper, lower), *let_go(upper.name, lower.name)) if fits else None


def _pressed(_: Truth, meant: Mapping[str, Item]) -> Goal | None:
    item = meant['object']
    return (pressed(item),) if item.body.motion == 'slide' and not item.grasps else None


JUDGES: tuple[tuple[Task, Builder], ...] = (
    (StackTwo(), _stacked),
    (PlaceIntoContainer(), _placed),
    (PressButton(), _pressed),
    (PickUp(), _picked),
)
