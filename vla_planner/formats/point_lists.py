"""Lists of points in JSON: 3D HAMSTER's trajectories (its format v5), and Qwen's `point_2d`."""

from __future__ import annotations

from typing import Any

import numpy as np

from gae_arm.core.errors import InvalidValueError
from vla_planner.formats import json_answer
from vla_planner.formats.format import Format, flat_path, path_sketch
from vla_planner.formats.ours import opening
from vla_planner.scale import Scale, to_shares
from vla_planner.sketch import Sketch, Spot, Stroke

GRASP_DEPTH = 0.02
"""Metres below what is seen where fingers grasp it: points lie on surfaces."""
DROP_HEIGHT = 0.05
"""Metres above what is seen where a thing is let go, so that what hangs below the fingers fits."""


def read_hamster_3d(text: str, size: tuple[int, int], scale: Scale) -> Sketch:
    """Return a trajectory; an answer that has points with depth means those alone."""
    entries, cut = _entries(text)
    if any('point_3d' in entry for entry in entries):
        return _deep(entries, cut, size, scale)
    places, notes, entries = _flat(entries, size, scale)
    return flat_path(places, [opening(entry.get('gripper')) for entry in entries], cut, notes)


def read_qwen(text: str, size: tuple[int, int], scale: Scale) -> Sketch:
    """Return points that say where things are, not how to move: grasp the first, to the last.

    What is in between is passed in mid-air.
    """
    entries, cut = _entries(text)
    places, notes, entries = _flat(entries, size, scale)
    spots = tuple(
        Spot(json_answer.label(e.get('label')), p) for e, p in zip(entries, places, strict=True)
    )
    strokes = [Stroke(places[0], up=-GRASP_DEPTH, gripper=0.0)]
    strokes += [Stroke(place, free=True) for place in places[1:-1]]
    if len(places) > 1:
        strokes.append(Stroke(places[-1], up=DROP_HEIGHT, gripper=1.0))
    return Sketch('plan', spots, tuple(strokes), cut=cut, notes=notes)


def _deep(entries: list[dict[str, Any]], cut: bool, size: tuple[int, int], scale: Scale) -> Sketch:
    entries = [entry for entry in entries if 'point_3d' in entry]
    points = np.array(
        [
            json_answer.numbers(f'waypoint {i} point_3d', entry['point_3d'], 3)
            for i, entry in enumerate(entries)
        ]
    )
    places, notes = to_shares(points[:, :2], scale, size)
    strokes = [
        Stroke(place, depth=float(depth), gripper=opening(entry.get('gripper')))
        for place, depth, entry in zip(places, points[:, 2], entries, strict=True)
    ]
    return path_sketch(strokes, cut, notes)


def _flat(
    entries: list[dict[str, Any]], size: tuple[int, int], scale: Scale
) -> tuple[np.ndarray, tuple[str, ...], list[dict[str, Any]]]:
    """Return places (N, 2), notes and the entries that have a `point_2d`."""
    entries = [entry for entry in entries if 'point_2d' in entry]
    if not entries:
        raise InvalidValueError('no point_2d or point_3d in the answer')
    points = [
        json_answer.numbers(f'point {i} point_2d', entry['point_2d'], 2)
        for i, entry in enumerate(entries)
    ]
    return *to_shares(np.array(points), scale, size), entries


def _entries(text: str) -> tuple[list[dict[str, Any]], bool]:
    data, cut = json_answer.find_json(text)
    return json_answer.items('the answer', [data] if isinstance(data, dict) else data), cut


HAMSTER_3D = Format('hamster_3d', read_hamster_3d, Scale.THOUSAND)
QWEN = Format('qwen_points', read_qwen, Scale.THOUSAND)
