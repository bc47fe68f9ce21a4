"""Solid blocks: cube, box, cylinder, ball and hexagonal prism."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.objects import grasps
from gae_arm.arm_sim.objects.item import Build, Item, Look
from gae_arm.arm_sim.scene import SceneObject


def cube(name: str, look: Look, build: Build) -> Item:
    """Return a cube with edges of 4 cm."""
    edge = 0.04 * build.scale
    body = _upright(name, (look.box((edge,) * 3),), 0.06, edge, build)
    return Item(body, 'cube', look.color, edge, edge / 2, grasps.on_box(edge, edge))


def box(name: str, look: Look, build: Build) -> Item:
    """Return a flat, long box: 4 x 7 x 3.2 cm."""
    x, y, z = np.array([0.04, 0.07, 0.032]) * build.scale
    body = _upright(name, (look.box((x, y, z)),), 0.08, z, build)
    return Item(body, 'box', look.color, y, z / 2, grasps.from_above(x, np.pi / 2))


def cylinder(name: str, look: Look, build: Build) -> Item:
    """Return a cylinder, 4 cm wide and 5 cm high."""
    radius, height = 0.02 * build.scale, 0.05 * build.scale
    body = _upright(name, (look.cylinder(radius, height),), 0.07, height, build)
    return Item(body, 'cylinder', look.color, height, height / 2, grasps.on_round(radius))


def ball(name: str, look: Look, build: Build) -> Item:
    """Return a ball, 4.4 cm wide."""
    radius = 0.022 * build.scale
    body = _upright(name, (look.sphere(radius),), 0.05, 2 * radius, build)
    return Item(body, 'ball', look.color, 2 * radius, radius, grasps.on_round(radius))


def prism(name: str, look: Look, build: Build) -> Item:
    """Return a hexagonal prism, 4.2 cm across flats and 4 cm high.

    A regular hexagon is the union of three rectangles, a third of a half turn apart.
    """
    flats, height = 0.042 * build.scale, 0.04 * build.scale
    turns = np.arange(3) * np.pi / 3
    size = (flats / np.sqrt(3), flats, height)
    parts = tuple(look.box(size, rpy=(0, 0, turn)) for turn in turns)
    body = _upright(name, parts, 0.06, height, build)
    return Item(
        body, 'prism', look.color, flats, height / 2, grasps.on_round(flats / 2, yaws=turns)
    )


def _upright(name: str, parts: tuple, mass: float, height: float, build: Build) -> SceneObject:
    """Return a loose body, its frame in the middle of its height."""
    position = np.array([0.0, 0.0, height / 2])
    return SceneObject(name, parts, build.mass(mass), build.friction, position)
