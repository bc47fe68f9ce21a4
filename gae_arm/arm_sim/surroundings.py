"""What is around the objects of a scene: the table's height and surface, and the light."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gae_arm.arm_sim.textures import TEXTURES
from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

MAX_TABLE_HEIGHT = 0.2


@dataclass(frozen=True, eq=False)
class Surroundings(checks.Contract):
    """Table and light.

    table_height: m, of the table's surface in the arm's base frame; other than 0 the arm stands on
        a stand of its own behind the table.
    table_texture: one of `TEXTURES`. table_color: float64 (3,), RGB from 0 to 1.
    light_direction: float64 (3,), in which the main light shines, base frame, downwards.
    light_color: float64 (3,), RGB of the main light, 0 to 2. ambient: from everywhere, 0 to 1.
    """

    table_height: float = 0.0
    table_texture: str = 'plain'
    table_color: np.ndarray = dataclasses.field(default_factory=lambda: np.array([0.76, 0.7, 0.62]))
    light_direction: np.ndarray = dataclasses.field(
        default_factory=lambda: np.array([0.1, 0.45, -1.0])
    )
    light_color: np.ndarray = dataclasses.field(
        default_factory=lambda: np.array([0.55, 0.54, 0.52])
    )
    ambient: float = 0.32

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        set_ = object.__setattr__
        height = checks.number(
            'table_height', self.table_height, -MAX_TABLE_HEIGHT, MAX_TABLE_HEIGHT
        )
        set_(self, 'table_height', height)
        checks.known('table_texture', self.table_texture, TEXTURES)
        for key in ('table_color', 'light_direction', 'light_color'):
            set_(self, key, checks.array(key, getattr(self, key), (3,)))
        set_(self, 'ambient', checks.number('ambient', self.ambient, 0.0, 1.0))
        for key, high in (('table_color', 1.0), ('light_color', 2.0)):
            if getattr(self, key).min() < 0 or getattr(self, key).max() > high:
                raise InvalidValueError(f'{key} leaves 0 to {high}: {getattr(self, key).tolist()}')
        if self.light_direction[2] >= 0:
            raise InvalidValueError(
                f'the light does not shine downwards: {self.light_direction.tolist()}'
            )


def make_surroundings(
    table_height: float, table: Mapping[str, Any], light: Mapping[str, float]
) -> Surroundings:
    """Return the surroundings of drawn values of the axes table_texture and light."""
    color = table['value'] * (1.0 - table['warmth'] * (1.0 - np.array([1.0, 0.5, 0.0])))
    azimuth, elevation = light['azimuth'], light['elevation']
    level = np.cos(elevation)
    return Surroundings(
        table_height,
        table['pattern'],
        np.clip(color, 0.0, 1.0),
        -np.array([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)]),
        0.55 * light['strength'] * (1.0 + light['warmth'] * np.array([1.0, 0.0, -1.0])),
        light['ambient'],
    )
