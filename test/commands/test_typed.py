"""Typed lines are taken one by one; an empty one and the end of the input end nothing."""

import io
import time

from gae_arm.commands.show.typed import EMPTY, ENDED, Typed


def until(typed, said, count):
    """All instructions up to the `count`-th sentence about what is none."""
    found = []
    while len(said) < count:
        found.append(typed.take())
        time.sleep(0.001)
    return [line for line in found if line]


def test_lines_come_in_order_and_the_rest_is_said():
    said = []
    typed = Typed(io.StringIO('lift the red cube\n\n  press the button \n'), said.append)
    assert until(typed, said, 2) == ['lift the red cube', 'press the button']
    assert said == [EMPTY, ENDED]
    assert typed.take() == ''
    assert said == [EMPTY, ENDED]


def test_without_any_input_it_is_said_once():
    said = []
    typed = Typed(None, said.append)
    assert until(typed, said, 1) == []
    assert (typed.take(), said) == ('', [ENDED])


def test_an_input_that_is_closed_has_ended():
    source, said = io.StringIO(), []
    source.close()
    assert until(Typed(source, said.append), said, 1) == []
    assert said == [ENDED]
