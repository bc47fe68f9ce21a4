"""JSON in what a model writes: after talk, in a fence, broken off. Never evaluated."""

from __future__ import annotations

import json
import re
from typing import Any

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

LONGEST = 65_536
"""Characters of an answer that are looked at."""
DEEPEST = 16
_FENCE = re.compile(r'```(?:json)?\s*(.*?)(?:```|\Z)', re.DOTALL | re.IGNORECASE)
_CLOSERS = {'{': '}', '[': ']'}


def find_json(text: str) -> tuple[Any, bool]:
    """Return the first JSON list or object of a text, and whether it was broken off.

    Of one that breaks off, all is kept up to the last whole object in a list. Raises
    InvalidValueError with the text where there is none, where it is not JSON, and for NaN.
    """
    fence = _FENCE.search(text[:LONGEST])
    body = fence[1] if fence and re.search(r'[\[{]', fence[1]) else text[:LONGEST]
    start = re.search(r'[\[{]', body)
    if start is None:
        raise InvalidValueError(f'no JSON in the answer: {shown(text)}')
    whole, cut = _whole(body[start.start() :])
    try:
        return json.loads(whole, parse_constant=_refuse), cut
    except (ValueError, RecursionError) as error:
        raise InvalidValueError(f'the answer is not JSON ({error}): {shown(text)}') from error


def numbers(name: str, value: Any, count: int) -> Any:
    """Return a list of `count` finite numbers as an array; true, "1" and the like are none."""
    if not isinstance(value, list) or any(
        isinstance(v, bool) or not isinstance(v, (int, float)) for v in value
    ):
        raise InvalidValueError(f'{name} is not a list of numbers: {shown(value)}')
    try:
        return checks.array(name, value, (count,))
    except OverflowError as error:
        raise InvalidValueError(f'{name} has too large a number: {shown(value)}') from error


def number(name: str, value: Any) -> float:
    """Return one finite number."""
    return float(numbers(name, [value], 1)[0])


def items(name: str, value: Any) -> list[dict[str, Any]]:
    """Return a list of objects."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidValueError(f'{name} is not a list of objects: {shown(value)}')
    return value


def label(value: Any) -> str:
    """Return a label as a short text, whatever it was."""
    return str(value)[:80] if isinstance(value, (str, int, float)) else ''


def shown(value: Any) -> str:
    """Return a value for an error message, of bounded length."""
    text = value if isinstance(value, str) else repr(value)
    return repr(text[:200]) if isinstance(value, str) else text[:200]


def _refuse(constant: str) -> Any:
    raise ValueError(f'{constant} is no number')


def _whole(text: str) -> tuple[str, bool]:
    """Return the text up to where its first bracket closes; if it never does, mended, and True."""
    stack: list[str] = []
    in_string = escaped = False
    last: tuple[int, str] | None = None
    for i, character in enumerate(text):
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == '\\' and not escaped
        elif character == '"':
            in_string = True
        elif character in _CLOSERS:
            stack.append(character)
            if len(stack) > DEEPEST:
                raise InvalidValueError(f'the answer is nested deeper than {DEEPEST} levels')
        elif character in ']}':
            if not stack or _CLOSERS[stack.pop()] != character:
                raise InvalidValueError(f'brackets of the answer do not match: {shown(text)}')
            if not stack:
                return text[: i + 1], False
            if character == '}' and stack[-1] == '[':
                last = i + 1, ''.join(_CLOSERS[c] for c in reversed(stack))
    if last is None:
        raise InvalidValueError(f'the answer breaks off before anything is whole: {shown(text)}')
    return text[: last[0]] + last[1], True
