"""What has to be done, step by step, in terms of the objects: what a demonstrator works from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks, geometry


@dataclass(frozen=True)
class Lift:
    """Grasp the item by one of its grasps and raise it by `by` m."""

    item: str
    by: float = 0.12


@dataclass(frozen=True, eq=False)
class Put(checks.Contract):
    """Put the item that is held down on or into another one, and let go.

    T_onto_item: float64 (4, 4), where the item's frame ends up in the frame of `onto`. yaws: turns
    about the vertical, rad, after which that is as good; None: any.
    """

    item: str
    onto: str
    T_onto_item: np.ndarray
    yaws: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Validate and freeze the array."""
        T = geometry.rigid('T_onto_item', self.T_onto_item)
        object.__setattr__(self, 'T_onto_item', T)


@dataclass(frozen=True)
class Push:
    """Push the item along the table, fingers closed, until its frame is over that of `to`.

    height: m, of the fingers' middle above the table. radius: m, from the item's frame to its side
    at most, along the push.
    """

    item: str
    to: str
    height: float
    radius: float


@dataclass(frozen=True, eq=False)
class Press(checks.Contract):
    """Press the item with closed fingers.

    T_item_ee: float64 (4, 4), pose of the end effector in its frame where the fingers touch it; +z
    is the direction of the push. by: m, how far.
    """

    item: str
    T_item_ee: np.ndarray
    by: float

    def __post_init__(self) -> None:
        """Validate and freeze the array."""
        object.__setattr__(self, 'T_item_ee', geometry.rigid('T_item_ee', self.T_item_ee))


@dataclass(frozen=True, eq=False)
class Slide(checks.Contract):
    """Grasp what slides by one of its grasps and move it until it is at `to` m on its travel.

    axis: float64 (3,), in the item's frame, along which its place on the travel grows.
    """

    item: str
    axis: np.ndarray
    to: float

    def __post_init__(self) -> None:
        """Validate and freeze the array."""
        object.__setattr__(self, 'axis', checks.array('axis', self.axis, (3,)))


Step = Lift | Put | Push | Press | Slide
