"""Marks printed on the table: seen, not felt."""

from __future__ import annotations

import dataclasses

import numpy as np

from gae_arm.arm_sim.objects.item import Build, Item, Look
from gae_arm.arm_sim.scene import Part, SceneObject

THICKNESS = 0.0006
"""Metres above the table: enough for a renderer to draw the print over it."""


def disc(name: str, look: Look, build: Build) -> Item:
    """Return a printed disc, 11 cm wide."""
    radius = 0.055 * build.scale
    return _mark(name, 'disc', look, (look.cylinder(radius, THICKNESS),), 2 * radius)


def cross(name: str, look: Look, build: Build) -> Item:
    """Return a printed cross, 11 cm wide."""
    long, wide = 0.11 * build.scale, 0.03 * build.scale
    parts = (look.box((long, wide, THICKNESS)), look.box((wide, long, THICKNESS)))
    return _mark(name, 'cross', look, parts, long)


def _mark(name: str, kind: str, look: Look, parts: tuple[Part, ...], width: float) -> Item:
    printed = tuple(dataclasses.replace(part, solid=False) for part in parts)
    position = np.array([0.0, 0.0, THICKNESS / 2])
    body = SceneObject(name, printed, position=position, motion='fixed')
    return Item(body, kind, look.color, width, THICKNESS / 2)
