"""Says by the physics whether what a person asked for is the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.tasks.conditions import (
    AtRest,
    Condition,
    Inside,
    Joint,
    Lifted,
    Released,
    Upon,
)
from gae_arm.arm_sim.tasks.spoken_goal import Goal, spoken_goal
from gae_arm.commands.show.handling import Handling
from gae_arm.core.truth import Truth

HOLD_NS = 200_000_000
"""So long all of a goal must be the case."""


@dataclass(frozen=True)
class Judgement:
    """What the referee says of one instruction.

    success: None where nobody knows what the words ask of the physics. words: a sentence. cause:
    what the hand did wrong, as far as that is known.
    """

    success: bool | None
    words: str
    cause: str = ''


class Referee:
    """Watches one instruction at a time on a table whose objects it knows."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = items
        self._goal: Goal | None = None
        self._newest: Truth | None = None
        self._since_ns: int | None = None
        self._pressed = False
        self._handling: Handling | None = None

    @property
    def ready(self) -> bool:
        """Return whether it has seen anything yet."""
        return self._newest is not None

    def begin(self, instruction: str) -> None:
        """Take an instruction; what is the case now is its beginning. Needs to be ready."""
        assert self._newest is not None
        self._goal = spoken_goal(instruction, self._items, self._newest)
        self._since_ns, self._pressed = None, False
        self._handling = None if self._goal is None else _handling(self._goal, self._items)

    def see(self, truth: Truth) -> None:
        """Take the truth of a moment."""
        self._newest = truth
        if self._goal is None or self._handling is None:
            return
        self._handling.see(truth)
        if not all(condition.holds(truth) for condition in self._goal):
            self._since_ns = None
        elif self._since_ns is None:
            self._since_ns = truth.stamp_ns
        if self.holds and isinstance(self._goal[0], Joint):
            self._pressed = True  # A button comes up again: that it was down is what was asked for.

    @property
    def holds(self) -> bool:
        """Return whether the goal has been the case for long enough, up to now."""
        since, newest = self._since_ns, self._newest
        return since is not None and newest is not None and newest.stamp_ns - since >= HOLD_NS

    def judge(self) -> Judgement:
        """Return what it says now."""
        if self._goal is None or self._handling is None:
            return Judgement(None, 'the referee does not know these words: see for yourself')
        assert self._newest is not None
        if self.holds or self._pressed:
            return Judgement(True, said(self._goal[0]))
        missing = [said(c) for c in self._goal if not c.holds(self._newest)]
        words = f'not so: {missing[0] if missing else said(self._goal[0])}'
        return Judgement(False, words, self._handling.cause)


def _handling(goal: Goal, items: Mapping[str, Item]) -> Handling:
    """Return who follows what the hand does for a goal."""
    first = goal[0]
    names = (getattr(first, key, None) for key in ('item', 'container', 'other'))
    targets = [name for name in names if name is not None]
    return Handling(targets, not isinstance(first, Joint), items)


def said(condition: Condition) -> str:
    """Return a condition in words."""
    match condition:
        case Inside(item=item, container=container):
            return f'{item} is in {container}'
        case Upon(item=item, other=other):
            return f'{item} stands on {other}'
        case Lifted(item=item):
            return f'{item} is held up by the gripper'
        case Joint(item=item):
            return f'{item} is pressed'
        case Released(item=item):
            return f'the gripper has let go of {item}'
        case AtRest(item=item):
            return f'{item} lies still'
    return str(condition)
