"""What only stands around: posts in the way of the hand, and clutter beyond the workspace."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.objects.item import Build, Item, Look
from gae_arm.arm_sim.scene import Part, SceneObject, ring


def post(name: str, look: Look, build: Build) -> Item:
    """Return an upright post, 4 cm wide and 13 cm high, to be moved around or over."""
    radius, height = 0.02 * build.scale, 0.13 * build.scale
    parts = (
        look.cylinder(radius, height, (0, 0, height / 2)),
        look.cylinder(1.3 * radius, 0.008, (0, 0, 0.004)),
    )
    return _fixed(name, 'post', look, parts, height)


def book(name: str, look: Look, build: Build) -> Item:
    """Return a book that lies on the table."""
    x, y, z = np.array([0.14, 0.20, 0.03]) * build.scale
    pages = Look('white', (0.92, 0.90, 0.84))
    parts = (
        look.box((x, y, 0.003), (0, 0, 0.0015)),
        pages.box((x - 0.008, y - 0.008, z - 0.006), (0, 0, z / 2)),
        look.box((x, y, 0.003), (0, 0, z - 0.0015)),
    )
    return _fixed(name, 'book', look, parts, z)


def vase(name: str, look: Look, build: Build) -> Item:
    """Return a vase."""
    radius, height = 0.05 * build.scale, 0.20 * build.scale
    rgb, waist, wall = np.array(look.rgb), 0.6 * height, 0.004
    parts = (
        look.cylinder(0.6 * radius, wall, (0, 0, wall / 2)),
        *ring((0.6 * radius, radius), (wall, waist), wall, rgb, 16, look.texture),
        *ring((radius, 0.5 * radius), (waist, height), wall, rgb, 16, look.texture),
    )
    return _fixed(name, 'vase', look, parts, height)


def carton(name: str, look: Look, build: Build) -> Item:
    """Return a carton, larger than what an arm handles here."""
    x, y, z = np.array([0.16, 0.13, 0.12]) * build.scale
    tape = Look('brown', (0.72, 0.62, 0.46))
    parts = (look.box((x, y, z), (0, 0, z / 2)), tape.box((x, 0.03, 0.002), (0, 0, z)))
    return _fixed(name, 'carton', look, parts, z)


def lamp(name: str, look: Look, build: Build) -> Item:
    """Return a desk lamp: foot, stem and shade."""
    height = 0.30 * build.scale
    rgb, foot = np.array(look.rgb), 0.06 * build.scale
    parts = (
        look.cylinder(foot, 0.012, (0, 0, 0.006)),
        look.cylinder(0.007, height, (0, 0, height / 2), tint=0.6),
        *ring((1.3 * foot, 0.6 * foot), (0.72 * height, height), 0.003, rgb, 16),
    )
    return _fixed(name, 'lamp', look, parts, height)


def _fixed(name: str, kind: str, look: Look, parts: tuple[Part, ...], height: float) -> Item:
    body = SceneObject(name, parts, motion='fixed')
    return Item(body, kind, look.color, height, height)
