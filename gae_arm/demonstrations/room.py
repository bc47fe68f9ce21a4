"""Whether the arm has room on its way: among what is really there, as the governor will see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gae_arm.arm_control.cloud_distance import divided
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
        self._split: dict[frozenset[str], tuple[np.ndarray, np.ndarray]] = {}
        settings = ArmControlSettings()
        self._sites = _spheres(sites, settings.site_radius)
        self._carry_radius = settings.carry_radius
        self._keep = GovernorSettings().stop_distance + NOISE

    def is_free(self, q: np.ndarray, end_effector: np.ndarray, stage: Stage) -> bool:
        """Return whether the arm has room at joint positions q (N,) with its hand at (3,), m."""
        near, far = self._points(stage.without)
        if stage.carrying:
            about, far = divided(far, _spheres([end_effector], self._carry_radius))
            near = np.concatenate([near, about])
        distance = self._collision.obstacle_distance
        return (
            distance(q, near, stage.opening, within=TOUCH).distance > TOUCH
            and distance(q, far, within=self._keep).distance > self._keep
        )

    def _points(self, without: frozenset[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the points where the governor lets the hand come near, and the others."""
        if without not in self._split:
            points = self._solids.points(self._poses, without)
            near, far = divided(points, self._sites)
            self._split[without] = near, far[far[:, 2] > self._collision.floor]
        return self._split[without]


def _spheres(centers: Sequence[np.ndarray], radius: float) -> np.ndarray:
    """Return float64 (G, 4), x, y, z, radius, of centres (3,) each."""
    rows = [[*center, radius] for center in centers]
    return np.array(rows, np.float64).reshape(-1, 4)


def sites_of(way: Sequence[Keyframe]) -> list[np.ndarray]:
    """Return where a way sets the gripper, (3,) each, m."""
    return [keyframe.T_base_ee[:3, 3] for keyframe in way if keyframe.gripper is not None]
