"""One page about a plan: on the image, and among the points in space."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from gae_arm.core.camera import CameraFrame
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_transform import plan_in_frame, positions
from gae_arm.point_cloud import picture
from gae_arm.point_cloud.picture import BACKGROUND, View, label
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.workspace import WorkspaceSettings
from gae_arm.viewer import palette
from gae_arm.viewer.plan_on_image import draw_plan

PANEL = (760, 570)
GAP, TITLE = 12, 26
AROUND = 0.25
"""Metres about the plan that are drawn."""


def draw_page(frame: CameraFrame, T_base_camera: np.ndarray, plan: WaypointPlan) -> np.ndarray:
    """Return the page, uint8 (H, W, 3). plan: in the camera's frame."""
    in_base = plan_in_frame(plan, 'base', T_base_camera)
    way = positions(in_base)
    box = np.array([way.min(0) - AROUND, way.max(0) + AROUND])
    page = Image.new('RGB', (2 * PANEL[0] + 3 * GAP, 2 * (PANEL[1] + TITLE) + 3 * GAP), BACKGROUND)
    draw = ImageDraw.Draw(page)
    label(draw, (GAP, GAP), plan.instruction[:90])
    assert frame.color is not None
    image = Image.fromarray(draw_plan(frame.color, frame.intrinsics, plan))
    image.thumbnail(PANEL)
    page.paste(image, (GAP, GAP + TITLE))
    cloud = CloudPipeline(
        WorkspaceSettings(crop_min=tuple(box[0]), crop_max=tuple(box[1]))
    ).process(frame, T_base_camera)
    colors = frame.color.reshape(-1, 3)[cloud.pixels]
    away = np.linalg.norm(cloud.points - T_base_camera[:3, 3], axis=1)
    footprints = 1.3 * away / frame.intrinsics.K[0, 0]
    middle = box.mean(0)
    eye = middle + 2.2 * np.linalg.norm(box[1] - box[0]) * np.array([-0.5, -0.6, 0.55])
    width = float(np.linalg.norm(box[1] - box[0])) * 0.9
    views = {
        'in space': picture.perspective(eye, middle, PANEL, width),
        'from above': picture.orthographic('x', 'y', box, PANEL),
        'from the side': picture.orthographic('x', 'z', box, PANEL),
    }
    corners = [(1, 0), (0, 1), (1, 1)]
    for (title, view), (column, row) in zip(views.items(), corners, strict=True):
        x = GAP + column * (PANEL[0] + GAP)
        y = GAP + row * (PANEL[1] + TITLE + GAP)
        label(draw, (x, y), title)
        panel = picture.draw_cloud(view, cloud.points, colors, footprints)
        _draw_way(panel, view, in_base)
        page.paste(panel, (x, y + TITLE))
    return np.asarray(page)


def _draw_way(panel: Image.Image, view: View, plan: WaypointPlan) -> None:
    draw = ImageDraw.Draw(panel)
    pixels = view.project(positions(plan))[:, :2]
    draw.line([(float(u), float(v)) for u, v in pixels], palette.PLAN_LINE, 3)
    opening: float | None = None
    for i, ((u, v), waypoint) in enumerate(zip(pixels, plan.waypoints, strict=True)):
        opening = opening if waypoint.gripper is None else waypoint.gripper
        color = palette.gripper(opening)
        draw.ellipse([u - 6, v - 6, u + 6, v + 6], color, (0, 0, 0))
        label(draw, (u + 9, v - 18), str(i), color)
    if not view.perspective:
        picture.draw_scale_bar(panel, view)
