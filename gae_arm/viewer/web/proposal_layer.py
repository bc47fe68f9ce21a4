"""A proposed plan in the scene: every waypoint can be taken and moved."""

from __future__ import annotations

import dataclasses

import numpy as np
import viser

from gae_arm.core.plan import Waypoint
from gae_arm.core.plan_transform import positions
from gae_arm.viewer import palette
from gae_arm.viewer.gripper_glyph import glyph
from gae_arm.viewer.shown_plan import ShownPlan
from gae_arm.viewer.web.scene_layers import Group, draw_line, draw_waypoint

HANDLE = 0.09  # m
MOVED = 1e-6  # m, or of a quaternion
UNTURNED = np.array([0.0, 0.0, 0.0, 1.0])


class ProposalLayer(Group):
    """Draws one proposal and knows where its waypoints have been dragged to."""

    def __init__(self, scene: viser.SceneApi) -> None:
        super().__init__(scene, 'proposal')
        self._drawn: ShownPlan | None = None
        self._handles: list[viser.TransformControlsHandle] = []
        self._line = np.zeros((0, 3))

    def draw(self, shown: ShownPlan | None) -> None:
        """Draw the proposal if it is new, and the line through the waypoints as dragged."""
        if shown is not self._drawn:
            self._drawn, self._handles, self._line = shown, [], np.zeros((0, 3))
            self.clear()
            if shown is not None:
                self._handles = [
                    self._handle(number, waypoint)
                    for number, waypoint in enumerate(shown.plan.waypoints)
                ]
        line = np.array([handle.position for handle in self._handles]).reshape(-1, 3)
        if not np.array_equal(line, self._line):
            self._line = line
            draw_line(self.scene, '/proposal/line', line)

    def waypoints(self) -> tuple[Waypoint, ...]:
        """Return the waypoints as dragged, base frame; those not touched are those shown.

        Raises InvalidValueError for a position that is not finite.
        """
        if self._drawn is None:
            return ()
        pairs = zip(self._drawn.plan.waypoints, self._handles, strict=True)
        return tuple(_dragged(waypoint, handle) for waypoint, handle in pairs)

    def moved(self) -> int:
        """Return how many waypoints have been moved."""
        if self._drawn is None:
            return 0
        start = positions(self._drawn.plan)
        return int((np.abs(self._line - start).max(axis=1) > MOVED).sum())

    def _handle(self, number: int, waypoint: Waypoint) -> viser.TransformControlsHandle:
        turned = waypoint.orientation is not None
        xyzw = waypoint.orientation if waypoint.orientation is not None else UNTURNED
        name = f'/proposal/{number}'
        handle = self.scene.add_transform_controls(
            name, HANDLE, disable_rotations=not turned, disable_sliders=True, depth_test=False,
            position=waypoint.position, wxyz=np.roll(xyzw, 1),
        )  # fmt: skip
        lines = glyph(waypoint.gripper) if turned else np.zeros((0, 2, 3))
        color = palette.gripper(waypoint.gripper)
        draw_waypoint(self.scene, f'{name}/sphere', number, np.zeros(3), lines, color)
        return handle


def _dragged(waypoint: Waypoint, handle: viser.TransformControlsHandle) -> Waypoint:
    out = waypoint
    position = np.asarray(handle.position, dtype=np.float64)
    if not np.abs(position - waypoint.position).max() <= MOVED:
        out = dataclasses.replace(out, position=position)
    xyzw = np.roll(np.asarray(handle.wxyz, dtype=np.float64), -1)
    if waypoint.orientation is not None and not _same_turn(xyzw, waypoint.orientation):
        out = dataclasses.replace(out, orientation=xyzw / np.linalg.norm(xyzw))
    return out


def _same_turn(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(min(np.abs(one - other).max(), np.abs(one + other).max()) <= MOVED)
