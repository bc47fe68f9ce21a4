"""How the hand is turned, and drawn along: what the depth camera sees corrects what a model says.

A model that looks at a small picture knows which thing is meant, but hardly how it is turned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks, end_effector, surface
from gae_arm.core.projection import project
from gae_arm.core.things import AROUND, Thing, things_at
from vla_planner import cabinet
from vla_planner.depth import ACROSS, NEAREST, points_around
from vla_planner.drag import Drag
from vla_planner.picture import Scene

LOCAL = 0.07
"""Metres that are looked at around a grasp."""
HANDLE = 0.025
"""Metres below a grasp down to which a handle shows how it lies."""
ON_IT, SHUT, SHORT, USUAL = 0.02, 0.03, 0.04, 0.12
"""Metres: so near to a handle a place is on it; what is less open is shut; drags that are shorter
are not meant so; how far things slide."""
CLEARLY = 0.7
"""Cosine from which on the way that was told is taken for meant."""
MOST_TILT = 0.8
"""Radians of an approach from straight down."""
HAND, FINGERS_LONG, HAND_HIGH = (0.11, 0.04), 0.05, 0.2
"""Metres from a hand's middle to its sides, along and across its fingers' axis, of the widest of
config/arms; from the fingers' middle up to the hand, and up to its wrist."""
FLAT, FEW = 0.03, 8
"""Metres between the lowest waypoints of a push; points that show nothing yet."""
LOWEST_PUSH, HIGHEST_PUSH = 0.022, 0.03
"""Metres above the table at which fingers push."""
AHEAD, FINGER, LARGEST = 0.04, 0.016, 0.12
"""Metres: what is nearer to its goal is there; from the closed fingers' axis to their front; what
is wider is more than one thing."""
TABLE = 0.01
"""Metres above the table's height below which points are the table."""
PRESENT = end_effector.grasp_rotation(end_effector.DOWN, np.array([0.0, -1.0, 0.0]))
"""R_base_ee of a gripper that points down with its x axis forward, as at home."""


