"""What a planner that knows everything says: the next few waypoints of a task, from the truth.

The steps of a task are grouped into plans of a handful of waypoints: what is grasped is also put
down by the same plan. Grasps and turns are chosen so that the arm reaches every pose, and gets
there, without touching itself, the table or what is around, with the least turning of the hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.ik import DifferentialIk
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.arm_control.reach import Reach
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.steps import Lift, Slide, Step
from gae_arm.arm_sim.tasks.truth import Truth
from gae_arm.core import geometry
from gae_arm.core.arm import ArmConfig
from gae_arm.demonstrations.moves import Keyframe
from gae_arm.demonstrations.room import Room, Stage, sites_of
from gae_arm.demonstrations.solids import Solids
from gae_arm.demonstrations.variety import Variety
from gae_arm.demonstrations.ways import NoWayError, Ways, grouped

ROOM = 1e-3
"""m: between the links, and to the table, where a keyframe counts as free."""
STRIDE, TURN = 0.03, 0.15
"""m, rad, between the poses of a way that are looked at."""
STEPS, STEP_S = 3, 0.05
"""In so many steps, of so many seconds, control leads from one of them to the next."""
ASTRAY, ASTRAY_TURN = 0.006, 0.06
"""m, rad: where control ends so far off, it does not get there."""
FROM_LIMITS = 0.2
"""rad that joints keep from their limits, or come no nearer than they are: control does not go
quite the way that is looked at."""
OVERFLY = 0.14
"""m that the end effector goes above the highest thing where no lower way has room."""
MOST_WAYS, MOST_LOOKS = 1300, 40
"""Ways that are tried at most, and those of them that are gone along."""
Reached = dict[tuple[bytes, bytes], np.ndarray | None]
"""Joints (N,) by the pose that they reach and those that the search began at; None: none do."""


class _Found(NamedTuple):
    """The best of some ways, empty if none is within reach; whether it leads all the way.

    cramped: which of the ways have no room at one of their keyframes.
    """

    way: list[Keyframe]
    whole: bool
    cramped: set[int]


class Script:
    """Turns the steps of one task into keyframes for one arm.

    variety: in how things are grasped; None: always with the least turning.
    """

    def __init__(
        self, arm: ArmConfig, instance: TaskInstance, variety: Variety | None = None
    ) -> None:
        self.instance = instance
        self.groups = tuple(grouped(instance.steps))
        self._ways = Ways(instance, variety)
        kinematics = Kinematics(arm)
        self._collision = CollisionModel(kinematics, instance.table_height)
        self._reach = Reach(kinematics, lambda q: self._collision.is_free(q, ROOM))
        self._kinematics = kinematics
        self._solids = Solids(instance.scene)
        limited = limited_arm(arm, GovernorSettings())
        self._ik = DifferentialIk(Kinematics(limited))

    def keyframes(
        self, group: Sequence[Step], truth: Truth, q: np.ndarray, opened: bool
    ) -> list[Keyframe]:
        """Return the keyframes of a group of steps: a way with room for all of the arm.

        Where there is none, one that leads farthest, or is at least within reach. q: (N,), rad,
        where the arm is. opened: whether the gripper is open. Raises NoWayError.
        """
        T_now = self._kinematics.forward(q)
        all_ = self._ways.find(group, truth.poses, truth.joints, T_now, opened)
        ways = list(itertools.islice(all_, MOST_WAYS))
        known: Reached = {}
        found = self._best(ways, group, truth, q, opened, known)
        if found.whole:
            return found.way
        # Where there is no room at a way's keyframes there is none from above either.
        higher = [
            [self._above(T_now, way[0]), *way]
            for i, way in enumerate(ways)
            if i not in found.cramped
        ]
        over = self._best(higher, group, truth, q, opened, known)
        way = over.way if over.whole else found.way
        if not way:
            raise NoWayError(f'no way to do {group!r} is within reach')
        return way

    def _above(self, T_now: np.ndarray, first: Keyframe) -> Keyframe:
        """Return a keyframe half-way to the first one, above all that stands there."""
        T = first.T_base_ee.copy()
        T[:2, 3] = (T[:2, 3] + T_now[:2, 3]) / 2
        top = max(item.height for item in self.instance.items.values())
        T[2, 3] = max(T[2, 3], T_now[2, 3], self.instance.table_height + top + OVERFLY)
        return Keyframe(T)

    def _best(
        self,
        ways: Iterable[list[Keyframe]],
        group: Sequence[Step],
        truth: Truth,
        q: np.ndarray,
        opened: bool,
        known: Reached,
    ) -> _Found:
        """Return the first way that leads all the way, or the best of the others."""
        cramped: set[int] = set()
        closed: set[bytes] = set()
        best: list[Keyframe] = []
        farthest, looks = -1, 0
        for i, way in enumerate(ways):
            begun = itertools.accumulate(keyframe.T_base_ee.tobytes() for keyframe in way)
            if looks == MOST_LOOKS or not closed.isdisjoint(begun):
                continue
            if not self._leads_through(way, q, known):
                continue
            best = best or way
            room = Room(self._collision, self._solids, truth.poses, sites_of(way))
            stages = list(_stages(way, group, opened))
            if not self._stands(way, stages, room, q, known):
                cramped.add(i)
                continue
            looks += 1
            done = self._gets_to(way, stages, room, q)
            if done == len(way):
                return _Found(way, True, cramped)
            closed.add(b''.join(keyframe.T_base_ee.tobytes() for keyframe in way[: done + 1]))
            if done > farthest:
                best, farthest = way, done
        return _Found(best, False, cramped)

    def _reached(self, T: np.ndarray, q: np.ndarray, known: Reached) -> np.ndarray | None:
        """Return joints (N,) at the pose (4, 4), looked for from q (N,); None: out of reach."""
        key = T.tobytes(), q.tobytes()
        if key not in known:
            found = self._reach.check(T, q)
            known[key] = found.q if found.reachable else None
        return known[key]

    def _leads_through(self, way: Sequence[Keyframe], q: np.ndarray, known: Reached) -> bool:
        """Return whether each pose is within reach, from the joints (N,) of the one before."""
        for keyframe in way:
            reached = self._reached(keyframe.T_base_ee, q, known)
            if reached is None:
                return False
            q = reached
        return True

    def _stands(
        self,
        way: Sequence[Keyframe],
        stages: Sequence[Stage],
        room: Room,
        q: np.ndarray,
        known: Reached,
    ) -> bool:
        """Return whether the arm has room at every keyframe; q: (N,), where the search begins.

        Before the gripper moves there, and after. The last ones come first: where something is put
        down there is the least room.
        """
        after = [*stages[1:], stages[-1]]
        for keyframe, *both in reversed(list(zip(way, stages, after, strict=True))):
            reached, place = self._reached(keyframe.T_base_ee, q, known), keyframe.T_base_ee[:3, 3]
            if reached is None or not all(room.is_free(reached, place, s) for s in both):
                return False
        return True

    def _gets_to(
        self, way: Sequence[Keyframe], stages: Sequence[Stage], room: Room, q: np.ndarray
    ) -> int:
        """Return to how many keyframes control leads the arm one after the other, untouched."""
        T = self._kinematics.forward(q)
        for done, (keyframe, stage) in enumerate(zip(way, stages, strict=True)):
            for T_next in _between(T, keyframe.T_base_ee):
                followed = self._follow(q, T_next)
                if followed is None or not room.is_free(followed, T_next[:3, 3], stage):
                    return done
                q = followed
            T = keyframe.T_base_ee
        return len(way)

    def _follow(self, q: np.ndarray, T: np.ndarray) -> np.ndarray | None:
        """Return the joints (N,) to which the arm's own control leads from q; None: not to T."""
        least = min(FROM_LIMITS, self._from_limits(q))
        for _ in range(STEPS):
            q = q + STEP_S * self._ik.step(q, T, STEP_S).q_dot
        left = self._ik.step(q, T, STEP_S)
        off = left.position_error > ASTRAY or left.orientation_error > ASTRAY_TURN
        return None if off or self._from_limits(q) < least else q

    def _from_limits(self, q: np.ndarray) -> float:
        """Return how far the joints (N,) are from their limits, rad, the nearest one."""
        limits = self._kinematics.arm.limits
        return float(min((q - limits.lower).min(), (limits.upper - q).min()))


