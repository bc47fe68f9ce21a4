"""The bundled model's compact answers as sketches."""

from __future__ import annotations

from vla_planner.formats import compact
from vla_planner.formats.format import Format
from vla_planner.formats.json_answer import LONGEST
from vla_planner.scale import Scale
from vla_planner.sketch import Sketch, Spot, Stroke

NAMES = ('first', 'second')


def read(text: str, size: tuple[int, int], scale: Scale) -> Sketch:
    """Return what an answer says; it counts in 256ths, whatever `scale` and `size`."""
    bare = text[:LONGEST].strip()
    answer = compact.parse(bare)
    if answer.outcome != 'plan':
        return Sketch(answer.outcome)
    spots = tuple(Spot(name, place) for name, place in zip(NAMES, answer.anchors, strict=False))
    strokes = tuple(
        Stroke(answer.anchors[w.anchor], up=w.up, along=w.along, gripper=w.gripper)
        for w in answer.waypoints
    )
    cut = not bare.endswith(tuple(compact.GRIPPER))
    return Sketch('plan', spots, strokes, answer.yaw, cut)


COMPACT = Format('compact', read, Scale.UNIT)
