"""All formats; docs/planner_formats.md has the grammar of each."""

from __future__ import annotations

from gae_arm.core import checks
from vla_planner.formats.compact_sketch import COMPACT
from vla_planner.formats.format import Format
from vla_planner.formats.ours import OURS
from vla_planner.formats.point_lists import HAMSTER_3D, QWEN
from vla_planner.formats.tagged import HAMSTER_2D, HAMSTER_3D_V3

FORMATS = {f.name: f for f in (OURS, COMPACT, HAMSTER_3D, HAMSTER_3D_V3, HAMSTER_2D, QWEN)}


def find_format(name: str) -> Format:
    """Return the format of a name; raise InvalidValueError with those that there are."""
    return FORMATS[checks.known('format', name, FORMATS)]
