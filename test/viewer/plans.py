"""Plans for the viewer's tests."""

from __future__ import annotations

import numpy as np

from gae_arm.core.geometry import matrix_to_quaternion, rotation_vector_to_matrix
from gae_arm.core.plan import ImageAnchor, Waypoint, WaypointPlan

DOWN = np.array([1.0, 0.0, 0.0, 0.0])
TILTED = matrix_to_quaternion(rotation_vector_to_matrix([0.4, -0.2, 1.1]))


def plan(frame='base', **changes) -> WaypointPlan:
    """A plan of three waypoints: open, closed, and one without orientation or gripper."""
    waypoints = (
        Waypoint([0.4, 0.1, 0.3], DOWN, 1.0),
        Waypoint([0.4, 0.1, 0.1], TILTED, 0.0),
        Waypoint([0.5, -0.2, 0.4]),
    )
    values = {
        'plan_id': 'p', 'stamp_ns': 1_000_000_000, 'frame_id': frame, 'instruction': 'tidy up',
        'waypoints': waypoints, 'expiry_ns': 11_000_000_000,
        'anchors': (ImageAnchor('cube', [100.0, 80.0]),),
    } | changes  # fmt: skip
    return WaypointPlan(**values)
