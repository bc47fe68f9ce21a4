"""Whether the arm has room on its way: among what is really there, as the governor will see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.settings import ArmControlSettings
from gae_arm.demonstrations.moves import Keyframe
from gae_arm.demonstrations.solids import Solids

NOISE = 0.005
"""m that the governor's cloud errs at most, so that it does not stop what is free."""
TOUCH = 0.002
"""m that the arm keeps from what it does not mean to touch, where the governor lets it."""


@dataclass(frozen=True, eq=False)
class Stage:
    """What counts on one stretch of a way.

    opening: of the gripper. without: names of things that are meant to be touched, or are held.
    carrying: whether the gripper is closed on something.
    """

    opening: float
    without: frozenset[str]
    carrying: bool


class Room:
    """The scene at one moment.

    poses: (4, 4) by name. sites: (G, 3), m, where a plan grasps and lets go: there the governor
    lets the hand come near.
    """

    def __init__(
        self,
        collision: CollisionModel,
        solids: Solids,
        poses: Mapping[str, np.ndarray],
        sites: Sequence[np.ndarray],
    ) -> None:
        self._collision, self._solids, self._poses = collision, solids, poses
        self._sites = np.reshape(sites, (-1, 3))
        self._split: dict[frozenset[str], tuple[np.ndarray, np.ndarray]] = {}
        settings = ArmControlSettings()
        self._site_radius, self._carry_radius = settings.site_radius, settings.carry_radius
        self._keep = GovernorSettings().stop_distance + NOISE

    def is_free(self, q: np.ndarray, end_effector: np.ndarray, stage: Stage) -> bool:
        """Return whether the arm has room at joint positions q (N,) with its hand at (3,), m."""
        near, far = self._points(stage.without)
        distance = self._collision.obstacle_distance
        if stage.carrying:
            about = np.linalg.norm(far - end_effector, axis=1) < self._carry_radius
            near, far = np.concatenate([near, far[about]]), far[~about]
        return (
            distance(q, near, stage.opening).distance > TOUCH
            and distance(q, far).distance > self._keep
        )

    def _points(self, without: frozenset[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the points where the governor lets the hand come near, and the others."""
        if without not in self._split:
            points = self._solids.points(self._poses, without)
            apart = np.linalg.norm(points[:, None] - self._sites[None], axis=2)
            near = apart.min(axis=1, initial=np.inf) < self._site_radius
            above = points[:, 2] > self._collision.floor
            self._split[without] = points[near], points[~near & above]
        return self._split[without]


def sites_of(way: Sequence[Keyframe]) -> list[np.ndarray]:
    """Return where a way sets the gripper, (3,) each, m."""
    return [keyframe.T_base_ee[:3, 3] for keyframe in way if keyframe.gripper is not None]
