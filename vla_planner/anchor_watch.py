"""Is what a plan rests on still there? Looked at while the arm is on its way to it."""

from __future__ import annotations

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.projection import project
from vla_planner.depth import depth_at, point_at
from vla_planner.gripper import gripper_events
from vla_planner.picture import Scene

GONE = 0.025
"""Metres: what was seen at an anchor is farther away by more, so it is not there any more."""
FILLED = (0.025, 0.08)
"""Metres by which something that was put onto a place is nearer than the place was."""
APART = 0.2
"""Metres between anchors from which on a hand at the first is not what is seen at the second."""
SEEN_GONE = 5
"""Images in a row that say so."""


class AnchorWatch:
    """Remembers what was seen at a plan's anchors.

    plan: in the frame of the scene's camera. Each anchor counts until the gripper has acted there:
    the first until the first event, the second until the second. What is farther than it was is
    gone; the arm in front of it makes things nearer, never farther. So a place is known to be
    filled only as long as the hand is sure to be elsewhere: at the second anchor until the first
    event, and where they are far from each other.
    """

    def __init__(self, plan: WaypointPlan, scene: Scene) -> None:
        self._labels = [anchor.label for anchor in plan.anchors]
        self._points = []
        for anchor in plan.anchors:
            point = point_at(scene.frame, anchor.pixel)
            self._points.append(geometry.transform_points(scene.T_base_camera, point[None])[0])
        events = gripper_events([waypoint.gripper for waypoint in plan.waypoints])
        self._until = [i for i, _ in events][: len(self._points)]
        self._changed = [0] * len(self._points)

    def look(self, frame: CameraFrame, T_base_camera: np.ndarray, waypoint: int) -> str:
        """Return what has changed, '' if nothing has. waypoint: the one that comes next."""
        T_camera_base = geometry.invert(T_base_camera)
        for i, (point, until) in enumerate(zip(self._points, self._until, strict=False)):
            if waypoint >= until:
                continue
            away = self._farther(frame, geometry.transform_points(T_camera_base, point[None])[0])
            filled = self._hand_is_elsewhere(i, waypoint) and FILLED[0] < -away < FILLED[1]
            self._changed[i] = self._changed[i] + 1 if away > GONE or filled else 0
            if self._changed[i] < SEEN_GONE:
                continue
            if filled:
                return f'something is on {self._labels[i]!r}: {-away:.3f} m nearer is seen'
            return f'{self._labels[i]!r} is not where it was: {away:.3f} m farther is seen'
        return ''

    def _hand_is_elsewhere(self, anchor: int, waypoint: int) -> bool:
        if not anchor or waypoint >= self._until[0]:
            return False
        return bool(np.linalg.norm(self._points[anchor] - self._points[0]) > APART)

    @staticmethod
    def _farther(frame: CameraFrame, local: np.ndarray) -> float:
        """Return by how much what is seen there is farther than a point (3,), optical frame, m."""
        camera = frame.intrinsics
        pixel = project(camera, local)
        inside = np.isfinite(pixel).all() and (pixel >= 0).all()
        if not inside or (pixel > [camera.width - 1, camera.height - 1]).any():
            return 0.0
        try:
            return depth_at(frame, pixel) - float(local[2])
        except InvalidValueError:
            return 0.0
