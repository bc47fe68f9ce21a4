"""The cell in which runs are made by the thousand: as on the graph, at half the control rate."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.demonstrations.cell import Cell, CellSettings

PERIOD = 0.02
"""s: control period, half the node's rate and cost; the limits are the same."""
VOXEL = 0.004
"""m: the cloud is thinned so far; nodes take every point."""


@lru_cache(maxsize=3)
def fast_cell(arm: str) -> Cell:
    """Return this process's cell of an arm: meshes and OpenGL take seconds to get ready."""
    settings = CellSettings()
    settings = dataclasses.replace(
        settings,
        governor=dataclasses.replace(GovernorSettings(), period=PERIOD),
        workspace=dataclasses.replace(settings.workspace, voxel_size=VOXEL),
    )
    return Cell(load_arm(arm_file(arm)), settings)
