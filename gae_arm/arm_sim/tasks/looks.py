"""Colours with names, in random shades."""

from __future__ import annotations

import colorsys

from gae_arm.arm_sim.objects.item import Build, Look
from gae_arm.arm_sim.scene import COLORS
from gae_arm.arm_sim.tasks.streams import Streams

COLOR_NAMES = tuple(name for name in COLORS if name != 'white')


def draw_color(streams: Streams, taken: tuple[str, ...] = ()) -> str:
    """Return the name of a colour that is not taken."""
    free = [name for name in COLOR_NAMES if name not in taken]
    return free[int(streams['colour'].integers(len(free)))]


def draw_look(streams: Streams, color: str) -> Look:
    """Return a shade of a colour, and a texture."""
    h, s, v = colorsys.rgb_to_hsv(*COLORS[color])
    drawn = streams.draw_all('colour')
    shade = ((h + drawn['hue']) % 1.0, s * drawn['saturation'], min(v * drawn['value'], 1.0))
    return Look(color, colorsys.hsv_to_rgb(*shade), streams.draw('texture', 'pattern'))


def draw_build(streams: Streams) -> Build:
    """Return size, density and friction of an object."""
    return Build(
        streams.draw('size', 'scale'),
        streams.draw('mass', 'heft'),
        streams.draw('friction', 'coefficient'),
    )
