"""Orders that take several plans, and the simple order that comes first of what is left.

A planner that is to find four things by one long sentence takes them for each other. So it first
says what comes next, in plain words, and then looks for that alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.steps import Lift, Put, Slide
from gae_arm.grounding.begun import parts
from gae_arm.grounding.plain import plain

_PUT_ON, _PUT_IN, _OPEN, _CLOSE = 'stack {} on {}', 'put {} into {}', 'open {}', 'close {}'


def put_on(thing: str, place: str) -> str:
    """Return the order to put one thing onto another; of each, words that mean it."""
    return _PUT_ON.format(plain(thing), plain(place))


def put_in(thing: str, place: str) -> str:
    """Return the order to put a thing into a container or drawer."""
    return _PUT_IN.format(plain(thing), plain(place))


def slide(drawer: str, opens: bool) -> str:
    """Return the order to open or close a drawer."""
    return (_OPEN if opens else _CLOSE).format(plain(drawer))


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
            order = put_in if left.items[put.onto].cavity else put_on
            thing, home = of_color(left.items[put.item].color)
            return order(words.get(put.item, thing), words.get(put.onto, home))
        case (Slide() as step, *_):
            return slide(words[step.item], opens=step.to > left.items[step.item].body.start)
    return ''
