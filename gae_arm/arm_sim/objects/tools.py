"""Tools that lie on the table: hammer and screwdriver, long along x."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.objects import grasps
from gae_arm.arm_sim.objects.item import Build, Item, Look
from gae_arm.arm_sim.scene import SceneObject

STEEL = Look('grey', (0.42, 0.43, 0.46))


def hammer(name: str, look: Look, build: Build) -> Item:
    """Return a hammer, 15 cm long: a coloured handle, a steel head; its frame below the grip.

    The frame is on the handle's axis where it balances best, near the head.
    """
    length, thick = 0.13 * build.scale, 0.026 * build.scale
    head_x, head_y = 0.028 * build.scale, 0.075 * build.scale
    balance = 0.045 * build.scale
    parts = (
        look.box((length, thick, thick), (balance - length / 2, 0, 0)),
        STEEL.box((head_x, head_y, thick), (balance + head_x / 2, 0, 0)),
    )
    body = _lying(name, parts, 0.15, thick, build)
    places = np.array([-0.015, 0.0, 0.015]) * build.scale
    candidates = tuple(g for x in places for g in grasps.from_above(thick, 0.0, x=float(x)))
    return Item(body, 'hammer', look.color, length + head_x, thick / 2, candidates)


def screwdriver(name: str, look: Look, build: Build) -> Item:
    """Return a screwdriver, 15 cm long: a square coloured handle and a thin steel shaft."""
    handle, thick = 0.08 * build.scale, 0.026 * build.scale
    shaft, radius = 0.07 * build.scale, 0.004 * build.scale
    parts = (
        look.box((handle, thick, thick)),
        STEEL.cylinder(radius, shaft, ((handle + shaft) / 2, 0, 0), (0, np.pi / 2, 0)),
    )
    body = _lying(name, parts, 0.08, thick, build)
    places = np.array([-0.012, 0.0, 0.012]) * build.scale
    candidates = tuple(g for x in places for g in grasps.from_above(thick, 0.0, x=float(x)))
    return Item(body, 'screwdriver', look.color, handle + shaft, thick / 2, candidates)


def _lying(name: str, parts: tuple, mass: float, thick: float, build: Build) -> SceneObject:
    position = np.array([0.0, 0.0, thick / 2])
    return SceneObject(name, parts, build.mass(mass), build.friction, position)
