"""What is the case in a simulated scene at one moment: privileged truth that runs are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

WORLD = 'world'


@dataclass(frozen=True)
class Truth:
    """One moment.

    stamp_ns: simulated time. poses: T_base_object (4, 4) by name. joints: m or rad along the travel
    of objects that slide or turn. speeds: m/s (rad/s of what turns). touches: pairs of bodies
    in contact, each in both orders: objects, links of the arm, and 'world' (table and floor).
    """

    stamp_ns: int
    poses: Mapping[str, np.ndarray]
    joints: Mapping[str, float]
    speeds: Mapping[str, float]
    touches: frozenset[tuple[str, str]]

    def touched_by(self, name: str) -> frozenset[str]:
        """Return the names of the bodies that touch this one."""
        return frozenset(other for one, other in self.touches if one == name)

    def robot_touches(self, name: str) -> bool:
        """Return whether a link of the arm touches this body."""
        return any(other not in self.poses and other != WORLD for other in self.touched_by(name))
