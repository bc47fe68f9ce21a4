"""What a bag has said lately, by stamps: what clouds, chunks and plans may have been made from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, TypeVar

import numpy as np

from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.cloud import Cloud
from gae_arm.core.errors import GaeError
from gae_arm.core.motion import RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.transform_tree import TransformTree

KEPT_NS = 4_000_000_000
"""Longer than any input may be old."""

T = TypeVar('T')


class NotInBagError(GaeError):
    """An input is not in the bag, or came too early to be remembered."""


AROUND = 8
"""On a busy machine an image is worked on before the joint states of its time have come."""


class Lately(Generic[T]):
    """Things by their stamps, those of the last seconds; stamps may come in any order.

    keep: stamps of which things are kept for good.
    """

    def __init__(self, what: str, keep: Collection[int] = ()) -> None:
        self._what, self._keep = what, frozenset(keep)
        self._things: dict[int, T] = {}
        self._newest = 0

    def add(self, stamp_ns: int, thing: T) -> None:
        """Take one in; what is too old by now is forgotten."""
        if stamp_ns < self._newest - KEPT_NS:
            self._things.clear()  # The clock was set back.
            self._newest = 0
        self._things[stamp_ns] = thing
        self._newest = max(self._newest, stamp_ns)
        for old in list(self._things):
            if old >= self._newest - KEPT_NS:
                break
            if old not in self._keep:
                del self._things[old]

    def at(self, stamp_ns: int, slop_ns: int = 0) -> T:
        """Return the one with this stamp, or the nearest within the slop; NotInBagError."""
        if stamp_ns in self._things:
            return self._things[stamp_ns]
        nearest = min(self._things, key=lambda s: abs(s - stamp_ns), default=None)
        if nearest is None or abs(nearest - stamp_ns) > slop_ns:
            raise NotInBagError(f'the {self._what} of its time is not in the bag')
        return self._things[nearest]

    def around(self, stamp_ns: int) -> list[T]:
        """Return those nearest to a stamp, at most `AROUND`, the nearest one first."""
        found = sorted(self._things, key=lambda s: abs(s - stamp_ns))
        return [self._things[s] for s in found[:AROUND]]


class BagMemory:
    """What came lately.

    slop_ns: within which depth and camera_info belong together. images: stamps of those that are
    kept for good: a planner may think for long.
    """

    def __init__(self, slop_ns: int = 0, images: Collection[int] = ()) -> None:
        self.states: Lately[RobotState] = Lately('joint state')
        self.clouds: Lately[Cloud] = Lately('cloud')
        self.depths: Lately[tuple[str, np.ndarray]] = Lately('depth image', images)
        self.colors: Lately[np.ndarray] = Lately('colour image', images)
        self.infos: Lately[CameraIntrinsics] = Lately('camera_info', images)
        self.plans: dict[str, WaypointPlan] = {}
        self.transforms = TransformTree()
        self._slop_ns = slop_ns

    def place(self, transforms: list[tuple[str, str, np.ndarray, int]], static: bool) -> None:
        """Take in (parent, child, T_parent_child, stamp_ns) of a message on /tf or /tf_static."""
        for parent, child, T, stamp_ns in transforms:
            self.transforms.add(parent, child, T, stamp_ns, static)

    def frame(self, stamp_ns: int, with_color: bool = False) -> CameraFrame:
        """Return the image of a stamp; NotInBagError, InvalidValueError where parts do not fit."""
        frame_id, depth = self.depths.at(stamp_ns)
        info = self.infos.at(stamp_ns, self._slop_ns)
        color = self.colors.at(stamp_ns, self._slop_ns) if with_color else None
        return CameraFrame(stamp_ns, frame_id, info, depth, color)

    def plan(self, plan_id: str) -> WaypointPlan:
        """Return a plan by its name; NotInBagError."""
        if plan_id not in self.plans:
            raise NotInBagError(f'plan {plan_id!r} is not in the bag')
        return self.plans[plan_id]
