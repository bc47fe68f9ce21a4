"""Ranges in words, as users type them and parameters carry them.

held_out                                       every axis from its held-out range
held_out obstacles=training                    but one
training distractors.count=2 light.strength=0.5..0.7
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gae_arm.arm_sim.tasks.axes import AXES, HELD_OUT, TRAINING, Choices, Ranges, Spans
from gae_arm.arm_sim.tasks.phrases import BOOKS
from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

RANGES = {'training': TRAINING, 'held_out': HELD_OUT}


def ranges_of(words: str) -> Ranges:
    """Return the ranges that words mean: 'training' or 'held_out', then axes that differ.

    AXIS=training and AXIS=held_out take a whole axis from there. AXIS.QUANTITY=VALUE draws one
    quantity from values: one, several with commas, or LOW..HIGH. Raises InvalidValueError that
    lists what there is.
    """
    base, *changes = words.split() or ['']
    ranges = RANGES[checks.known('range', base, RANGES)]
    for change in changes:
        name, sign, value = change.partition('=')
        axis, _, quantity = name.partition('.')
        checks.known('axis', axis, AXES)
        if not (sign and value):
            raise InvalidValueError(
                f'{change!r} is no choice for an axis; write {axis}=training, {axis}=held_out or '
                f'{axis}.{next(iter(AXES[axis].training))}=VALUE'
            )
        if quantity:
            checks.known(f'quantity of axis {axis!r}', quantity, AXES[axis].training)
            ranges = ranges.override(axis, **{quantity: _values(axis, quantity, value)})
        else:
            chosen = RANGES[checks.known(f'range of axis {axis!r}', value, RANGES)]
            ranges = ranges.override(axis, **chosen[axis])
    return ranges


def words_of(base: str, changes: Sequence[str]) -> str:
    """Return the words of a base and changes, checked; see `ranges_of`."""
    words = ' '.join([base, *changes])
    ranges_of(words)
    return words


def _values(axis: str, quantity: str, text: str) -> Spans | Choices:
    """Return what a text draws from; of the kind that the axis has there."""
    what = f'{axis}.{quantity}'
    usual = AXES[axis].training[quantity]
    if isinstance(usual, Spans):
        ends = [_number(what, end) for end in text.split('..')]
        if len(ends) > 2:
            raise InvalidValueError(f'{what} is {text!r}, write VALUE or LOW..HIGH')
        return Spans(((ends[0], ends[-1]),))
    options = _options(axis, quantity)
    if all(isinstance(option, int) for option in options):
        return Choices(tuple(checks.integer(what, _count(what, v), 0, 20) for v in text.split(',')))
    return Choices(tuple(checks.known(what, v, options) for v in text.split(',')))


def _options(axis: str, quantity: str) -> list[Any]:
    if quantity == 'book':  # One is in neither range: for measuring alone.
        return list(BOOKS)
    both = (AXES[axis].training[quantity], AXES[axis].held_out[quantity])
    return [option for values in both if isinstance(values, Choices) for option in values.options]


def _count(what: str, text: str) -> int:
    if not text.isdecimal():
        raise InvalidValueError(f'{what} is no whole number: {text!r}')
    return int(text)


def _number(what: str, text: str) -> float:
    return checks.number(what, text)  # type: ignore[arg-type]
