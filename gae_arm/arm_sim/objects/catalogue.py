"""All kinds of objects by name."""

from __future__ import annotations

from collections.abc import Callable

from gae_arm.arm_sim.objects import button, cabinet, marks, scenery, solids, tools, vessels
from gae_arm.arm_sim.objects.item import Build, Item, Look
from gae_arm.core import checks

Maker = Callable[[str, Look, Build], Item]

KINDS: dict[str, Maker] = {
    'cube': solids.cube,
    'box': solids.box,
    'cylinder': solids.cylinder,
    'ball': solids.ball,
    'prism': solids.prism,
    'mug': vessels.mug,
    'bottle': vessels.bottle,
    'hammer': tools.hammer,
    'screwdriver': tools.screwdriver,
    'bowl': vessels.bowl,
    'plate': vessels.plate,
    'tray': vessels.tray,
    'button': button.button,
    'square_button': button.square_button,
    'drawer': cabinet.drawer,
    'upright_drawer': cabinet.upright_drawer,
    'knob_drawer': cabinet.knob_drawer,
    'disc': marks.disc,
    'cross': marks.cross,
    'post': scenery.post,
    'book': scenery.book,
    'vase': scenery.vase,
    'carton': scenery.carton,
    'lamp': scenery.lamp,
}


def make_item(kind: str, name: str, look: Look, build: Build | None = None) -> Item:
    """Return an object of a kind; InvalidValueError lists the kinds that there are."""
    return KINDS[checks.known('kind of object', kind, KINDS)](name, look, build or Build())
