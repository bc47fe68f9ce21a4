"""The compact answer of the bundled model: two anchors in the image, waypoints in their terms.

Grammar; each <...> is one token of the model's vocabulary::

    answer   := "<absent>" | "<done>" | "<next>" word+ | first [second] waypoint+
    first    := "<at>" u v "<yaw_" 0..11 ">"
    second   := "<to>" u v
    u, v     := "<loc_" 0..255 ">"
    waypoint := ("<a>" | "<b>") ["<along_" -24..24 ">"] "<up_" -12..24 ">" ("<open>" | "<close>")

An anchor is a pixel, u and v in 256ths of the image's width and height; what the depth camera sees
there is its point. A waypoint is a point's neighbour: `up` cm above the point of anchor a or b, and
`along` cm in the level direction from a to b (left out where it is 0). Fingers close in the
direction `yaw`: twelfths of half a turn from the image's rightward direction on the table,
counter-clockwise from above. `<open>` and `<close>` say what the gripper does there.

What takes several plans is answered with `<next>` and the order, in few words, that comes first of
what is left of it; asked for that, the model says where.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.lesson import CLOSED, OPEN, Answer

LOCATIONS, YAWS = 256, 12
ALONG, UP = range(-24, 25), range(-12, 25)
STEP = 0.01
"""Metres a unit of `along` and `up`."""
ABSENT, DONE, NEXT, FIRST, SECOND = '<absent>', '<done>', '<next>', '<at>', '<to>'
POINTS = ('<a>', '<b>')
GRIPPER = {'<open>': OPEN, '<close>': CLOSED}
TOKENS = (
    *(ABSENT, DONE, NEXT, FIRST, SECOND),
    *POINTS,
    *GRIPPER,
    *(f'<yaw_{i}>' for i in range(YAWS)),
    *(f'<along_{i}>' for i in ALONG if i),
    *(f'<up_{i}>' for i in UP),
    *(f'<loc_{i}>' for i in range(LOCATIONS)),
)
"""Every token of an answer."""

_LOC = r'<loc_(\d+)>\s*<loc_(\d+)>'
_WAYPOINT = r'<([ab])>\s*(?:<along_(-?\d+)>\s*)?<up_(-?\d+)>\s*<(open|close)>'
_NEXT = re.compile(rf'{NEXT}((?:\s+[^\W_][\w-]*)+)')
_PLAN = re.compile(rf'\s*<at>\s*{_LOC}\s*<yaw_(\d+)>\s*(?:<to>\s*{_LOC}\s*)?((?:{_WAYPOINT}\s*)+)')


@dataclass(frozen=True, eq=False)
class CompactWaypoint(checks.Contract):
    """One waypoint: `anchor` 0 or 1; `along` and `up`, metres; `gripper` 1 open, 0 closed."""

    anchor: int
    along: float
    up: float
    gripper: float


@dataclass(frozen=True, eq=False)
class CompactAnswer(checks.Contract):
    """What a compact answer says.

    outcome: 'plan', 'absent', 'done' or 'next'. anchors: float64 (A, 2), shares of width and
    height. yaw: rad. waypoints: at least one, of a plan. order: what is next, in words.
    """

    outcome: str
    anchors: np.ndarray
    yaw: float = 0.0
    waypoints: tuple[CompactWaypoint, ...] = ()
    order: str = ''


def parse(text: str) -> CompactAnswer:
    """Return what an answer says; raise InvalidValueError with what is wrong.

    Text that breaks off within a waypoint is read up to the last whole one.
    """
    bare = text.strip()
    for token, outcome in ((ABSENT, 'absent'), (DONE, 'done')):
        if bare == token:
            return CompactAnswer(outcome, np.zeros((0, 2)))
    if order := _NEXT.fullmatch(bare):
        return CompactAnswer('next', np.zeros((0, 2)), order=' '.join(order[1].split()))
    match = _PLAN.match(bare)
    if match is None:
        raise InvalidValueError(f'no compact answer: {bare[:200]!r}')
    numbers = [int(n) for n in match.group(1, 2, 4, 5) if n is not None]
    if max(numbers) >= LOCATIONS or int(match[3]) >= YAWS:
        raise InvalidValueError(f'a location or yaw out of range: {match[0][:60]!r}')
    anchors = (np.array(numbers, dtype=np.float64).reshape(-1, 2) + 0.5) / LOCATIONS
    found = re.findall(_WAYPOINT, match[6])
    waypoints = tuple(_waypoint(len(anchors), *words) for words in found)
    return CompactAnswer('plan', anchors, _angle(int(match[3])), waypoints)


def _waypoint(anchors: int, name: str, along: str, up: str, gripper: str) -> CompactWaypoint:
    index, steps, rise = 'ab'.index(name), int(along or 0), int(up)
    if index >= anchors or (steps and anchors < 2):
        raise InvalidValueError(f'waypoint <{name}> needs a second anchor, there is none')
    if rise not in UP or steps not in ALONG:
        raise InvalidValueError(f'waypoint <{name}> is out of range: along {steps}, up {rise}')
    return CompactWaypoint(index, steps * STEP, rise * STEP, GRIPPER[f'<{gripper}>'])


def _angle(number: int) -> float:
    return (number - YAWS // 2) * np.pi / YAWS


def positions(answer: CompactAnswer, points: np.ndarray) -> np.ndarray:
    """Return where the waypoints are (N, 3), metres, given what is seen at the anchors.

    points: (A, 3), metres, in a frame whose z axis points up.
    """
    along = _ahead(points)
    return np.array(
        [points[w.anchor] + w.along * along + [0.0, 0.0, w.up] for w in answer.waypoints]
    )


def _ahead(points: np.ndarray) -> np.ndarray:
    """Return the level unit vector (3,) from the first point to the second; zero without one."""
    if len(points) < 2:
        return np.zeros(3)
    step = (points[1] - points[0]) * [1, 1, 0]
    return step / max(float(np.linalg.norm(step)), 1e-9)


def tokens_of(answer: Answer, width: int, height: int) -> list[str]:
    """Return the tokens of a true answer about a picture of width x height pixels."""
    if answer.outcome != 'plan':
        return [ABSENT if answer.outcome == 'absent' else DONE]
    out: list[str] = []
    for word, pixel in zip((FIRST, SECOND), answer.pixels, strict=False):
        shares = (pixel + 0.5) / [width, height] * LOCATIONS
        u, v = np.clip(shares.astype(int), 0, LOCATIONS - 1)
        out += [word, f'<loc_{u}>', f'<loc_{v}>']
        if word == FIRST:
            turn = round(answer.yaw / np.pi * YAWS) + YAWS // 2
            out.append(f'<yaw_{turn % YAWS}>')
    for place, opening in zip(answer.waypoints, answer.gripper, strict=True):
        out += _waypoint_tokens(place, opening, answer.points)
    return out


def recalled(places: np.ndarray) -> str:
    """Return, in the tokens of answers, what has been moved already: the model reads that, too.

    places: float64 (M, 2, 2), shares of the picture, from where to where; those outside are at its
    edge.
    """
    bins = np.clip((np.asarray(places) * LOCATIONS).astype(int), 0, LOCATIONS - 1)
    return ' '.join(
        f'{FIRST} <loc_{u}> <loc_{v}> {SECOND} <loc_{x}> <loc_{y}>' for (u, v), (x, y) in bins
    )


def without_oldest(question: str) -> str:
    """Return a question that does not tell any more what was moved first; as it is if none was."""
    words, first, places = question.partition(FIRST)
    _, again, later = places.partition(FIRST)
    return f'{words}{again}{later}'.strip() if first else question


def asked_next(question: str, said: str) -> str:
    """Return the question after an answer that is an order, about what was moved too; else ''."""
    order = _NEXT.fullmatch(said.strip())
    _, first, places = question.partition(FIRST)
    return f'{" ".join(order[1].split())} {first}{places}'.strip() if order else ''


def _waypoint_tokens(place: np.ndarray, opening: float, points: np.ndarray) -> list[str]:
    """Return the tokens of a waypoint, in the terms of the anchor that comes nearest to it."""
    ahead = _ahead(points)
    best: tuple[float, list[str]] = (np.inf, [])
    for name, point in zip(POINTS, points, strict=False):
        offset = place - point
        along = int(np.clip(round(float(offset @ ahead) / STEP), ALONG[0], ALONG[-1]))
        if abs(along) <= 1:
            along = 0
        up = int(np.clip(round(float(offset[2]) / STEP), UP[0], UP[-1]))
        miss = np.linalg.norm(offset - along * STEP * ahead - [0, 0, up * STEP])
        cost = float(miss) + 0.002 * abs(along)
        words = [name, *([f'<along_{along}>'] if along else []), f'<up_{up}>']
        if cost < best[0]:
            best = (cost, [*words, '<open>' if opening > 0.5 else '<close>'])
    return best[1]
