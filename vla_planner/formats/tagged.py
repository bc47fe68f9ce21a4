"""Points and actions in <ans> tags: 3D HAMSTER's older format (v3), and HAMSTER's 2D paths."""

from __future__ import annotations

import re

import numpy as np

from gae_arm.core.errors import InvalidValueError
from vla_planner.formats.format import Format, flat_path, path_sketch
from vla_planner.formats.json_answer import LONGEST, shown
from vla_planner.scale import Scale, to_shares
from vla_planner.sketch import Sketch, Stroke

BETWEEN = ' \t\r\n,'
ACTIONS = {'open gripper': 1.0, 'close gripper': 0.0}
_N = r'\s*([+-]?\d{1,9}(?:\.\d{0,12})?)\s*'
_ACTION = r'<action>\s*([A-Za-z ]{1,40}?)\s*</action>'
_THREE = re.compile(rf'\[{_N},{_N},{_N}\]|{_ACTION}')
_TWO = re.compile(rf'\({_N},{_N}\)|\[{_N},{_N}\]|{_ACTION}')


def read_hamster_3d_v3(text: str, size: tuple[int, int], scale: Scale) -> Sketch:
    """Return a trajectory of [u, v, depth]; an action belongs to the waypoint before it."""
    points, gripper, cut = _path(text, _THREE)
    places, notes = to_shares(points[:, :2], scale, size)
    strokes = [
        Stroke(place, depth=float(depth), gripper=acts)
        for place, depth, acts in zip(places, points[:, 2], gripper, strict=True)
    ]
    return path_sketch(strokes, cut, notes)


def read_hamster_2d(text: str, size: tuple[int, int], scale: Scale) -> Sketch:
    """Return a path of (x, y); an action belongs to the point before it."""
    points, gripper, cut = _path(text, _TWO)
    places, notes = to_shares(points, scale, size)
    return flat_path(places, gripper, cut, notes)


def _path(text: str, item: re.Pattern[str]) -> tuple[np.ndarray, list[float | None], bool]:
    """Return points (N, 2 or 3), what the gripper does at each, and whether the text broke off."""
    body, cut = _answer(text)
    points: list[list[float]] = []
    gripper: list[float | None] = []
    first: float | None = None
    end = 0
    for match in item.finditer(body):
        if body[end : match.start()].strip(BETWEEN):
            break
        end = match.end()
        *numbers, action = match.groups()
        if action is None:
            points.append([float(n) for n in numbers if n is not None])
            gripper.append(None)
        elif points:
            gripper[-1] = _opening(action)
        else:
            first = _opening(action)
    if not points:
        raise InvalidValueError(f'no points in the answer: {shown(text)}')
    rest = body[end:].strip(BETWEEN)
    if rest not in (']', '') and not cut:
        raise InvalidValueError(f'not a point or an action: {shown(rest)}')
    if gripper[0] is None:
        gripper[0] = first
    return np.array(points), gripper, cut or rest != ']'


def _answer(text: str) -> tuple[str, bool]:
    """Return the list in the answer's tags, after its bracket; and whether they do not close."""
    found = re.search(r'<ans>(.*?)(</ans>|\Z)', text[:LONGEST], re.DOTALL | re.IGNORECASE)
    if found is None:
        raise InvalidValueError(f'no <ans> in the answer: {shown(text)}')
    body = found[1].strip()
    if not body.startswith('['):
        raise InvalidValueError(f'the answer is not a list: {shown(body)}')
    return body[1:], not found[2]


def _opening(action: str) -> float:
    words = ' '.join(action.lower().split())
    if words not in ACTIONS:
        raise InvalidValueError(f'action {action!r} is unknown; there are: {sorted(ACTIONS)}')
    return ACTIONS[words]


HAMSTER_3D_V3 = Format('hamster_3d_v3', read_hamster_3d_v3, Scale.THOUSAND)
HAMSTER_2D = Format('hamster_2d', read_hamster_2d, Scale.UNIT)
