"""Places for objects on the table: apart, so that a hand fits between, and never off their zone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.tasks.errors import DrawRejectedError

GAP = 0.04
"""Metres between two things: a finger and some air fit."""
TALL, TALL_GAP = 0.08, 0.04
"""Beside what is higher than TALL, the wide part of a hand needs so much more room, metres."""
TRIES = 100
WORKSPACE_X, WORKSPACE_Y = (0.32, 0.64), (-0.36, 0.36)
MAX_RADIUS, NEAREST_X = 0.68, 0.26
"""Metres in the arm's base frame: things to handle are in WORKSPACE and at most MAX_RADIUS from the
base, where the hands of all three arms get to; the hands may also go nearer, down to NEAREST_X."""

Spot = Callable[[np.random.Generator], tuple[float, float, float]]
"""Draws a place: x, y in metres, base frame, and a turn about the vertical, rad."""


class Layout:
    """The things on one table, as they are put there one after the other."""

    def __init__(self, table_height: float, tall_gap: float = TALL_GAP) -> None:
        self.table_height = table_height
        self._tall_gap = tall_gap
        self.items: list[Item] = []
        self._circles = np.zeros((0, 4))  # x, y, radius, height of what is there.
        self._kept_free = np.zeros((0, 3))  # x, y, radius.

    def beyond(self) -> Layout:
        """Return a layout for what no hand goes near: it only keeps clear of what is there."""
        other = Layout(self.table_height, tall_gap=0.0)
        other._circles, other._kept_free = self._circles, self._kept_free
        return other

    def put(self, item: Item, spot: Spot, rng: np.random.Generator, gap: float = GAP) -> Item:
        """Return the item at the first drawn place that has room for it.

        Raises DrawRejectedError after TRIES places.
        """
        reach, height = item.reach, item.height
        for _ in range(TRIES):
            x, y, yaw = spot(rng)
            if self._is_free(np.array([x, y]), reach, height, gap):
                placed = item.at(x, y, yaw, self.table_height)
                self.items.append(placed)
                self._circles = np.vstack([self._circles, [x, y, reach, height]])
                return placed
        raise DrawRejectedError(f'no room for {item.name!r} in {TRIES} places')

    def keep_free(self, place: np.ndarray, radius: float) -> None:
        """Keep a circle on the table free of what is put there later; `place` (2,), metres."""
        self._kept_free = np.vstack([self._kept_free, [*place[:2], radius]])

    def keep_way_free(self, start: np.ndarray, end: np.ndarray, radius: float) -> None:
        """Keep the way from one point (2,) to another free of what is put there later."""
        count = int(np.ceil(np.linalg.norm(np.subtract(end, start)) / radius)) + 1
        for place in np.linspace(start, end, count):
            self.keep_free(place, radius)

    def _is_free(self, place: np.ndarray, reach: float, height: float, gap: float) -> bool:
        there, free = self._circles, self._kept_free
        tall = np.maximum(there[:, 3], height) > TALL
        apart = there[:, 2] + reach + gap + self._tall_gap * tall
        return bool(
            (np.hypot(*(there[:, :2] - place).T) >= apart).all()
            and (np.hypot(*(free[:, :2] - place).T) >= free[:, 2] + reach).all()
        )


def reachable(place: np.ndarray) -> bool:
    """Return whether the hands of all arms get to a place (2,), metres, pointing down."""
    x, y = place[:2]
    return bool(x >= NEAREST_X and np.hypot(x, y) <= MAX_RADIUS)


def anywhere(
    x: tuple[float, float] = WORKSPACE_X, y: tuple[float, float] = WORKSPACE_Y, turn: float = np.pi
) -> Spot:
    """Return places in a rectangle, metres, turned by at most `turn` rad."""

    def spot(rng: np.random.Generator) -> tuple[float, float, float]:
        return rng.uniform(*x), rng.uniform(*y), rng.uniform(-turn, turn)

    return spot


def within_reach(spot: Spot) -> Spot:
    """Return the same places without those beyond the workspace."""

    def within(rng: np.random.Generator) -> tuple[float, float, float]:
        for _ in range(TRIES):
            x, y, yaw = spot(rng)
            in_workspace = x >= WORKSPACE_X[0] and abs(y) <= WORKSPACE_Y[1]
            if in_workspace and reachable(np.array([x, y])):
                return x, y, yaw
        raise DrawRejectedError(f'none of {TRIES} places is in the workspace')

    return within


def on_the_way(start: np.ndarray, end: np.ndarray, spread: float = 0.10) -> Spot:
    """Return places about the straight way between two points (2,), metres."""

    def spot(rng: np.random.Generator) -> tuple[float, float, float]:
        x, y = start + rng.uniform(0.2, 0.8) * np.subtract(end, start)
        return x + spread * rng.normal(), y + spread * rng.normal(), rng.uniform(-np.pi, np.pi)

    return spot
