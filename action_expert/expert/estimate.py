"""Where a guide's waypoints were meant to be, as far as it has been seen: remembered, refined."""

from __future__ import annotations

import dataclasses

import numpy as np

from action_expert.expert.condition import find_aim, is_around
from action_expert.expert.held import Doing
from action_expert.expert.push import push_start
from action_expert.guide import GuideWaypoints
from action_expert.preparation import is_drag
from action_expert.shift import apart, beside
from gae_arm.core import end_effector, geometry
from gae_arm.core.things import middle_at

BEHIND, CONE = 0.02, 0.7
"""m and cosine: a neighbour so far behind an aim, and no farther beside it, is a way in or out."""
FELT, HELD = 0.025, 0.05
"""m: so near where the hand was going to touch, what stops it is what it was to touch; and when it
holds something that it was going to let go of: a drawer goes where it can."""
ONWARD = 0.035
"""m: what is pushed away from the arm goes on so far past its end, by as much as a plan errs, or to
its stop; fingers that pull slip off there."""
LEAVES, BESIDE = 0.03, 0.12
"""m: a hand goes back from what it has pushed by no more, on its way up; what is farther from where
a push ends says nothing about it."""
HIDDEN, ELSEWHERE = 0.1, 0.05
"""m: so near a hand hides what it is going to touch; what was seen there so far off has moved."""
ABOVE = 0.05
"""m: above where fingers grasp or let go, what is there is no higher."""
RAIL = 0.87
"""Cosine: what slides goes along the hand's axis that is so near: handles are held so."""
SAME_TURN = 0.6
"""rad: the hand keeps its orientation on a way in or out, unless a plan says more than an error."""


