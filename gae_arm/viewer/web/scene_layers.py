"""Cloud, paths and the plan that is carried out, each drawn anew when it changes."""

from __future__ import annotations

import numpy as np
import viser

from gae_arm.core.plan_transform import positions
from gae_arm.viewer import palette
from gae_arm.viewer.gripper_glyph import waypoint_glyph
from gae_arm.viewer.palette import RGB
from gae_arm.viewer.shown_plan import ShownPlan
from gae_arm.viewer.web.facts import SeenCloud

POINT, LINE, THIN_LINE, SPHERE = 0.004, 0.007, 0.003, 0.011  # m
MAX_PATH = 2000


class Group:
    """A part of the scene that can be hidden as a whole."""

    def __init__(self, scene: viser.SceneApi, name: str) -> None:
        self.scene, self.name = scene, name
        self._root = scene.add_frame(f'/{name}', show_axes=False)

    def show(self, visible: bool) -> None:
        """Show or hide everything in it."""
        self._root.visible = visible

    def clear(self) -> None:
        """Remove everything in it."""
        visible = self._root.visible
        self._root.remove()
        self._root = self.scene.add_frame(f'/{self.name}', show_axes=False, visible=visible)


class CloudLayer(Group):
    """The cloud, thinned out to `limit` points."""

    def __init__(self, scene: viser.SceneApi, limit: int) -> None:
        super().__init__(scene, 'cloud')
        self._limit = limit
        self._drawn: SeenCloud | None = None

    def draw(self, cloud: SeenCloud | None) -> None:
        """Draw it if it is new."""
        if cloud is self._drawn or cloud is None:
            return
        self._drawn = cloud
        step = -(-len(cloud.points) // self._limit) or 1
        points = cloud.points[::step]
        colors = palette.CLOUD if cloud.colors is None else cloud.colors[::step]
        self.scene.add_point_cloud(
            '/cloud/points', points, colors, point_size=POINT, point_shape='circle'
        )


class PathLayer(Group):
    """A line through many points; width: m."""

    def __init__(self, scene: viser.SceneApi, name: str, color: RGB, width: float) -> None:
        super().__init__(scene, name)
        self._color, self._width = color, width
        self._drawn: np.ndarray | None = None

    def draw(self, path: np.ndarray | None) -> None:
        """Draw the path (N, 3), metres, if it is new."""
        if path is self._drawn:
            return
        self._drawn = path
        self.clear()
        if path is not None and len(path) > 1:
            path = path[:: -(-len(path) // MAX_PATH)]
            self.scene.add_line_segments(
                f'/{self.name}/line', segments(path), self._color, thickness=self._width
            )


class PlanLayer(Group):
    """Waypoints with their grippers and numbers, the line between, the anchors."""

    def __init__(self, scene: viser.SceneApi) -> None:
        super().__init__(scene, 'plan')
        self._drawn: ShownPlan | None = None

    def draw(self, shown: ShownPlan | None) -> None:
        """Draw the plan if it is new."""
        if shown is self._drawn:
            return
        self._drawn = shown
        self.clear()
        if shown is None:
            return
        draw_line(self.scene, '/plan/line', positions(shown.plan))
        for number, waypoint in enumerate(shown.plan.waypoints):
            draw_waypoint(
                self.scene, f'/plan/{number}', number, waypoint.position,
                waypoint_glyph(waypoint) - waypoint.position, palette.gripper(waypoint.gripper),
            )  # fmt: skip
        self._draw_anchors(shown)

    def _draw_anchors(self, shown: ShownPlan) -> None:
        for number, (anchor, point) in enumerate(
            zip(shown.plan.anchors, shown.anchors, strict=True)
        ):
            if np.isfinite(point).all():
                name = f'/plan/anchor{number}'
                self.scene.add_icosphere(name, SPHERE, color=palette.ANCHOR, position=point)
                # On the other side than the numbers of waypoints.
                self.scene.add_label(f'{name}/label', anchor.label, anchor='top-right')


def segments(path: np.ndarray) -> np.ndarray:
    """Return the segments (N - 1, 2, 3) of a path (N, 3)."""
    return np.stack([path[:-1], path[1:]], axis=1)


def draw_line(scene: viser.SceneApi, name: str, path: np.ndarray) -> None:
    """Draw or draw anew the thin line through waypoints (N, 3)."""
    if len(path) > 1:
        scene.add_line_segments(name, segments(path), palette.PLAN_LINE, thickness=THIN_LINE)


def draw_waypoint(
    scene: viser.SceneApi,
    name: str,
    number: int,
    position: np.ndarray,
    glyph: np.ndarray,
    color: RGB,
) -> None:
    """Draw a sphere at `position` with its number, and a gripper (S, 2, 3) relative to it."""
    scene.add_icosphere(name, SPHERE, color=color, position=position)
    scene.add_label(f'{name}/number', str(number), anchor='bottom-left', font_screen_scale=0.8)
    if len(glyph):
        scene.add_line_segments(f'{name}/gripper', glyph, color, thickness=LINE)