@dataclass(frozen=True, eq=False)
class Hand(checks.Contract):
    """The hand over a scene.

    table_height: z of the table, m, base frame. present: R_base_ee (3, 3): of two grasps that are
    the same for two fingers the nearer one is taken. All rotations are R_base_ee (3, 3).
    """

    scene: Scene
    table_height: float
    present: np.ndarray

    @property
    def R_base_camera(self) -> np.ndarray:
        """Return the camera's orientation (3, 3)."""
        return self.scene.T_base_camera[:3, :3]

    def grasping(self, position: np.ndarray, yaw: float | None = None) -> np.ndarray:
        """Return how to grasp what is seen at a position (3,), m, base frame.

        yaw: rad, of the fingers as `Sketch` has it: straight down, and of all sides to grasp the
        nearest to it; None: against its surface, and the nearest to how the hand is turned.
        """
        points = self._around(position, LOCAL)
        near, tilt = (self.present, MOST_TILT) if yaw is None else (self.turned(yaw), 0.0)
        lowest = self.table_height + TABLE
        R = surface.grasp_rotation_at(points, position, near, lowest, tilt)
        return R if yaw is None else end_effector.nearest_grasp(R, self.present)

    def turned(self, yaw: float) -> np.ndarray:
        """Return the hand straight down, its fingers `yaw` off the picture's rightward."""
        right = self.R_base_camera[:2, 0]
        length = float(np.linalg.norm(right))
        right = right / length if length > 1e-6 else np.array([1.0, 0.0])
        return self._down(np.cos(yaw) * right + np.sin(yaw) * np.array([-right[1], right[0]]))

    def across(self, way: np.ndarray) -> np.ndarray:
        """Return the hand straight down, its fingers across a level way (3,)."""
        return self._down(np.array([-way[1], way[0]]))

    def levelled(self, positions: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Return positions (N, 3) of a push, the low ones level: at half the height of the thing.

        seen: (3,), what is seen of what is pushed: its top, or its near side.
        """
        top = float(np.clip(seen[2] - self.table_height, 2 * LOWEST_PUSH, 2 * HIGHEST_PUSH))
        out, low = positions.copy(), self.lowest(positions)
        out[low, 2] = self.table_height + top / 2
        return out

    def centred(self, positions: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Return positions (N, 3) of a push, through the middle of the thing that is pushed.

        What is pushed beside its middle turns away from the finger. seen: (2, 3), m, base frame:
        what is seen at the thing, and where it is to go: there the fingers stop behind it, so far
        that its middle is there. As they are where no thing stands by itself.
        """
        thing = self._thing_at(seen[0])
        if thing is None:
            return positions
        start, goal = seen[0, :2], seen[1, :2]
        (way, length), (told, _) = _way(thing.middle, goal), _way(start, goal)
        if length < AHEAD:
            return positions
        along = (positions[:, :2] - start) @ told
        out = positions.copy()
        ends = along > length / 2
        out[:, :2] = thing.middle + along[:, None] * way
        out[ends, :2] = goal + (along[ends, None] - (goal - start) @ told) * way
        behind = float(((thing.points[:, :2] - thing.middle) @ way).min()) - FINGER
        last = int(np.flatnonzero(self.lowest(positions))[-1])
        out[ends, :2] += (behind - (out[last, :2] - goal) @ way) * way
        return out

    def _thing_at(self, place: np.ndarray) -> Thing | None:
        """Return the thing that stands by itself where something is seen (3,), None if none."""
        found = things_at(self._around(place, AROUND, cabinet.ACROSS), place[:2])
        if not found or found[0].size.max() > LARGEST:
            return None
        low, high = found[0].points[:, :2].min(0), found[0].points[:, :2].max(0)
        on_it = ((place[:2] > low - ON_IT) & (place[:2] < high + ON_IT)).all()
        return found[0] if on_it else None

    def lowest(self, positions: np.ndarray) -> np.ndarray:
        """Return which positions (N, 3) of a push are those along the table, bool (N,)."""
        lowest: np.ndarray = positions[:, 2] < positions[:, 2].min() + FLAT
        return lowest

    def pushing(self, positions: np.ndarray, way: np.ndarray) -> np.ndarray:
        """Return how to hold closed fingers that push along a level way (3,).

        positions: (N, 3), of which those along the table are where they push. Straight down and
        across the way, where the sides of the fingers are flat; along it where that gives the hand
        more room between what stands beside the way.
        """
        low = positions[self.lowest(positions)]
        length = float(np.linalg.norm(low[-1] - low[0]))
        middle = (low[0] + low[-1]) / 2
        points = self._around(middle, length / 2 + 2 * HAND[0])
        high = points - middle
        high = high[(high[:, 2] > FINGERS_LONG) & (high[:, 2] < HAND_HIGH)]
        ahead, aside = np.abs(high @ way), np.abs(high[:, :2] @ [-way[1], way[0]])

        def in_the_way(ahead_of_hand: float, beside: float) -> int:
            hit = (ahead < length / 2 + ahead_of_hand) & (aside < beside)
            return int(hit.sum()) // FEW

        wide, deep = HAND
        narrower = in_the_way(wide, deep) < in_the_way(deep, wide)
        return self._down(way[:2]) if narrower else self.across(way)

    def straightened(self, positions: np.ndarray, drag: Drag, seen: np.ndarray) -> np.ndarray:
        """Return positions (N, 3), m, base frame, with a drag as what slides lets it go.

        By the handle, level, and out of the side that it is on, or in where it was told to be
        dragged in: until it is shut. As they are where no box has a handle. seen: (3,), what is
        seen where it is to be grasped.
        """
        place, end = positions[drag.grasp], positions[drag.end]
        points = self._around(place, cabinet.REACH, cabinet.ACROSS)
        box = cabinet.cabinet_at(points, place, self.table_height + TABLE)
        if box is None:
            return positions
        off = box.handle - seen
        grasp = place + off * (np.linalg.norm(off) > ON_IT)
        goal = grasp + self._how_far(end - place, box) * np.array([*box.way, 0.0])
        out = positions + (grasp - place)
        out[drag.grasp + 1 :] = positions[drag.grasp + 1 :] + (goal - end)
        out[drag.grasp + 1 : drag.end + 1] = goal
        return out

    def _how_far(self, told: np.ndarray, box: cabinet.Cabinet) -> float:
        """Return how far out of a box it is to be dragged, m, where it was told to go (3,)."""
        length = float(np.linalg.norm(told[:2]))
        along = float(told[:2] @ box.way)
        clear = abs(along) >= CLEARLY * length and length >= SHORT
        if box.opened < SHUT:
            return along if clear and along < 0 else USUAL
        return along if clear and along > 0 else -box.opened

    def dragging(self, positions: np.ndarray, drag: Drag) -> np.ndarray:
        """Return how to hold what is dragged through positions (N, 3).

        The fingers close across the way, or along it where a handle is long across.
        """
        place = positions[drag.grasp]
        way = (positions[drag.end] - place) * [1.0, 1.0, 0.0]
        across, points = self.across(way), self._around(place, LOCAL)
        handle = surface.grasp_rotation_at(points, place, across, place[2] - HANDLE, 0.0)
        fingers = handle[:2, end_effector.FINGERS]
        long = abs(fingers @ way[:2]) > np.sqrt(0.5) * np.linalg.norm(way)
        return self._down(way[:2]) if long else across

    def _down(self, fingers: np.ndarray) -> np.ndarray:
        """Return the hand straight down, its fingers along a level direction (2,)."""
        R = end_effector.grasp_rotation(end_effector.DOWN, np.array([*fingers, 0.0]))
        return end_effector.nearest_grasp(R, self.present)

    def _around(self, place: np.ndarray, reach: float, across: int = ACROSS) -> np.ndarray:
        """Return the points, float32 (N, 3), base frame, that are seen around a place (3,)."""
        frame, T = self.scene.frame, self.scene.T_base_camera
        in_camera = (place - T[:3, 3]) @ T[:3, :3]
        if in_camera[2] < NEAREST:
            return np.zeros((0, 3), dtype=np.float32)
        pixel = project(frame.intrinsics, in_camera)
        points = points_around(frame, pixel, float(in_camera[2]), reach, across)
        return (points @ T[:3, :3].T + T[:3, 3]).astype(np.float32)


def _way(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the unit vector (2,) from a place (2,) to another one, and how far it is."""
    step = end - start
    length = float(np.linalg.norm(step))
    return step / max(length, 1e-9), length
