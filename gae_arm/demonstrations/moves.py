"""How each kind of step is done, as poses of the end effector: geometry only, no choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.arm_sim.tasks.steps import Press
from gae_arm.core import geometry
from gae_arm.core.plan import Waypoint

APPROACH = 0.10
"""m: from where the hand goes straight to what it grasps, and back to where it lets go."""
DROP = 0.004
"""m: above where it rests, a thing is let go of."""
LOWEST = 0.022
"""m: above the table, where the closed fingers push at least: no finger drags along it."""
PUSH_GAP = 0.03
"""m: between the closed fingers and the side that they are going to push."""
AJAR = 0.15
"""Opening of the gripper at the end of a push."""
FINGER = 0.011
"""m: half the thickness of the closed fingers, about the same for all grippers."""


@dataclass(frozen=True, eq=False)
class Keyframe:
    """A pose that the hand goes to. T_base_ee: float64 (4, 4). gripper: opening, None: as it is."""

    T_base_ee: np.ndarray
    gripper: float | None = None

    def waypoint(self) -> Waypoint:
        """Return it as a waypoint of a plan in the base frame."""
        turn = geometry.matrix_to_quaternion(self.T_base_ee[:3, :3])
        return Waypoint(self.T_base_ee[:3, 3], turn, self.gripper)


def raised(T: np.ndarray, by: float) -> np.ndarray:
    """Return the pose (4, 4) `by` m further up in the base frame."""
    return shifted(T, np.array([0.0, 0.0, by]))


def shifted(T: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return the pose (4, 4) moved by (3,), m, in the base frame."""
    out = T.copy()
    out[:3, 3] += by
    return out


def backed(T: np.ndarray, by: float) -> np.ndarray:
    """Return the pose (4, 4) `by` m further back along the approach, its own z axis."""
    return shifted(T, -by * T[:3, 2])


def grasp(T_grasp: np.ndarray, opened: bool, T_before: np.ndarray | None = None) -> list[Keyframe]:
    """Return the way to a grasp and the closing; opened: whether the gripper is open already.

    T_before: (4, 4), from where; None: straight from behind.
    """
    return [
        Keyframe(
            backed(T_grasp, APPROACH) if T_before is None else T_before, None if opened else 1.0
        ),
        Keyframe(T_grasp, 0.0),
    ]


def release(
    T_release: np.ndarray, above: float, opening: float = 1.0, drop: float = DROP
) -> list[Keyframe]:
    """Return the way from `above` m over a place down to it, the letting go and the way back.

    opening: of the gripper that lets go. drop: m, above the place.
    """
    T = raised(T_release, drop)
    return [
        Keyframe(raised(T_release, above)),
        Keyframe(T, opening),
        Keyframe(backed(T, APPROACH)),
    ]


def push(
    start: np.ndarray, end: np.ndarray, side: float, height: float, turn: float = 0.0
) -> list[Keyframe]:
    """Return a push along the table: start, end (3,), m, where the item is and shall be.

    side: m, from its frame to where the fingers meet it. height: m, of the fingers' middle in the
    base frame. turn: rad, of the hand about the vertical from where the fingers lie across the way.
    """
    way = (end - start)[:2]
    ahead = np.array([*way / max(float(np.linalg.norm(way)), 1e-9), 0.0])
    z = np.array([0.0, 0.0, -1.0])
    y = np.cross(z, ahead)
    across = np.stack([np.cross(y, z), y, z], axis=1)
    rotation = across @ geometry.rpy_to_matrix(0, 0, turn)
    reach = side + FINGER

    def at(point: np.ndarray, back: float) -> np.ndarray:
        place = point - back * ahead
        return geometry.transform(rotation, [*place[:2], height])

    first, last = at(start, reach + PUSH_GAP), at(end, reach)
    return [
        Keyframe(raised(first, APPROACH), 0.0),
        Keyframe(first),
        # Only for the gripper a policy waits until the arm has come: else it cuts the corner.
        Keyframe(last, AJAR),
        Keyframe(raised(shifted(last, -PUSH_GAP * ahead), APPROACH)),
    ]


def pressing(step: Press, T_base_item: np.ndarray, turn: float) -> np.ndarray:
    """Return the pose (4, 4) of a hand on a button, turned about the way of the press, rad."""
    about = geometry.transform(geometry.rpy_to_matrix(0, 0, turn), np.zeros(3))
    return T_base_item @ step.T_item_ee @ about


def press(T_press: np.ndarray, by: float) -> list[Keyframe]:
    """Return a press with closed fingers; it ends with the button down, which is all there is."""
    return [Keyframe(backed(T_press, APPROACH / 2), 0.0), Keyframe(backed(T_press, -by))]
