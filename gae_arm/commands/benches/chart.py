"""A chart of lines over two logarithmic axes, drawn with Pillow alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from gae_arm.core.errors import ConfigError

SIZE = (1000, 620)
LEFT, TOP, RIGHT, BOTTOM = 90, 70, 40, 90
SUPERSAMPLING = 2
PAPER, INK, GRID = (255, 255, 255), (40, 44, 52), (222, 225, 230)
COLORS = ((29, 105, 214), (214, 96, 29), (120, 120, 128), (34, 139, 84))
Point = tuple[float, float]


def draw_chart(
    path: Path,
    title: str,
    x_ticks: Sequence[tuple[float, str]],
    y_label: str,
    lines: Mapping[str, Sequence[Point]],
) -> None:
    """Write a picture of `lines`, name -> points (x, y) > 0, x rising; ConfigError if impossible.

    x_ticks: position and text of what stands below the axis. The legend stands in the upper left
    corner. Values of y are written at the points of the first line.
    """
    chart = _Chart([x for x, _ in x_ticks], [y for line in lines.values() for _, y in line])
    chart.text((LEFT, 26), title, 'lm', 21)
    chart.text((LEFT, 52), y_label, 'lm')
    chart.grid(x_ticks)
    for number, (name, points) in enumerate(lines.items()):
        color = COLORS[number % len(COLORS)]
        chart.line(points, color, with_values=number == 0)
        chart.text((LEFT + 34, TOP + 24 + 24 * number), name, 'lm', 16, color)
    try:
        chart.picture().save(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f'{path} cannot be written: {error}') from error


class _Chart:
    def __init__(self, x: Sequence[float], y: Sequence[float]) -> None:
        self._x = math.log(min(x)), math.log(max(x))
        self._y = math.floor(math.log10(min(y))), math.ceil(math.log10(max(y)))
        size = (SIZE[0] * SUPERSAMPLING, SIZE[1] * SUPERSAMPLING)
        self._image = Image.new('RGB', size, PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def picture(self) -> Image.Image:
        return self._image.resize(SIZE, Image.Resampling.LANCZOS)

    def text(
        self, at: Point, text: str, anchor: str, size: int = 16, color: tuple[int, ...] = INK
    ) -> None:
        font = ImageFont.load_default(size * SUPERSAMPLING)
        place = (at[0] * SUPERSAMPLING, at[1] * SUPERSAMPLING)
        self._draw.text(place, text, color, font, anchor)

    def grid(self, x_ticks: Sequence[tuple[float, str]]) -> None:
        for decade in range(self._y[0], self._y[1] + 1):
            for step in range(1, 10 if decade < self._y[1] else 2):
                y = self._at(math.exp(self._x[0]), step * 10.0**decade)[1]
                self._segment((LEFT, y), (SIZE[0] - RIGHT, y), GRID, 2 if step == 1 else 1)
            self.text((LEFT - 10, self._at(1, 10.0**decade)[1]), f'{10.0**decade:g}', 'rm')
        for i, (value, name) in enumerate(x_ticks):
            x = self._at(value, 1)[0]
            self._segment((x, TOP), (x, SIZE[1] - BOTTOM), GRID, 1)
            # Neighbours stand on two rows, so that near ones do not overlap.
            self.text((x, SIZE[1] - BOTTOM + (20 if i % 2 == 0 else 42)), name, 'mm')

    def line(self, points: Sequence[Point], color: tuple[int, ...], with_values: bool) -> None:
        places = [self._at(x, y) for x, y in points]
        for start, end in itertools.pairwise(places):
            self._segment(start, end, color, 3)
        for (x, y), (_, value) in zip(places, points, strict=True):
            box = [(x - 5) * SUPERSAMPLING, (y - 5) * SUPERSAMPLING]
            self._draw.ellipse([*box, box[0] + 20, box[1] + 20], color)
            if with_values:
                self.text((x, y + 20), f'{value:.2g}', 'mm', 15, color)

    def _at(self, x: float, y: float) -> Point:
        across = (math.log(x) - self._x[0]) / (self._x[1] - self._x[0])
        up = (math.log10(y) - self._y[0]) / (self._y[1] - self._y[0])
        inner = SIZE[0] - LEFT - RIGHT - 40, SIZE[1] - TOP - BOTTOM
        return LEFT + 20 + across * inner[0], SIZE[1] - BOTTOM - up * inner[1]

    def _segment(self, start: Point, end: Point, color: tuple[int, ...], width: int) -> None:
        ends = [value * SUPERSAMPLING for value in (*start, *end)]
        self._draw.line(ends, color, width * SUPERSAMPLING)