class Estimate:
    """Corrections of waypoints, (K, 6) shifts in the base frame, and which of them are known.

    waypoints: as the plan has them, all lengths m. A correction is approached with a time constant.
    """

    def __init__(self, waypoints: GuideWaypoints) -> None:
        self._said = waypoints
        self._shifts = np.zeros((len(waypoints.poses), 6))
        self.known = np.zeros(len(waypoints.poses), dtype=bool)
        self._follows = np.zeros(len(waypoints.poses), dtype=bool)
        self._felt = np.zeros(len(waypoints.poses), dtype=bool)
        self._outlines: dict[int, np.ndarray] = {}

    def drag(self, aim: int) -> None:
        """Take in where something is dragged to, if it is: two waypoints say it, no cloud does.

        The hand goes to the middle of both, along its own axis if that is near, and keeps its turn.
        """
        said, before = self._said, aim - 1
        grasp = next((k for k in range(before, -1, -1) if said.touches[k]), None)
        if self.known[aim] or grasp is None or not self._is_dragged(aim):
            return
        T_grasp = beside(said.poses[grasp], self._shifts[grasp])
        T = said.poses[aim].copy()
        way = said.poses[[before, aim], :3, 3].mean(axis=0) - T_grasp[:3, 3]
        way = _along_an_axis(way, T_grasp[:3, :3])
        if way[:2] @ T_grasp[:2, 3] > 0:
            way = way * (1 + ONWARD / np.linalg.norm(way))
        T[:3, 3] = T_grasp[:3, 3] + way
        turn = geometry.matrix_to_rotation_vector(T[:3, :3] @ T_grasp[:3, :3].T)
        if np.linalg.norm(turn) < SAME_TURN:
            T[:3, :3] = T_grasp[:3, :3]
        for k in (before, aim):
            self._shifts[k] = apart(said.poses[k], T)
            self.known[k] = self._follows[k] = True

    def _is_dragged(self, aim: int) -> bool:
        """Return whether what was grasped two waypoints before is let go of where it was moved."""
        said = self._said
        if aim < 2 or list(said.touches[aim - 2 : aim + 1]) != [True, False, True]:
            return False
        closes, opens = said.gripper[aim - 2] < 0.5, said.gripper[aim] > 0.5
        return bool(closes and opens and is_drag(*said.poses[aim - 1 : aim + 1, :3, 3]))

    def doing(self, k: int) -> Doing:
        """Return what is done on the way to a waypoint with what the hand holds."""
        if any(self._is_dragged(i) for i in (k, k + 1) if i < len(self.known)):
            return Doing.DRAG
        puts = self._said.touches[k] and self._said.gripper[k] > 0.5
        return Doing.PUT_DOWN if puts else Doing.CARRY

    def push(self, aim: int) -> None:
        """Take in where a push ends, if one does: two waypoints say it, no cloud does.

        Level from where it begins; the way back says beside what line it was meant.
        """
        said, start = self._said, aim - 2
        if self.known[aim] or start < 0 or not self.begins_push(start) or not said.touches[aim]:
            return
        T, begin = said.poses[aim].copy(), beside(said.poses[start], self._shifts[start])
        T[:2, 3] = self._pushed_to(aim, begin[:2, 3])
        T[2, 3], T[:3, :3] = begin[2, 3], begin[:3, :3]
        self._put(aim, T)

    def _pushed_to(self, aim: int, begin: np.ndarray) -> np.ndarray:
        """Return where a push that begins at (2,) ends, (2,), as far as its plan says."""
        places = self._said.poses[:, :2, 3]
        after = places[min(aim + 1, len(places) - 1)]
        return _nearer_line(places[aim], after, begin)

    def begins_push(self, aim: int) -> bool:
        """Return whether something is pushed from this aim on."""
        return aim + 2 < len(self.known) and is_around(self._said, aim + 1)

    def outlined(
        self, aim: int, shift: np.ndarray, points: np.ndarray | None, T_base_ee: np.ndarray
    ) -> np.ndarray:
        """Return the shift (6,) of an aim to where the outline of what is there says, level.

        Behind what is pushed; at the middle of what is small and grasped, or stacked on. As it is
        where no such thing is seen; a hand that is near, (4, 4), hides it: as it was seen before.
        points: float32 (N, 3), base frame.
        """
        place = self._said.poses[aim, :3, 3] + shift[:3]
        before, out = self._outlines.get(aim), shift.copy()
        if np.linalg.norm(place - T_base_ee[:3, 3]) > HIDDEN and points is not None:
            found = self._outline(aim, place, points)
        elif before is not None and np.linalg.norm(before - place[:2]) < ELSEWHERE:
            found = before
        else:
            found = None
        if found is None:
            self._outlines.pop(aim, None)
        else:
            self._outlines[aim] = found
            out[:2] = found - self._said.poses[aim, :2, 3]
        return out

    def _outline(self, aim: int, place: np.ndarray, points: np.ndarray) -> np.ndarray | None:
        if self.begins_push(aim):
            return push_start(points, place[:2], self._pushed_to(aim + 2, place[:2]))
        if self._said.touches[aim] and not self._is_dragged(aim):
            return middle_at(points, place[:2], float(place[2]) + ABOVE)
        return None

    def waypoints(self) -> GuideWaypoints:
        """Return the waypoints where they are thought to be meant."""
        return dataclasses.replace(self._said, poses=beside(self._said.poses, self._shifts))

    def settled(self, k: int) -> bool:
        """Return whether to look at a waypoint no more: it was felt, or follows from its aim."""
        return bool(self._felt[k] or self._follows[k])

    def feel(self, k: int, T_base_ee: np.ndarray) -> int | None:
        """Take in that the hand was stopped at (4, 4) on its way to a waypoint that touches.

        Return the waypoint that is taken to be there, if any.

        Nearly there, that is what it was to touch: looking would push it on. What is dragged is at
        its stop. It is felt once: who asked again would follow a hand that gives way.
        """
        drags = [i for i in (k, k + 1) if i < len(self.known) and self._is_dragged(i)]
        k = drags[0] if drags else k
        if self._felt[k] or not self._said.touches[k]:
            return None
        distance = np.linalg.norm(self.waypoints().poses[k, :3, 3] - T_base_ee[:3, 3])
        if distance >= (HELD if self._said.gripper[k] > 0.5 else FELT):
            return None
        self.take(k, apart(self._said.poses[k], T_base_ee), 1.0)
        self._felt[k] = True
        if drags:
            self._shifts[k - 1] = apart(self._said.poses[k - 1], T_base_ee)
        return k

    def take(self, aim: int, shift: np.ndarray, share: float) -> None:
        """Take in what has been seen of an aim: its shift (6,), of which `share` counts, 0 to 1.

        The straight ways to it and from it go along.
        """
        share = share if self.known[aim] else 1.0
        self._shifts[aim] += share * (shift - self._shifts[aim])
        self.known[aim] = True
        T = beside(self._said.poses[aim], self._shifts[aim])
        for k in (*self._ways_in(aim), aim + 1):
            if k < len(self.known) and self._is_behind(k, aim):
                self._put(k, self._behind(k, aim, T))
            elif k == aim + 1 < len(self.known) - 1 and is_around(self._said, k):
                self._put(k, self._on_the_way(k, T))

    def _put(self, k: int, T: np.ndarray) -> None:
        """Take in that a waypoint is at (4, 4), because of where another one is."""
        self._shifts[k] = apart(self._said.poses[k], T)
        self.known[k] = self._follows[k] = True

    def _ways_in(self, aim: int) -> list[int]:
        return [k for k in (aim - 2, aim - 1) if k >= 0 and find_aim(self._said, k) == aim]

    def _is_behind(self, k: int, aim: int) -> bool:
        if self._said.touches[k] and not self.begins_push(aim):
            return False
        offset, back = self._offset(k, aim)
        return back >= max(BEHIND, CONE * float(np.linalg.norm(offset)))

    def _on_the_way(self, k: int, T_before: np.ndarray) -> np.ndarray:
        """Return the pose (4, 4) of a waypoint on the straight way from the one before."""
        said, T = self._said.poses[k - 1 : k + 1, :3, 3], T_before.copy()
        way = self.waypoints().poses[k + 1, :3, 3] - T[:3, 3]
        length = max(float(np.linalg.norm(way)), 1e-9)
        T[:3, 3] += min(1.0, float(np.linalg.norm(said[1] - said[0])) / length) * way
        return T

    def _offset(self, k: int, aim: int) -> tuple[np.ndarray, float]:
        """Return from the aim to a waypoint (3,), m, and how far that is against the approach."""
        T = self._said.poses[aim]
        offset = self._said.poses[k, :3, 3] - T[:3, 3]
        return offset, -float(offset @ end_effector.approach(T[:3, :3]))

    def _behind(self, k: int, aim: int, T_aim: np.ndarray) -> np.ndarray:
        """Return the pose (4, 4) straight behind the aim, about as far as the plan has it.

        Errors of a plan may be those of each waypoint, then the place itself says more than how far
        it is from the aim as said; or of all of them, then it says less: the middle of both.
        """
        _, back = self._offset(k, aim)
        turn = self._said.poses[aim, :3, :3].T @ self._said.poses[k, :3, :3]
        T, approach = T_aim.copy(), end_effector.approach(T_aim[:3, :3])
        seen = -float((self._said.poses[k, :3, 3] - T[:3, 3]) @ approach)
        T[:3, 3] -= max(BEHIND, (back + seen) / 2) * approach
        if np.linalg.norm(geometry.matrix_to_rotation_vector(turn)) > SAME_TURN:
            T[:3, :3] = T_aim[:3, :3] @ turn
        return T


def _nearer_line(end: np.ndarray, after: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """Return a push's end (2,) in the middle of what two waypoints (2,) say of it.

    The second is over it, or up to LEAVES behind it.
    """
    way = (end + after) / 2 - begin
    ahead = way / max(float(np.linalg.norm(way)), 1e-9)
    back = float(np.clip((end - after) @ ahead, 0.0, LEAVES))
    near = np.linalg.norm(end - after) < BESIDE
    return (end + after + back * ahead) / 2 if near else end


def _along_an_axis(way: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """Return the part of a way (3,) along the axis of a rotation (3, 3) that is near, or all."""
    parts = way @ rotation
    i = int(np.abs(parts).argmax())
    near = abs(parts[i]) > RAIL * np.linalg.norm(way)
    return parts[i] * rotation[:, i] if near else way
