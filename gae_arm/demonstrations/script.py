"""What a planner that knows everything says: the next few waypoints of a task, from the truth.

The steps of a task are grouped into plans of a handful of waypoints: what is grasped is also put
down by the same plan. Grasps and turns are chosen so that the arm reaches every pose without
touching itself or the table, with the least turning of the hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.reach import Reach
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.steps import Step
from gae_arm.arm_sim.tasks.truth import Truth
from gae_arm.core.arm import ArmConfig
from gae_arm.demonstrations.moves import Keyframe
from gae_arm.demonstrations.ways import NoWayError, Ways, grouped

ROOM = 1e-3
"""m: between the links, and to the table, where a keyframe counts as free."""


class Script:
    """Turns the steps of one task into keyframes for one arm.

    rng: chooses among the grasps that are possible; None: always the one with the least turning.
    """

    def __init__(
        self, arm: ArmConfig, instance: TaskInstance, rng: np.random.Generator | None = None
    ) -> None:
        self.instance = instance
        self.groups = tuple(grouped(instance.steps))
        self._ways = Ways(instance, rng)
        kinematics = Kinematics(arm)
        self._collision = CollisionModel(kinematics, instance.table_height)
        self._reach = Reach(kinematics, lambda q: self._collision.is_free(q, ROOM))
        self._kinematics = kinematics

    def keyframes(
        self, group: Sequence[Step], truth: Truth, q: np.ndarray, opened: bool
    ) -> list[Keyframe]:
        """Return the keyframes of a group of steps.

        q: (N,), rad, where the arm is. opened: whether the gripper is open. Raises NoWayError.
        """
        T_now = self._kinematics.forward(q)
        for way in self._ways.find(group, truth.poses, truth.joints, T_now, opened):
            if self._possible(way, q):
                return way
        raise NoWayError(f'no way to do {group!r} is within reach')

    def _possible(self, way: Sequence[Keyframe], q: np.ndarray) -> bool:
        """Return whether each pose is within reach, from the joints (N,) of the one before."""
        for keyframe in way:
            found = self._reach.check(keyframe.T_base_ee, q)
            if not found.reachable:
                return False
            q = found.q
        return True
