"""A plan drawn on the image that it was made from: anchors, the way of the hand, its gripper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.plan import ImageAnchor, WaypointPlan
from gae_arm.core.projection import project
from gae_arm.viewer import palette
from gae_arm.viewer.label_place import label_place

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
    drawing = _Drawing(image)
    drawing.way(pixels, gripper)
    drawing.anchors(anchors)
    return np.asarray(image)


class _Drawing:
    """An image on which labels keep clear of waypoints, crosses and of each other."""

    def __init__(self, image: Image.Image) -> None:
        self._size = image.size
        self._draw = ImageDraw.Draw(image)
        self._width = max(1, round(image.width / LINE * 2))
        self._font = ImageFont.load_default(10 * self._width)
        self._taken: list[np.ndarray] = []

    def way(self, pixels: np.ndarray, gripper: Sequence[float | None]) -> None:
        """Draw waypoints (N, 2) as numbered dots in the gripper's colour, and lines between."""
        seen = np.isfinite(pixels).all(axis=1) & (np.abs(pixels) < 1e5).all(axis=1)
        for i in np.flatnonzero(seen[1:] & seen[:-1]).tolist():
            self._draw.line([*pixels[i], *pixels[i + 1]], palette.PLAN_LINE, self._width)
        opening: float | None = None
        colors = []
        for i, pixel in enumerate(pixels):
            opening = opening if gripper[i] is None else gripper[i]
            colors.append(palette.gripper(opening))
            if seen[i]:
                box = self._around(pixel, 3.0 * self._width)
                self._draw.ellipse(box.tolist(), colors[i], (0, 0, 0))
        for i in np.flatnonzero(seen).tolist():
            self._label(pixels[i], 4 * self._width, str(i), colors[i])

    def anchors(self, anchors: Sequence[ImageAnchor]) -> None:
        """Draw a cross at each anchor, and its label."""
        arm = 7 * self._width
        for anchor in anchors:
            u, v = anchor.pixel.tolist()
            left, top, right, bottom = self._around(anchor.pixel, arm).tolist()
            for line in ([left, v, right, v], [u, top, u, bottom]):
                self._draw.line(line, palette.ANCHOR, self._width)
        for anchor in anchors:
            self._label(anchor.pixel, arm, anchor.label, palette.ANCHOR)

    def _around(self, pixel: np.ndarray, radius: float) -> np.ndarray:
        """Return the box around a pixel, which no label shall cover."""
        box = np.concatenate([pixel - radius, pixel + radius])
        self._taken.append(box)
        return box

    def _label(self, at: np.ndarray, away: float, text: str, color: palette.RGB) -> None:
        left, top, right, bottom = self._draw.textbbox((0, 0), text, self._font, stroke_width=1)
        size = np.array([right - left, bottom - top])
        box = label_place(size, at, away, self._taken, self._size)
        self._taken.append(box)
        corner = (float(box[0] - left), float(box[1] - top))
        self._draw.text(corner, text, color, self._font, stroke_width=1, stroke_fill=(0, 0, 0))
