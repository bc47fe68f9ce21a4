"""What stands below a picture of a film: what was asked for, facts, and in the end the outcome."""

from __future__ import annotations

import textwrap

from PIL import Image, ImageDraw

from gae_arm.point_cloud.picture import BACKGROUND, FAINT, INK, label

LARGE, SMALL, MARGIN = 20, 16, 8
LINE = 26
CAPTION = 2 * LINE + SMALL + 2 * MARGIN + 4
"""Height, pixels: even, as films want it."""
COLUMN = 10.0
"""Pixels of a letter, about."""
RATE = 15
"""Pictures a second."""
LAST_SECONDS = 1.5
"""How long the last picture stays, with the outcome."""
GOOD, BAD = (111, 207, 121), (235, 87, 87)


def with_caption(picture: Image.Image, instruction: str, facts: str) -> Image.Image:
    """Return the picture with CAPTION more pixels below it, and words in them."""
    sheet = Image.new('RGB', (picture.width, picture.height + CAPTION), BACKGROUND)
    sheet.paste(picture)
    draw = ImageDraw.Draw(sheet)
    lines = textwrap.wrap(instruction, int(picture.width / COLUMN))[:2]
    for i, line in enumerate(lines):
        label(draw, (MARGIN, picture.height + MARGIN + LINE * i), line, INK, size=LARGE)
    label(draw, (MARGIN, sheet.height - MARGIN), facts, FAINT, 'ld', SMALL)
    return sheet


def write_outcome(sheet: Image.Image, text: str, good: bool | None) -> None:
    """Write how it ended at the right of the caption; good: None where nobody can say."""
    color = INK if good is None else GOOD if good else BAD
    at = (sheet.width - MARGIN, sheet.height - MARGIN)
    label(ImageDraw.Draw(sheet), at, text, color, 'rd', LARGE)
