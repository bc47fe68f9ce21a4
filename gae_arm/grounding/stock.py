"""A stock of objects, made once and put on many tables."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import cache
from zlib import crc32

import numpy as np

from gae_arm.arm_sim.objects.catalogue import make_item
from gae_arm.arm_sim.objects.item import Build, Item, Look
from gae_arm.arm_sim.ray_scene import part_rows
from gae_arm.arm_sim.scene import COLORS
from gae_arm.arm_sim.tasks.axes import Ranges

VARIANTS = 24
"""How many objects of a kind and a colour there are: in other sizes, shades and textures."""


@dataclass(frozen=True, eq=False)
class Stocked:
    """An object not yet placed; rows: its bodies for the ray caster, each in its own frame."""

    item: Item
    rows: tuple[np.ndarray, ...]


class Stock:
    """Objects whose size, shade and texture are drawn from `ranges`.

    The same kind, colour and number give the same object in every process.
    """

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._make = cache(self._made)

    def take(self, kind: str, color: str, rng: np.random.Generator, scale: float = 1.0) -> Stocked:
        """Return one of the objects of a kind and a colour; scale: beside what is drawn."""
        return self._make(kind, color, int(rng.integers(VARIANTS)), scale)

    def _made(self, kind: str, color: str, number: int, scale: float) -> Stocked:
        rng = np.random.default_rng([crc32(f'{kind} {color}'.encode()), number])
        shade = {key: span.draw(rng) for key, span in self._ranges['colour'].items()}
        texture = self._ranges['texture']['pattern'].draw(rng)
        build = Build(scale * self._ranges['size']['scale'].draw(rng))
        h, s, v = colorsys.rgb_to_hsv(*COLORS[color])
        h, s, v = (h + shade['hue']) % 1.0, s * shade['saturation'], v * shade['value']
        look = Look(color, colorsys.hsv_to_rgb(h, s, min(v, 1.0)), str(texture))
        item = make_item(kind, f'{color}_{kind}', look, build)
        return Stocked(item, tuple(part_rows(body) for body in item.bodies))
