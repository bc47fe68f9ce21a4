"""Our own format: one JSON object that says what is seen, and where the hand goes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.lesson import OUTCOMES
from vla_planner.formats import json_answer
from vla_planner.formats.format import Format, path_sketch
from vla_planner.scale import Scale, to_shares
from vla_planner.sketch import MOST_WAYPOINTS, Sketch, Spot, Stroke

GRIPPER = {'open': 1.0, 'close': 0.0, 'none': None}
_POINT = {'type': 'array', 'items': {'type': 'number'}, 'minItems': 2, 'maxItems': 2}
_ANCHOR = {
    'type': 'object',
    'properties': {'label': {'type': 'string'}, 'point': _POINT},
    'required': ['label', 'point'],
}
_WAYPOINT = {
    'type': 'object',
    'properties': {
        'point': _POINT,
        'depth': {'type': ['number', 'null']},
        'up': {'type': 'number'},
        'gripper': {'enum': ['open', 'close', 'none']},
        'orientation': {**_POINT, 'minItems': 4, 'maxItems': 4},
    },
    'required': ['point'],
}
SCHEMA: dict[str, Any] = {
    'type': 'object',
    'properties': {
        'status': {'enum': list(OUTCOMES)},
        'anchors': {'type': 'array', 'items': _ANCHOR},
        'waypoints': {'type': 'array', 'items': _WAYPOINT, 'maxItems': MOST_WAYPOINTS},
    },
    'required': ['status'],
}


def read(text: str, size: tuple[int, int], scale: Scale) -> Sketch:
    """Return what an answer says; raise InvalidValueError with what is wrong."""
    data, cut = json_answer.find_json(text)
    if not isinstance(data, dict):
        raise InvalidValueError(f'the answer is not an object: {json_answer.shown(data)}')
    status = data.get('status', 'plan')
    if not isinstance(status, str):
        raise InvalidValueError(f'status is not a string: {json_answer.shown(status)}')
    checks.known('status', status, OUTCOMES)
    if status != 'plan':
        return Sketch(status)
    anchors = json_answer.items('anchors', data.get('anchors', []))
    waypoints = json_answer.items('waypoints', data.get('waypoints', []))
    points = [
        json_answer.numbers(f'{kind} {i} point', one.get('point'), 2)
        for kind, some in (('anchor', anchors), ('waypoint', waypoints))
        for i, one in enumerate(some)
    ]
    places, notes = to_shares(np.reshape(points, (-1, 2)), scale, size)
    spots = tuple(
        Spot(json_answer.label(anchor.get('label')), place)
        for anchor, place in zip(anchors, places, strict=False)
    )
    strokes = []
    for i, (one, place) in enumerate(zip(waypoints, places[len(spots) :], strict=True)):
        try:
            strokes.append(_stroke(one, place))
        except InvalidValueError as error:
            raise InvalidValueError(f'waypoint {i}: {error}') from error
    if not spots and strokes:
        return path_sketch(strokes, cut, notes)
    return Sketch('plan', spots, tuple(strokes), cut=cut, notes=notes)


def _stroke(one: dict[str, Any], place: np.ndarray) -> Stroke:
    depth, turn = one.get('depth'), one.get('orientation')
    return Stroke(
        place,
        depth=None if depth is None else json_answer.number('depth', depth),
        up=json_answer.number('up', one.get('up', 0.0)),
        gripper=opening(one.get('gripper')),
        orientation=None if turn is None else json_answer.numbers('orientation', turn, 4),
    )


def opening(value: Any) -> float | None:
    """Return the opening of "open", "close", "none", a number or nothing."""
    if value is None or isinstance(value, str):
        return GRIPPER[checks.known('gripper', (value or 'none').lower(), GRIPPER)]
    return json_answer.number('gripper', value)


def recalled(places: np.ndarray) -> str:
    """Return in words what has been moved; places: as `Recall`."""
    points = np.rint(1000 * np.clip(places, 0.0, 1.0)).astype(int).tolist()
    moved = ', '.join(f'from {before} to {after}' for before, after in points)
    return f'This has been moved for it already: {moved}. What is left to do?' if moved else ''


OURS = Format('ours', read, Scale.THOUSAND, SCHEMA, recalled)
