"""The live point cloud as the acting half takes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks


@dataclass(frozen=True, eq=False)
class Cloud(checks.Contract):
    """What the cameras see of the workspace, without the robot.

    stamp_ns: stamp of the image that it was made from, node clock, nanoseconds, >= 1.
    frame_id: the arm's base frame.
    points: float32 (N, 3), metres, no NaN; N may be 0: nothing is seen.
    """

    stamp_ns: int
    frame_id: str
    points: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze the array."""
        checks.integer('stamp_ns', self.stamp_ns, 1, checks.MAX_STAMP)
        checks.text('frame_id', self.frame_id, allow_empty=False)
        points = checks.array('points', self.points, (None, 3), np.float32)
        object.__setattr__(self, 'points', points)
