"""What can be asked of the physics: small conditions that a task combines into success."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gae_arm.arm_sim.objects.item import Cavity
from gae_arm.core import checks
from gae_arm.core.geometry import invert
from gae_arm.core.truth import WORLD, Truth


class Condition(Protocol):
    """Something that is the case or not."""

    def holds(self, truth: Truth) -> bool:
        """Return whether it is the case."""


@dataclass(frozen=True)
class Lifted:
    """The robot holds the item, its frame at `height` m or above, and it touches nothing else."""

    item: str
    height: float

    def holds(self, truth: Truth) -> bool:
        """See `Condition`."""
        others = {name for name in truth.touched_by(self.item) if name in {*truth.poses, WORLD}}
        high = truth.poses[self.item][2, 3] >= self.height
        return bool(high and truth.robot_touches(self.item) and not others)


@dataclass(frozen=True)
class NotLifted:
    """The item's frame is below `height` m."""

    item: str
    height: float

    def holds(self, truth: Truth) -> bool:
        """See `Condition`."""
        return bool(truth.poses[self.item][2, 3] < self.height)


@dataclass(frozen=True)
class NotFallen:
    """The item's frame is above `height` m: it has not fallen off the table."""

    item: str
    height: float

    def holds(self, truth: Truth) -> bool:
        """See `Condition`."""
        return bool(truth.poses[self.item][2, 3] > self.height)


@dataclass(frozen=True)
class Near:
    """The items' frames are at most `distance` m apart, seen from above."""

    item: str
    other: str
    distance: float

    def holds(self, truth: Truth) -> bool:
        """See `Condition`."""
        gap = (truth.poses[self.item] - truth.poses[self.other])[:2, 3]
        return bool(np.hypot(*gap) <= self.distance)


@dataclass(frozen=True)
class Released:
    """The robot does not touch the item."""

    item: str

    def holds(self, truth: Truth) -> bool:
        """See `Condition`."""
        return not truth.robot_touches(self.item)


@dataclass(frozen=True)
class AtRest:
    """The item is slower than `speed` m/s."""

    item: str
    speed: float = 0.02

    def holds(self, truth: Truth) -> bool:
        """See `Condition`."""
        return truth.speeds[self.item] < self.speed


@dataclass(frozen=True, eq=False)
class Inside(checks.Contract):
    """The item's frame is in the hollow of the container, at most `above` m over its rim.

    And it does not stand on the table.
    """

    item: str
    container: str
    cavity: Cavity
    above: float

    def holds(self, truth: Truth) -> bool:
        """See `Condition`."""
        T_container_item = invert(truth.poses[self.container]) @ truth.poses[self.item]
        inside = self.cavity.holds(T_container_item[:3, 3], self.above)
        return inside and WORLD not in truth.touched_by(self.item)


@dataclass(frozen=True)
class Upon:
    """The item stands on another: touches it, and nothing below; its frame is `rise` m above.

    rise, tolerance: m, between the frames. offset: m, that they may be apart, seen from above.
    """

    item: str
    other: str
    rise: float
    offset: float
    tolerance: float = 0.008

    def holds(self, truth: Truth) -> bool:
        """See `Condition`."""
        gap = (truth.poses[self.item] - truth.poses[self.other])[:3, 3]
        touched = truth.touched_by(self.item)
        return bool(
            np.hypot(*gap[:2]) <= self.offset
            and abs(gap[2] - self.rise) <= self.tolerance
            and self.other in touched
            and WORLD not in touched
        )


@dataclass(frozen=True)
class Joint:
    """What slides or turns is between `low` and `high` on its travel, m or rad."""

    item: str
    low: float
    high: float

    def holds(self, truth: Truth) -> bool:
        """See `Condition`."""
        return self.low <= truth.joints[self.item] <= self.high