def _stages(way: Iterable[Keyframe], group: Sequence[Step], opened: bool) -> Iterator[Stage]:
    """Yield what counts on the way to each keyframe.

    What is pushed or pressed may be touched all the time; what is grasped once the gripper closes.
    """
    item = group[0].item
    grasps = isinstance(group[0], (Lift, Slide))
    opening = 1.0 if opened else 0.0
    closed = not grasps
    for keyframe in way:
        yield Stage(opening, frozenset([item] if closed else []), closed and grasps)
        if keyframe.gripper is not None:
            closed = closed or keyframe.gripper < opening
            opening = keyframe.gripper


def _between(T: np.ndarray, T_end: np.ndarray) -> Iterator[np.ndarray]:
    """Yield poses (4, 4) along the straight way from one to another, which is the last."""
    turn = geometry.matrix_to_rotation_vector(T_end[:3, :3] @ T[:3, :3].T)
    way = T_end[:3, 3] - T[:3, 3]
    count = int(max(np.ceil(np.linalg.norm(way) / STRIDE), np.ceil(np.linalg.norm(turn) / TURN), 1))
    for share in np.arange(1, count + 1) / count:
        rotation = geometry.rotation_vector_to_matrix(share * turn) @ T[:3, :3]
        yield geometry.transform(rotation, T[:3, 3] + share * way)
