"""What a model has answered, drawn on the image also where no plan came of it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from gae_arm.core.plan import ImageAnchor
from gae_arm.point_cloud.picture import BACKGROUND, INK, label
from gae_arm.viewer.plan_on_image import draw_answer

LARGE, MARGIN, LINE, COLUMN = 16, 10, 22, 8.5
"""Pixels: of letters, about the words, from line to line, and of a letter's width, about."""
LEAST_WIDTH = 480


@dataclass
class Answer:
    """Hears the newest answer of a model, as a `Wish` tells it.

    anchors: what it rests on. pixels: (N, 2), where in the image its waypoints are; gripper: N.
    """

    anchors: tuple[ImageAnchor, ...] = ()
    pixels: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    gripper: tuple[float | None, ...] = ()

    def take_anchors(self, anchors: tuple[ImageAnchor, ...]) -> None:
        """Take the anchors of an answer; what was heard of the one before is forgotten."""
        self.anchors, self.pixels, self.gripper = anchors, np.zeros((0, 2)), ()

    def take_waypoints(self, pixels: np.ndarray, gripper: tuple[float | None, ...]) -> None:
        """Take the waypoints of an answer, which may turn out not to be fit."""
        self.pixels, self.gripper = pixels, gripper

    def draw(self, rgb: np.ndarray, *sentences: str) -> np.ndarray:
        """Return the image, uint8 (H, W, 3), with what was heard on it and sentences below it."""
        image = Image.fromarray(draw_answer(rgb, self.pixels, self.gripper, self.anchors))
        width = max(image.width, LEAST_WIDTH)
        letters = int((width - 2 * MARGIN) / COLUMN)
        lines = [line for text in sentences for line in textwrap.wrap(text, letters)]
        height = image.height + 2 * MARGIN + LINE * len(lines)
        sheet = Image.new('RGB', (width, height), BACKGROUND)
        sheet.paste(image)
        draw = ImageDraw.Draw(sheet)
        for i, line in enumerate(lines):
            label(draw, (MARGIN, image.height + MARGIN + LINE * i), line, INK, size=LARGE)
        return np.asarray(sheet)
