"""Stacks: two or three blocks, one upon the other."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.tasks.conditions import Condition, Upon
from gae_arm.arm_sim.tasks.draft import Draft
from gae_arm.arm_sim.tasks.phrases import Templates
from gae_arm.arm_sim.tasks.steps import Lift, Put, Step
from gae_arm.arm_sim.tasks.task import Plot, Task, let_go
from gae_arm.core.geometry import transform

OFFSET = 0.02
"""Metres that the middle of a block may be off that of the block below."""


def upon(upper: Item, lower: Item) -> Condition:
    """Return that a block stands on another, about in its middle."""
    return Upon(upper.name, lower.name, lower.top + upper.rest, OFFSET)


def _put_upon(upper: Item, lower: Item) -> tuple[Step, ...]:
    T = transform(np.eye(3), [0.0, 0.0, lower.top + upper.rest])
    return Lift(upper.name), Put(upper.name, lower.name, T)


class StackTwo(Task):
    """Put one block onto another."""

    name = 'stack_two'
    length = 'mid'
    time_limit_s = 40.0
    success = 'the one block stands on the other, both still and released'
    templates = Templates(
        training=('stack {upper} on {lower}', 'put {upper} on top of {lower}'),
        held_out=('set {upper} upon {lower}', 'balance {upper} atop {lower}'),
        fresh=(
            'mount {upper} on {lower}',
            'let {upper} ride on {lower}',
        ),
    )

    def compose(self, draft: Draft) -> Plot:
        """See `Task`."""
        upper = draft.add('stacked', draft.first_spot())
        lower = draft.add('stacked')
        return Plot(
            words={'upper': upper.name, 'lower': lower.name},
            alike=(('stacked', upper.name), ('stacked', lower.name)),
            way=(upper.body.position[:2], lower.body.position[:2]),
            goal=(upon(upper, lower), *let_go(upper.name, lower.name)),
            steps=_put_upon(upper, lower),
        )


class StackThree(Task):
    """Build a tower of three blocks."""

    name = 'stack_three'
    length = 'long'
    time_limit_s = 70.0
    success = 'the three blocks stand on each other in the order asked for, still and released'
    templates = Templates(
        training=(
            'stack {middle} on {bottom}, then {top} on {middle}',
            'put {middle} on {bottom} and {top} on {middle}',
        ),
        held_out=(
            'build a tower: {bottom} below, {middle} in between, {top} uppermost',
            'pile up three things, first {bottom}, second {middle}, third {top}',
        ),
        fresh=(
            'three floors: {bottom}, on it {middle}, and {top} as the roof',
            'begin by laying {middle} on {bottom}, afterwards {top} on {middle}',
        ),
    )

    def compose(self, draft: Draft) -> Plot:
        """See `Task`."""
        middle = draft.add('stacked', draft.first_spot())
        bottom, top = draft.add('stacked'), draft.add('stacked')
        return Plot(
            words={'bottom': bottom.name, 'middle': middle.name, 'top': top.name},
            alike=tuple(('stacked', item.name) for item in (bottom, middle, top)),
            way=(middle.body.position[:2], bottom.body.position[:2]),
            goal=(
                upon(middle, bottom),
                upon(top, middle),
                *let_go(bottom.name, middle.name, top.name),
            ),
            steps=(*_put_upon(middle, bottom), *_put_upon(top, middle)),
        )
