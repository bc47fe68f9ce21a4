"""A plan drawn on the image that it was made from: anchors, the way of the hand, its gripper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.plan import ImageAnchor, WaypointPlan
from gae_arm.core.projection import project
from gae_arm.viewer import palette

LINE = 900
"""Pixels of an image's width for each pixel of a line's."""


def draw_plan(
    rgb: np.ndarray,
    intrinsics: CameraIntrinsics,
    plan: WaypointPlan | None,
    anchors: Sequence[ImageAnchor] = (),
) -> np.ndarray:
    """Return the image, uint8 (H, W, 3), with anchors and, if there is one, a plan drawn on it.

    plan: in the frame of this camera; its own anchors are drawn if no others are given.
    """
    if plan is None:
        return draw_answer(rgb, np.zeros((0, 2)), (), anchors)
    pixels = project(intrinsics, np.array([w.position for w in plan.waypoints]))
    return draw_answer(rgb, pixels, [w.gripper for w in plan.waypoints], anchors or plan.anchors)


def draw_answer(
    rgb: np.ndarray,
    pixels: np.ndarray,
    gripper: Sequence[float | None],
    anchors: Sequence[ImageAnchor],
) -> np.ndarray:
    """Return the image, uint8 (H, W, 3), with anchors and a way through pixels (N, 2) drawn on it.

    gripper: opening at each of them, None as it is.
    """
    image = Image.fromarray(np.ascontiguousarray(rgb))
    draw = ImageDraw.Draw(image)
    width = max(1, round(image.width / LINE * 2))
    _draw_way(draw, pixels, gripper, width)
    for anchor in anchors:
        _draw_anchor(draw, anchor, width)
    return np.asarray(image)


def _draw_way(
    draw: ImageDraw.ImageDraw, pixels: np.ndarray, gripper: Sequence[float | None], width: int
) -> None:
    """Draw waypoints (N, 2) as numbered dots in the colour of the gripper, and lines between."""
    seen = np.isfinite(pixels).all(axis=1) & (np.abs(pixels) < 1e5).all(axis=1)
    for i in np.flatnonzero(seen[1:] & seen[:-1]).tolist():
        draw.line([*pixels[i], *pixels[i + 1]], palette.PLAN_LINE, width)
    opening: float | None = None
    for i, pixel in enumerate(pixels):
        opening = opening if gripper[i] is None else gripper[i]
        if seen[i]:
            _dot(draw, pixel, 3.0 * width, palette.gripper(opening))
            _text(draw, pixel + 4 * width, str(i), palette.gripper(opening), 10 * width)


def _draw_anchor(draw: ImageDraw.ImageDraw, anchor: ImageAnchor, width: int) -> None:
    u, v = anchor.pixel.tolist()
    arm = 7 * width
    for du, dv in ((1, 0), (0, 1)):
        draw.line([u - arm * du, v - arm * dv, u + arm * du, v + arm * dv], palette.ANCHOR, width)
    _text(draw, np.array([u + arm, v - 2 * arm]), anchor.label, palette.ANCHOR, 10 * width)


def _dot(draw: ImageDraw.ImageDraw, at: np.ndarray, radius: float, color: palette.RGB) -> None:
    u, v = at.tolist()
    draw.ellipse([u - radius, v - radius, u + radius, v + radius], color, (0, 0, 0))


def _text(
    draw: ImageDraw.ImageDraw, at: np.ndarray, text: str, color: palette.RGB, size: float
) -> None:
    font = ImageFont.load_default(size)
    u, v = at.tolist()
    draw.text((u, v), text, color, font, stroke_width=1, stroke_fill=(0, 0, 0))
