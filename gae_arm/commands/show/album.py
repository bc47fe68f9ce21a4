"""What the simulated camera saw, as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from sensor_msgs.msg import Image

from gae_arm.ros import topics
from gae_arm.ros.cloud_msgs import color_from_msg
from gae_arm.ros.observer import Observer

MARGIN, LINE = 12, 22
PAPER, INK, GOOD, BAD = (24, 27, 33), (232, 234, 238), (92, 200, 120), (240, 110, 90)


class Album:
    """Keeps the newest images."""

    def __init__(self, observer: Observer) -> None:
        self._color: Image | None = None
        self._annotated: Image | None = None
        topics.COLOR.subscription(observer.node, self._take_color)
        topics.ANNOTATED_IMAGE.subscription(observer.node, self._take_annotated)

    @property
    def ready(self) -> bool:
        """Return whether the camera has been seen."""
        return self._color is not None

    def save(self, file: Path, title: str, verdict: str, good: bool | None) -> None:
        """Write a picture: what the planner saw with its anchors, and what is now."""
        images = [color_from_msg(m) for m in (self._annotated, self._color) if m is not None]
        height = max((image.shape[0] for image in images), default=0)
        width = sum(image.shape[1] + MARGIN for image in images) + MARGIN
        sheet = Picture.new('RGB', (max(width, 480), height + 3 * MARGIN + 2 * LINE), PAPER)
        draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=15)
        draw.text((MARGIN, MARGIN), title, INK, font)
        color = INK if good is None else GOOD if good else BAD
        draw.text((MARGIN, MARGIN + LINE), verdict, color, font)
        x = MARGIN
        for image in images:
            sheet.paste(Picture.fromarray(np.ascontiguousarray(image)), (x, 2 * MARGIN + 2 * LINE))
            x += image.shape[1] + MARGIN
        file.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(file)

    def _take_color(self, msg: Image) -> None:
        self._color = msg

    def _take_annotated(self, msg: Image) -> None:
        self._annotated = msg
