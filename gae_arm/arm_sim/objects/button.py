"""Push buttons: a housing that stands fast, and a plunger on a spring."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.objects.item import Build, Item, Look
from gae_arm.arm_sim.scene import Part, SceneObject

HOUSING = Look('grey', (0.22, 0.23, 0.25))
TRAVEL = 0.012
STIFFNESS, DAMPING = 250.0, 5.0
PLUNGER_MASS = 0.01
COLLAR, AIR = 0.008, 0.0015


def button(name: str, look: Look, build: Build) -> Item:
    """Return a round button, its plunger 4.4 cm wide; 3 N press it down."""
    radius = 0.022 * build.scale
    return _button(name, 'button', look, build, look.cylinder(radius, 1.0), 2 * radius)


def square_button(name: str, look: Look, build: Build) -> Item:
    """Return a square button, its plunger 4 cm wide."""
    edge = 0.04 * build.scale
    return _button(name, 'square_button', look, build, look.box((edge, edge, 1.0)), edge)


def _button(name: str, kind: str, look: Look, build: Build, cap: Part, width: float) -> Item:
    """Return a button whose plunger has the outline of `cap`."""
    floor, top = 0.006, 0.028 * build.scale + 0.014
    low = floor + TRAVEL + 0.002
    rim = top - TRAVEL - 0.003
    size = np.array(cap.size)
    size[-1] = top - low
    plunger = Part(
        cap.shape, size, cap.color, np.array([0, 0, (top + low) / 2]), texture=cap.texture
    )
    outer = width + 2 * (COLLAR + AIR)
    middle, tall = (rim + floor) / 2, rim - floor
    across = (outer - COLLAR) / 2
    base = SceneObject(
        f'{name}_base',
        (
            HOUSING.box((outer, outer, floor), (0, 0, floor / 2)),
            *(HOUSING.box((COLLAR, outer, tall), (s * across, 0, middle)) for s in (-1, 1)),
            *(
                HOUSING.box((outer - 2 * COLLAR, COLLAR, tall), (0, s * across, middle))
                for s in (-1, 1)
            ),
        ),
        motion='fixed',
    )
    body = SceneObject(
        name,
        (plunger,),
        PLUNGER_MASS,
        build.friction,
        motion='slide',
        travel=np.array([-TRAVEL, 0.0]),
        stiffness=STIFFNESS,
        damping=DAMPING,
    )
    return Item(body, kind, look.color, width, top, base=base)
