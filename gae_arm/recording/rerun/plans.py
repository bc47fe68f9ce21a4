"""Plans made again by a planner from the image that each recorded one was made from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import GaeError
from gae_arm.core.plan import WaypointPlan
from gae_arm.recording.rerun.finding import Finding
from gae_arm.recording.rerun.memory import BagMemory, NotInBagError

KIND = 'plan'

Planner = Callable[[CameraFrame, np.ndarray, WaypointPlan], WaypointPlan]
"""Maps an image with colour, T_base_camera (4, 4) and a recorded plan to another one for the same
instruction, in the image's frame; may raise GaeError. A planner that draws lots must be seeded."""

Pose = Callable[[str, int, BagMemory], np.ndarray]
"""Maps frame, stamp and memory to T_base_camera (4, 4); raises NotInBagError."""


def compare_plan(
    recorded: WaypointPlan, planner: Planner | None, memory: BagMemory, pose: Pose
) -> Finding:
    """Return how a recorded plan differs from the planner's answer to the same image."""
    stamp = recorded.stamp_ns
    if planner is None:
        return Finding(KIND, stamp, left_out='no planner was asked for')
    try:
        frame = memory.frame(stamp, with_color=True)
        if recorded.frame_id != frame.frame_id:
            raise NotInBagError(f'it is in frame {recorded.frame_id!r}: no answer to an image')
        T_base_camera = pose(frame.frame_id, stamp, memory)
    except NotInBagError as error:
        return Finding(KIND, stamp, left_out=str(error))
    try:
        return _difference(recorded, planner(frame, T_base_camera, recorded))
    except GaeError as error:
        return Finding(KIND, stamp, shape=f'the re-run gives none: {error}')


def _difference(recorded: WaypointPlan, made: WaypointPlan) -> Finding:
    stamp, have, want = recorded.stamp_ns, made.waypoints, recorded.waypoints
    if len(have) != len(want):
        return Finding(KIND, stamp, shape=f'{len(have)} waypoints, recorded are {len(want)}')
    if [w.gripper for w in have] != [w.gripper for w in want]:
        return Finding(KIND, stamp, shape='other openings of the gripper')
    apart = [np.abs(a.position - b.position).max() for a, b in zip(have, want, strict=True)]
    return Finding(KIND, stamp, {'position m': float(max(apart))})
