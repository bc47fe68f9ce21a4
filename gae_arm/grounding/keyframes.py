"""What the hand has to do, as few waypoints, from the privileged truth about the objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.arm_sim.objects.item import Item
from gae_arm.core.lesson import CLOSED, OPEN

OVER, RAISE = 0.10, 0.12
"""Metres: how far above its goal the hand comes from, and how far it lifts what it holds."""
FINGER = 0.012
"""Metres from the closed fingers' axis to their front."""
RUN_UP = 0.03
"""Metres between the fingers and what they are about to push."""
DROP = 0.005


@dataclass(frozen=True, eq=False)
class Keyframes:
    """Waypoints and what they rest on.

    first: name of the item that the hand goes to first, and place (3,) where; second: the other
    anchor, if any: (name or '' for the bare table, place). closing: float64 (3,), level direction
    in which the fingers close at the first. points: float64 (N, 3), gripper: float64 (N,).
    All in metres, base frame.
    """

    first: tuple[str, np.ndarray]
    second: tuple[str, np.ndarray] | None
    closing: np.ndarray
    points: np.ndarray
    gripper: np.ndarray


@dataclass(frozen=True, eq=False)
class Hold:
    """A grasp: place (3,), base frame, metres, and the level direction in which fingers close."""

    place: np.ndarray
    closing: np.ndarray


def hold(item: Item, rightward: np.ndarray) -> Hold:
    """Return the grasp nearest to the item's middle whose fingers close most along `rightward`."""
    T = item.T_base_item
    poses = np.array([T @ grasp.T_object_ee for grasp in item.grasps])
    off = np.array([np.linalg.norm(grasp.T_object_ee[:2, 3]) for grasp in item.grasps])
    central = poses[off <= off.min() + 0.002]
    along = np.abs(central[:, :3, 1] @ rightward)
    best = central[int(along.argmax())]
    return Hold(best[:3, 3], best[:3, 1])


def pick(item: Item, rightward: np.ndarray) -> Keyframes:
    """Return how to lift an item."""
    held = hold(item, rightward)
    points = held.place + np.array([[0, 0, OVER], [0, 0, 0], [0, 0, RAISE]])
    gripper = np.array([OPEN, CLOSED, CLOSED])
    return Keyframes((item.name, held.place), None, held.closing, points, gripper)


def carry(item: Item, onto: Item, goal: np.ndarray, rightward: np.ndarray) -> Keyframes:
    """Return how to lift an item and let it go where its frame is at `goal` (3,), base frame."""
    lifted = pick(item, rightward)
    down = goal + _up(lifted.first[1][2] - item.body.position[2] + DROP)
    points = np.stack([*lifted.points, down + _up(OVER), down, down + _up(OVER)])
    gripper = np.array([OPEN, CLOSED, CLOSED, CLOSED, OPEN, OPEN])
    return Keyframes(lifted.first, (onto.name, goal), lifted.closing, points, gripper)


def push(item: Item, to: str, goal: np.ndarray, height: float, radius: float) -> Keyframes:
    """Return how to push an item along the table until its frame is over `goal` (3,).

    height: z of the fingers, base frame. radius: from its frame to its side, metres.
    """
    place = item.body.position
    ahead = (goal - place) * [1, 1, 0]
    ahead = ahead / np.linalg.norm(ahead)
    start = place - (radius + FINGER + RUN_UP) * ahead
    end = goal - (radius + FINGER) * ahead
    start[2] = end[2] = height
    back = end - RUN_UP * ahead
    points = np.stack([start + _up(OVER), start, end, back + _up(OVER)])
    across = np.array([-ahead[1], ahead[0], 0.0])
    return Keyframes((item.name, place), (to, goal), across, points, np.full(4, CLOSED))


def press(item: Item, place: np.ndarray, by: float, rightward: np.ndarray) -> Keyframes:
    """Return how to press an item down by `by` metres where its top is, at `place` (3,)."""
    points = place + np.array([[0, 0, OVER], [0, 0, -by], [0, 0, OVER]])
    return Keyframes((item.name, place), None, rightward, points, np.full(3, CLOSED))


def slide(item: Item, to: float) -> Keyframes:
    """Return how to move what slides until it is at `to` metres on its travel."""
    axis = item.T_base_item[:3, :3] @ item.body.axis
    held = hold(item, np.cross(axis, [0, 0, 1.0]))
    place = held.place + axis * item.body.start
    end = held.place + axis * to
    points = np.stack([place + _up(OVER), place, end, end, end + _up(OVER)])
    gripper = np.array([OPEN, CLOSED, CLOSED, OPEN, OPEN])
    return Keyframes((item.name, place), ('', end), held.closing, points, gripper)


def _up(by: float) -> np.ndarray:
    return np.array([0.0, 0.0, by])
