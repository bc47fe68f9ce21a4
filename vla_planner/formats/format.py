"""A format: how a kind of model writes its answers down, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_planner.scale import Scale
from vla_planner.sketch import Sketch, Spot, Stroke

Read = Callable[[str, tuple[int, int], Scale], Sketch]
"""Text, (width, height) of the picture and the scale the model should count in, to a sketch.

Raises InvalidValueError with what is wrong, and nothing else, whatever the text.
"""

Recall = Callable[[np.ndarray], str]
"""Places, float64 (M, 2, 2), shares of the picture, to how its models are told that things have
been moved from there to there."""


def nothing_recalled(_: np.ndarray) -> str:
    """Tell a model nothing: it was not made for that."""
    return ''


@dataclass(frozen=True)
class Format:
    """One format. scale: in which its models count. schema: JSON schema, None where it has none."""

    name: str
    read: Read
    scale: Scale
    schema: dict[str, Any] | None = None
    recall: Recall = nothing_recalled


def path_sketch(strokes: Sequence[Stroke], cut: bool, notes: tuple[str, ...]) -> Sketch:
    """Return a path as a sketch; its spots are where the gripper first closes and last opens."""
    closing = [s for s in strokes if s.gripper == 0.0][:1]
    opening = [s for s in strokes if s.gripper == 1.0][-1:]
    spots = [Spot('grasp', s.place) for s in closing] + [Spot('release', s.place) for s in opening]
    return Sketch('plan', tuple(spots), tuple(strokes), cut=cut, notes=notes)


def flat_path(
    places: np.ndarray, gripper: Sequence[float | None], cut: bool, notes: tuple[str, ...]
) -> Sketch:
    """Return a path without depths: at its ends and where the gripper acts it touches what is seen.

    places: float64 (N, 2), shares. Everywhere else it is in mid-air.
    """
    last = len(places) - 1
    strokes = [
        Stroke(place, free=acts is None and 0 < i < last, gripper=acts)
        for i, (place, acts) in enumerate(zip(places, gripper, strict=True))
    ]
    return path_sketch(strokes, cut, notes)
