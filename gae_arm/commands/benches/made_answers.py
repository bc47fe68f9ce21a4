"""Answers as models give them, and as they must not: for tests that nothing bad comes through."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

NASTY = (
    *('NaN', '-Infinity', '1e999', '-1', '1e-320', '9' * 400, 'true', 'null', '{}', '[]', '""'),
    *(
        '[' * 40,
        ']' * 5,
        '}{',
        '"',
        '\\',
        '\x00',
        '\ud800',
        '∞',
        '<ans>',
        '</ans>',
        '```',
        '```json',
    ),
    *('<action>', 'Close Gripper', '<loc_999>', '<up_99>', '<done>', '<absent>', 'point_3d'),
    *('__import__("os").system("true")', '$instruction', '{{}}', '%s', '\u202e', '0x10', '1_000'),
)
NUMBER = re.compile(r'-?\d+(?:\.\d+)?')


def made_answer(form: str, rng: random.Random) -> str:
    """Return an answer of a format, most of them fit to be carried out."""
    return MAKERS[form](rng)


def spoiled(text: str, rng: random.Random) -> str:
    """Return an answer that a few things have happened to."""
    for _ in range(rng.randint(0, 4)):
        text = rng.choice(SPOILERS)(text, rng)
    return text


def _uv(rng: random.Random, scale: float = 1000.0) -> list[float]:
    return [round(rng.uniform(0.3, 0.7) * scale, 3 if scale == 1 else 0) for _ in range(2)]


def _depth(rng: random.Random) -> float:
    return round(rng.uniform(0.7, 0.9), 3)


def _ours(rng: random.Random) -> str:
    def waypoint() -> dict[str, object]:
        one: dict[str, object] = {'point': _uv(rng), 'up': round(rng.uniform(0, 0.2), 3)}
        if rng.random() < 0.5:
            one['depth'] = _depth(rng)
        if rng.random() < 0.7:
            one['gripper'] = rng.choice(['open', 'close', 'none', 0.5, None])
        if rng.random() < 0.2:
            one['orientation'] = [1, 0, 0, 0]
        return one

    anchors = [{'label': 'a', 'point': _uv(rng)} for _ in range(rng.randint(0, 2))]
    waypoints = [waypoint() for _ in range(rng.randint(1, 6))]
    status = rng.choice(['plan'] * 8 + ['absent', 'done'])
    text = json.dumps({'status': status, 'anchors': anchors, 'waypoints': waypoints})
    return rng.choice(['', 'Sure:\n```json\n']) + text


def _hamster_3d(rng: random.Random) -> str:
    return json.dumps(
        [
            {'point_3d': [*_uv(rng), _depth(rng)], 'gripper': rng.choice(['open', 'close', 'none'])}
            for _ in range(rng.randint(1, 8))
        ]
    )


def _action(rng: random.Random) -> str:
    return f'<action>{rng.choice(["Open", "Close"])} Gripper</action>'


def _hamster_3d_v3(rng: random.Random) -> str:
    items = [rng.choice([str([*_uv(rng), _depth(rng)]), _action(rng)]) for _ in range(8)]
    return f'<ans>[{", ".join([str([*_uv(rng), _depth(rng)]), *items])}]</ans>'


def _hamster_2d(rng: random.Random) -> str:
    items = [rng.choice([str(tuple(_uv(rng, 1.0))), _action(rng)]) for _ in range(6)]
    return f'<ans>[{", ".join([str(tuple(_uv(rng, 1.0))), *items])}]</ans>'


def _qwen(rng: random.Random) -> str:
    points = [{'point_2d': _uv(rng), 'label': 'cup'} for _ in range(rng.randint(1, 4))]
    return f'```json\n{json.dumps(points)}\n```'


def _compact(rng: random.Random) -> str:
    def loc() -> str:
        return f'<loc_{rng.randint(60, 200)}> <loc_{rng.randint(60, 200)}>'

    two = rng.random() < 0.6
    text = f'<at> {loc()} <yaw_{rng.randint(0, 11)}> ' + (f'<to> {loc()} ' if two else '')
    for _ in range(rng.randint(1, 6)):
        along = f'<along_{rng.randint(-24, 24)}> ' if two and rng.random() < 0.2 else ''
        side = rng.choice('ab') if two else 'a'
        text += f'<{side}> {along}<up_{rng.randint(-3, 20)}> <{rng.choice(["open", "close"])}> '
    return rng.choice([text] * 9 + ['<absent>', '<done>'])


MAKERS: dict[str, Callable[[random.Random], str]] = {
    'ours': _ours,
    'hamster_3d': _hamster_3d,
    'hamster_3d_v3': _hamster_3d_v3,
    'hamster_2d': _hamster_2d,
    'qwen_points': _qwen,
    'compact': _compact,
}


def _cut(text: str, rng: random.Random) -> str:
    return text[: rng.randint(0, len(text))]


def _drop(text: str, rng: random.Random) -> str:
    start = rng.randint(0, len(text))
    return text[:start] + text[start + rng.randint(1, 12) :]


def _repeat(text: str, rng: random.Random) -> str:
    start = rng.randint(0, len(text))
    return text[:start] + text[start : start + rng.randint(1, 60)] * rng.randint(2, 90)


def _insert(text: str, rng: random.Random) -> str:
    start = rng.randint(0, len(text))
    return text[:start] + rng.choice(NASTY) + text[start:]


def _other_number(text: str, rng: random.Random) -> str:
    found = list(NUMBER.finditer(text))
    if not found:
        return text
    match = rng.choice(found)
    number = rng.choice([*NASTY[:7], str(rng.uniform(-2000, 2000)), str(rng.randint(0, 1000))])
    return text[: match.start()] + number + text[match.end() :]


def _another(text: str, rng: random.Random) -> str:
    return text + made_answer(rng.choice(list(MAKERS)), rng)


def _letters(text: str, rng: random.Random) -> str:
    return ''.join(chr(rng.randint(0, 0x2FFF)) for _ in range(rng.randint(0, 200)))


SPOILERS = (
    _cut,
    _drop,
    _repeat,
    _insert,
    _insert,
    _other_number,
    _other_number,
    _another,
    _letters,
)
