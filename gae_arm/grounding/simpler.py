"""Orders that take several plans, and the simple order that comes first of what is left.

A planner that is to find four things by one long sentence takes them for each other. So it first
says what comes next, in the words that it was told for the things, and then looks for that alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.steps import Lift, Put, Slide
from gae_arm.grounding.begun import parts

PUT_ON, PUT_IN, OPEN, CLOSE = 'stack {} on {}', 'put {} into {}', 'open {}', 'close {}'


def of_color(color: str) -> tuple[str, str]:
    """Return words for the thing and for the container of a colour, in a sort."""
    return f'the {color} object', f'the {color} container'


def simpler(left: TaskInstance, whole: TaskInstance, words: Mapping[str, str]) -> str:
    """Return what comes first of what is left of a task; '' if one plan does all of it.

    words: for its items, by name; those of a sort are meant by their colours.
    """
    if parts(whole) < 2:
        return ''
    match left.steps:
        case (Lift(), Put() as put, *_):
            order = PUT_IN if left.items[put.onto].cavity else PUT_ON
            thing, home = of_color(left.items[put.item].color)
            return order.format(words.get(put.item, thing), words.get(put.onto, home))
        case (Slide() as slide, *_):
            opens = slide.to > left.items[slide.item].body.start
            return (OPEN if opens else CLOSE).format(words[slide.item])
    return ''
