"""A small cabinet with one drawer: open at the top once it is pulled out, with a handle to grip.

Frame of both: in the middle of the cabinet's floor; the drawer opens along -x, towards the arm.
"""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.objects.grasps import from_above
from gae_arm.arm_sim.objects.item import Build, Cavity, Item, Look
from gae_arm.arm_sim.objects.vessels import tray_walls
from gae_arm.arm_sim.scene import Part, SceneObject

WOOD = Look('brown', (0.50, 0.36, 0.24), 'wood')
METAL = Look('grey', (0.62, 0.63, 0.66))
DEPTH, WIDTH, HEIGHT = 0.20, 0.20, 0.10
BOARD, AIR = 0.008, 0.003
TRAVEL = 0.13
HANDLE_OUT = 0.064
"""Metres from the drawer's front to the bar's middle: an open finger of any gripper fits in."""
BAR = 0.012


def headroom(drawer: Item) -> float:
    """Return how high what is put into a drawer may be if it is to close, metres."""
    assert drawer.cavity is not None
    assert drawer.base is not None
    ceiling = drawer.base.parts[1]
    return float(ceiling.position[2] - ceiling.size[2] / 2 - drawer.cavity.low)


def drawer(name: str, look: Look, build: Build) -> Item:
    """Return a drawer with a bar across as its handle, in its cabinet."""
    z = _handle_height(build)
    bar = METAL.box((BAR, 0.10, BAR), (_handle_x(build), 0, z))
    posts = _posts(build, (-0.04, 0.04), z)
    places = (-0.015, 0.0, 0.015)
    grasps = tuple(g for y in places for g in from_above(BAR, np.pi / 2, z, _handle_x(build), y))
    return _drawer(name, 'drawer', look, build, (bar, *posts), grasps)


def upright_drawer(name: str, look: Look, build: Build) -> Item:
    """Return a drawer with an upright bar as its handle, in its cabinet."""
    z = _handle_height(build)
    low, high = z - 0.035, z + 0.01
    bar = METAL.box((BAR, BAR, high - low), (_handle_x(build), 0, (low + high) / 2))
    posts = tuple(p for end in (low, high - BAR) for p in _posts(build, (0.0,), end + BAR / 2))
    # By its sides: behind it are the posts that hold it.
    grasps = from_above(BAR, 0.0, z, _handle_x(build))
    return _drawer(name, 'upright_drawer', look, build, (bar, *posts), grasps)


def knob_drawer(name: str, look: Look, build: Build) -> Item:
    """Return a drawer with a round knob as its handle, in its cabinet."""
    z = _handle_height(build)
    width = 0.024
    knob = METAL.cylinder(width / 2, 0.03, (_handle_x(build), 0, z))
    handle = (knob, *_posts(build, (0.0,), z))
    grasps = from_above(width, 0.0, z, _handle_x(build))
    return _drawer(name, 'knob_drawer', look, build, handle, grasps)


def _handle_x(build: Build) -> float:
    return -DEPTH * build.scale / 2 - BOARD - HANDLE_OUT


def _handle_height(build: Build) -> float:
    # High up, so that the palm of a hand that holds the bar is above the cabinet.
    return 0.85 * HEIGHT * build.scale


def _posts(build: Build, places: tuple[float, ...], z: float) -> tuple[Part, ...]:
    middle = _handle_x(build) + HANDLE_OUT / 2
    return tuple(METAL.box((HANDLE_OUT, BAR * 0.7, BAR * 0.7), (middle, y, z)) for y in places)


def _drawer(
    name: str, kind: str, look: Look, build: Build, handle: tuple[Part, ...], grasps: tuple
) -> Item:
    """Return the drawer with this handle; its front is in the given look."""
    x, y, z = np.array([DEPTH, WIDTH, HEIGHT]) * build.scale
    low, high = BOARD + AIR, z - BOARD - 0.012
    inner = (x - BOARD, y - 2 * (BOARD + AIR))
    floor = METAL.box((*inner, 0.005), (-BOARD / 2, 0, low + 0.0025), tint=0.8)
    sides = tray_walls(METAL, inner, (low + 0.005, high))
    moved = tuple(_shifted(part, (-BOARD / 2, 0, 0)) for part in sides)
    front = look.box((BOARD, y - 0.004, z - 0.006), (-x / 2 - BOARD / 2, 0, z / 2 + 0.001))
    body = SceneObject(
        name,
        (floor, *moved, front, *handle),
        build.mass(0.5),
        build.friction,
        motion='slide',
        axis=np.array([-1.0, 0.0, 0.0]),
        travel=np.array([0.0, TRAVEL]),
        damping=8.0,
    )
    half = np.array(inner) / 2 - 0.005
    cavity = Cavity(half, low + 0.004, high, round=False, center=np.array([-BOARD / 2, 0.0]))
    return Item(body, kind, look.color, y, z, grasps, cavity, _cabinet(name, (x, y, z)))


def _cabinet(name: str, size: tuple[float, float, float]) -> SceneObject:
    x, y, z = size
    parts = (
        WOOD.box((x, y, BOARD), (0, 0, BOARD / 2)),
        WOOD.box((x, y, BOARD), (0, 0, z - BOARD / 2)),
        *(
            WOOD.box((x, BOARD, z - 2 * BOARD), (0, side * (y - BOARD) / 2, z / 2))
            for side in (-1, 1)
        ),
        WOOD.box((0.004, y - 2 * BOARD, z - 2 * BOARD), (x / 2 - 0.002, 0, z / 2)),
    )
    return SceneObject(f'{name}_cabinet', parts, motion='fixed')


def _shifted(part: Part, by: tuple[float, float, float]) -> Part:
    return Part(
        part.shape, part.size, part.color, part.position + by, part.orientation, part.texture
    )
