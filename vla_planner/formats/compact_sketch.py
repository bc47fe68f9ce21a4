"""The bundled model's compact answers as sketches."""

from __future__ import annotations

from collections.abc import Sequence

from vla_planner.formats import compact
from vla_planner.formats.format import Format
from vla_planner.formats.json_answer import LONGEST
from vla_planner.gripper import MIDDLE, gripper_events
from vla_planner.scale import Scale
from vla_planner.sketch import Sketch, Spot, Stroke


def read(text: str, size: tuple[int, int], scale: Scale) -> Sketch:
    """Return what an answer says; it counts in 256ths, whatever `scale` and `size`."""
    bare = text[:LONGEST].strip()
    answer = compact.parse(bare)
    if answer.outcome != 'plan':
        return Sketch(answer.outcome, order=answer.order)
    names = anchor_names([w.gripper for w in answer.waypoints], len(answer.anchors))
    spots = tuple(Spot(n, place) for n, place in zip(names, answer.anchors, strict=True))
    strokes = tuple(
        Stroke(answer.anchors[w.anchor], up=w.up, along=w.along, gripper=w.gripper)
        for w in answer.waypoints
    )
    cut = not bare.endswith(tuple(compact.GRIPPER))
    return Sketch('plan', spots, strokes, answer.yaw, cut)


def anchor_names(openings: Sequence[float], count: int) -> tuple[str, ...]:
    """Return what the hand does at each of one or two anchors; the answer has no words for them.

    openings: of the gripper at the waypoints. Fingers that are closed all along push or press.
    """
    if gripper_events(openings):
        return ('grasp', 'place')[:count]
    if openings[0] >= MIDDLE:
        return ('reach', 'to')[:count]
    return ('push', 'to') if count == 2 else ('press',)


COMPACT = Format('compact', read, Scale.UNIT, recall=compact.recalled)
