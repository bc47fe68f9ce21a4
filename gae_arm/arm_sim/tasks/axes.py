"""What varies from scene to scene: named axes, each with a training and a held-out range.

On every axis the two ranges are disjoint: in at least one of its quantities nothing that can be
drawn from one can be drawn from the other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError


@dataclass(frozen=True)
class Spans:
    """Numbers from one or more intervals, all equally likely."""

    intervals: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        """Validate: the intervals ascend and none is empty."""
        edges = [edge for interval in self.intervals for edge in interval]
        if not edges or edges != sorted(edges):
            raise InvalidValueError(f'intervals do not ascend: {list(self.intervals)}')

    def draw(self, rng: np.random.Generator) -> float:
        """Return a number."""
        lengths = np.array([high - low for low, high in self.intervals])
        along = float(rng.uniform(0.0, lengths.sum()))
        for (low, _), length in zip(self.intervals, lengths, strict=True):
            if along <= length:
                return low + along
            along -= length
        return self.intervals[-1][1]

    def disjoint(self, other: Spans | Choices) -> bool:
        """Return whether no number is in both."""
        return isinstance(other, Spans) and all(
            a[1] < b[0] or b[1] < a[0] for a in self.intervals for b in other.intervals
        )

    def __str__(self) -> str:
        return ' or '.join(f'{low:g} to {high:g}' for low, high in self.intervals)


@dataclass(frozen=True)
class Choices:
    """One of several things, all equally likely."""

    options: tuple[Any, ...]

    def __post_init__(self) -> None:
        """Validate: something to choose from."""
        if not self.options:
            raise InvalidValueError('there is nothing to choose from')

    def draw(self, rng: np.random.Generator) -> Any:
        """Return one of the options."""
        return self.options[int(rng.integers(len(self.options)))]

    def disjoint(self, other: Spans | Choices) -> bool:
        """Return whether no option is in both."""
        return isinstance(other, Choices) and not set(self.options) & set(other.options)

    def __str__(self) -> str:
        return ', '.join(str(option) for option in self.options)


Region = Mapping[str, Spans | Choices]
"""What may be drawn on one axis: a range for each of its quantities."""


def disjoint(one: Region, other: Region) -> bool:
    """Return whether two regions of an axis share nothing: disjoint in some quantity."""
    return any(one[key].disjoint(other[key]) for key in one)


@dataclass(frozen=True)
class Axis:
    """One way in which scenes differ."""

    meaning: str
    training: Region
    held_out: Region


def _spans(*intervals: tuple[float, float]) -> Spans:
    return Spans(intervals)


def _any(*options: Any) -> Choices:
    return Choices(options)


AXES: Mapping[str, Axis] = MappingProxyType(
    {
        'object_pose': Axis(
            'where the object that the hand goes to first is, m, base frame, and how it is turned, '
            'rad; everything else is anywhere in the workspace',
            {
                'x': _spans((0.38, 0.58)),
                'y': _spans((-0.20, 0.20)),
                'yaw': _spans((-np.pi, np.pi)),
            },
            {
                'x': _spans((0.38, 0.58)),
                'y': _spans((-0.32, -0.22), (0.22, 0.32)),
                'yaw': _spans((-np.pi, np.pi)),
            },
        ),
        'shape': Axis(
            'kinds of objects, for each part that they play',
            {
                'picked': _any('cube', 'box', 'cylinder', 'mug', 'bottle'),
                'stacked': _any('cube', 'box'),
                'stowed': _any('cube', 'box', 'cylinder'),
                'pushed': _any('cube', 'box', 'cylinder', 'mug'),
                'container': _any('bowl', 'tray'),
                'button': _any('button'),
                'drawer': _any('drawer', 'upright_drawer'),
                'mark': _any('disc'),
            },
            {
                'picked': _any('ball', 'prism', 'hammer', 'screwdriver'),
                'stacked': _any('prism'),
                'stowed': _any('ball', 'prism'),
                'pushed': _any('prism'),
                'container': _any('plate'),
                'button': _any('square_button'),
                'drawer': _any('knob_drawer'),
                'mark': _any('cross'),
            },
        ),
        'size': Axis(
            'all lengths of an object, as a share of its usual ones',
            {'scale': _spans((0.82, 0.92), (1.02, 1.14))},
            {'scale': _spans((0.94, 1.0), (1.16, 1.24))},
        ),
        'mass': Axis(
            'density, as a share of the usual one',
            {'heft': _spans((0.7, 1.3))},
            {'heft': _spans((0.45, 0.65), (1.5, 2.0))},
        ),
        'friction': Axis(
            'sliding friction of objects with whatever they touch',
            {'coefficient': _spans((0.6, 0.9))},
            # From 1 on, what is pushed jams between finger and table, however hard the push.
            {'coefficient': _spans((0.45, 0.55), (0.92, 0.98))},
        ),
        'colour': Axis(
            'shade of the named colours: brightness and saturation as shares, hue shifted by turns',
            {
                'value': _spans((0.90, 1.08)),
                'saturation': _spans((0.88, 1.0)),
                'hue': _spans((-0.012, 0.012)),
            },
            {
                'value': _spans((0.68, 0.82)),
                'saturation': _spans((0.80, 1.0)),
                'hue': _spans((-0.012, 0.012)),
            },
        ),
        'texture': Axis(
            'surface of objects',
            {'pattern': _any('plain', 'speckle', 'wood')},
            {'pattern': _any('checker', 'stripes', 'dots')},
        ),
        'table_height': Axis(
            "height of the table's surface in the arm's base frame, m",
            {'height': _spans((-0.02, 0.02))},
            {'height': _spans((-0.06, -0.03), (0.03, 0.05))},
        ),
        'table_texture': Axis(
            "the table's surface: pattern, brightness, and how warm its colour is",
            {
                'pattern': _any('plain', 'wood', 'linen'),
                'value': _spans((0.55, 0.85)),
                'warmth': _spans((-0.05, 0.25)),
            },
            {
                'pattern': _any('marble', 'checker', 'stripes'),
                'value': _spans((0.40, 0.85)),
                'warmth': _spans((-0.15, 0.25)),
            },
        ),
        'light': Axis(
            'the main light: direction, rad; strength as a share; how warm; light from everywhere',
            {
                'azimuth': _spans((-np.pi, np.pi)),
                'elevation': _spans((0.95, 1.4)),
                'strength': _spans((0.8, 1.1)),
                'warmth': _spans((-0.05, 0.10)),
                'ambient': _spans((0.28, 0.36)),
            },
            {
                'azimuth': _spans((-np.pi, np.pi)),
                'elevation': _spans((0.7, 1.4)),
                'strength': _spans((0.5, 0.7), (1.2, 1.4)),
                'warmth': _spans((-0.15, 0.20)),
                'ambient': _spans((0.24, 0.40)),
            },
        ),
        'camera_pose': Axis(
            'where the camera stands: azimuth from opposite the arm, rad (positive: to the left of '
            'the arm), elevation, rad, and distance, m, from the point on the table that it '
            'looks at',
            {
                'azimuth': _spans((-0.6, 0.6)),
                'elevation': _spans((0.65, 0.95)),
                'distance': _spans((0.72, 0.92)),
                'aim_x': _spans((0.42, 0.50)),
                'aim_y': _spans((-0.04, 0.04)),
            },
            {
                'azimuth': _spans((-1.2, -0.75), (0.75, 1.2)),
                'elevation': _spans((0.55, 1.1)),
                'distance': _spans((0.70, 1.05)),
                'aim_x': _spans((0.42, 0.50)),
                'aim_y': _spans((-0.04, 0.04)),
            },
        ),
        'camera_intrinsics': Axis(
            'horizontal field of view, rad; principal point off the centre, share of the size',
            {
                'fov': _spans((1.12, 1.28)),
                'shift_u': _spans((-0.02, 0.02)),
                'shift_v': _spans((-0.02, 0.02)),
            },
            {
                'fov': _spans((1.0, 1.08), (1.34, 1.5)),
                'shift_u': _spans((-0.05, 0.05)),
                'shift_v': _spans((-0.05, 0.05)),
            },
        ),
        'clutter': Axis(
            'things that stand around beyond the workspace',
            {'count': _any(0, 1, 2, 3)},
            {'count': _any(4, 5, 6)},
        ),
        'distractors': Axis(
            'objects in the workspace that the instruction does not mean',
            {'count': _any(0, 1, 2)},
            {'count': _any(3, 4)},
        ),
        'obstacles': Axis(
            'posts between start and goal',
            {'count': _any(0, 1)},
            {'count': _any(2)},
        ),
        'wording': Axis(
            'phrase book of the instruction: templates, nouns, relations',
            {'book': _any('training')},
            {'book': _any('held_out')},
        ),
    }
)


@dataclass(frozen=True)
class Ranges:
    """What may be drawn: for every axis its training range, unless another is given.

    regions: by axis. Raises InvalidValueError for an unknown axis, quantity or missing quantity.
    """

    regions: Mapping[str, Region] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Validate, and fill in the training ranges."""
        for name, region in self.regions.items():
            wanted = set(AXES[checks.known('axis', name, AXES)].training)
            if set(region) != wanted:
                raise InvalidValueError(
                    f'axis {name!r} has the quantities {sorted(wanted)}, got {sorted(region)}'
                )
        full = {name: self.regions.get(name, axis.training) for name, axis in AXES.items()}
        object.__setattr__(self, 'regions', full)

    def __getitem__(self, axis: str) -> Region:
        return self.regions[checks.known('axis', axis, AXES)]

    def override(self, axis: str, **quantities: Spans | Choices) -> Ranges:
        """Return these ranges with some quantities of one axis replaced."""
        return dataclasses.replace(
            self, regions={**self.regions, axis: {**self[axis], **quantities}}
        )

    def held_out_in(self, *axes: str) -> Ranges:
        """Return these ranges, held out in the named axes: all of them if none is named."""
        regions = dict(self.regions)
        for axis in axes or AXES:
            regions[axis] = AXES[checks.known('axis', axis, AXES)].held_out
        return Ranges(regions)


TRAINING = Ranges()
HELD_OUT = TRAINING.held_out_in()
