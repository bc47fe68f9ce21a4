"""Vessels, hollow for the physics too: mug, bowl, plate, tray; and a bottle, which is not."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.objects import grasps
from gae_arm.arm_sim.objects.item import Build, Cavity, Item, Look
from gae_arm.arm_sim.scene import Part, SceneObject, ring

WALL = 0.005


def mug(name: str, look: Look, build: Build) -> Item:
    """Return a mug, 5.2 cm wide and 7 cm high, its handle along x; its frame in mid-height."""
    radius, height, wall = 0.026 * build.scale, 0.07 * build.scale, 0.004
    low, high = -height / 2, height / 2
    bar, out = 0.008, 0.02 * build.scale
    parts = (
        look.cylinder(radius - wall / 2, wall, (0, 0, low + wall / 2)),
        *ring(
            (radius - wall / 2,) * 2, (low + wall, high), wall, np.array(look.rgb), 14, look.texture
        ),
        *(
            look.box((out, bar, bar), (radius + out / 2, 0, side * height * 0.26))
            for side in (-1, 1)
        ),
        look.box((bar, bar, height * 0.52 + bar), (radius + out, 0, 0)),
    )
    z = grasps.depth(height / 2)
    across = np.array([-0.3, 0.0, 0.3])  # The fingers stay clear of the handle.
    candidates = grasps.on_round(radius, z, across)
    hollow = _hollow(radius - wall, low + wall, high)
    return _loose(name, parts, 'mug', look, build, 0.11, height, candidates, hollow)


def bottle(name: str, look: Look, build: Build) -> Item:
    """Return a bottle, 4.6 cm wide and 12 cm high, full, to be held by its neck or its body."""
    radius, body, neck, cap = np.array([0.023, 0.075, 0.035, 0.010]) * build.scale
    slim = 0.55 * radius
    half = (body + neck + cap) / 2
    parts = (
        look.cylinder(radius, body, (0, 0, body / 2 - half)),
        look.cylinder(slim, neck, (0, 0, body + neck / 2 - half)),
        look.cylinder(1.25 * slim, cap, (0, 0, half - cap / 2), tint=0.45),
    )
    candidates = grasps.on_round(slim, body + neck * 0.5 - half)
    return _loose(name, parts, 'bottle', look, build, 0.16, 2 * half, candidates, None)


def bowl(name: str, look: Look, build: Build) -> Item:
    """Return a bowl, 14 cm wide and 4.5 cm high; its frame is in the middle of its bottom."""
    radius, height = 0.07 * build.scale, 0.045 * build.scale
    foot, rgb = 0.66 * radius, np.array(look.rgb)
    parts = (
        look.cylinder(foot, WALL, (0, 0, WALL / 2)),
        *ring((foot, radius), (WALL, height), WALL, rgb, texture=look.texture),
    )
    hollow = _hollow(0.9 * radius, WALL, height)
    body = _standing(name, parts, 0.25, build)
    return Item(body, 'bowl', look.color, 2 * radius, height, (), hollow)


def plate(name: str, look: Look, build: Build) -> Item:
    """Return a plate with a low rim, 15 cm wide."""
    radius, height = 0.075 * build.scale, 0.016 * build.scale
    foot, rgb = 0.78 * radius, np.array(look.rgb)
    parts = (
        look.cylinder(foot, WALL, (0, 0, WALL / 2)),
        *ring((foot, radius), (WALL, height), WALL, rgb, texture=look.texture),
    )
    hollow = _hollow(0.9 * radius, WALL, height)
    body = _standing(name, parts, 0.25, build)
    return Item(body, 'plate', look.color, 2 * radius, height, (), hollow)


def tray(name: str, look: Look, build: Build) -> Item:
    """Return an open, rectangular tray: 12 x 15 x 4 cm."""
    x, y, height = np.array([0.12, 0.15, 0.04]) * build.scale
    parts = (
        look.box((x, y, WALL), (0, 0, WALL / 2)),
        *tray_walls(look, (x, y), (WALL, height)),
    )
    hollow = Cavity(np.array([x, y]) / 2 - WALL, WALL, height, round=False)
    body = _standing(name, parts, 0.25, build)
    return Item(body, 'tray', look.color, y, height, (), hollow)


def tray_walls(
    look: Look, size: tuple[float, float], heights: tuple[float, float], wall: float = WALL
) -> tuple[Part, ...]:
    """Return the four walls of an open box with outer edges `size`, between two heights, m."""
    (x, y), (low, high) = size, heights
    middle, tall = (low + high) / 2, high - low
    across = ((wall, y, tall), (x / 2 - wall / 2, 0.0))
    along = ((x - 2 * wall, wall, tall), (0.0, y / 2 - wall / 2))
    return tuple(
        look.box(edges, (side * place[0], side * place[1], middle))
        for edges, place in (across, along)
        for side in (-1, 1)
    )


def _hollow(radius: float, low: float, high: float) -> Cavity:
    return Cavity(np.array([radius, radius]), low, high, round=True)


def _standing(name: str, parts: tuple[Part, ...], mass: float, build: Build) -> SceneObject:
    return SceneObject(name, parts, build.mass(mass), build.friction)


def _loose(
    name: str,
    parts: tuple[Part, ...],
    kind: str,
    look: Look,
    build: Build,
    mass: float,
    height: float,
    candidates: tuple,
    hollow: Cavity | None,
) -> Item:
    """Return something to hold, its frame in the middle of its height."""
    position = np.array([0.0, 0.0, height / 2])
    body = SceneObject(name, parts, build.mass(mass), build.friction, position)
    return Item(body, kind, look.color, height, height / 2, candidates, hollow)
