"""Where a plan touches things: spheres of the cloud that are no obstacles then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks, geometry
from gae_arm.core.plan import WaypointPlan

EVENT = 0.05
"""Smaller changes of the opening are no grasp and no release."""
CARRY_STEP = 0.01
"""m that the end effector moves until the sphere around it is moved after it."""
NO_SPHERES = np.zeros((0, 4))


@dataclass(frozen=True, eq=False)
class GraspSites(checks.Contract):
    """Where a plan closes its gripper, and where it opens it again.

    places: float64 (G, 3), m, base frame. expiry_ns: of the plan. carrying_below: openings below
    this mean that something may be between the fingers; 0.0 if the plan never closes them.
    """

    places: np.ndarray
    expiry_ns: int
    carrying_below: float

    @classmethod
    def of(cls, plan: WaypointPlan, T_base_frame: np.ndarray, opening: float = 1.0) -> GraspSites:
        """Return those of a plan; T_base_frame: its frame's pose. opening: when it begins."""
        places, closed, least = [], opening < 1.0 - EVENT, opening
        last = opening
        for waypoint in plan.waypoints:
            if waypoint.gripper is None:
                continue
            closes = waypoint.gripper < last - EVENT
            if closes or (closed and waypoint.gripper > last + EVENT):
                places.append(waypoint.position)
            closed = closed or closes
            last, least = waypoint.gripper, min(least, waypoint.gripper)
        points = np.array(places).reshape(-1, 3)
        return cls(
            places=geometry.transform_points(T_base_frame, points),
            expiry_ns=plan.expiry_ns,
            carrying_below=(1.0 + least) / 2 if closed else 0.0,
        )


class ExemptSpheres:
    """The spheres of the newest plan, and the one that is carried along with the end effector.

    site_radius: m, around each place where the plan grasps or lets go, until it expires.
    carry_radius: m, around the end effector while the gripper is closed as the plan closes it.
    """

    def __init__(self, site_radius: float, carry_radius: float) -> None:
        self._site_radius = site_radius
        self._carry_radius = carry_radius
        self._sites: GraspSites | None = None
        self._carried: np.ndarray | None = None
        self._spheres = NO_SPHERES

    def set_sites(self, sites: GraspSites | None) -> None:
        """Take those of a new plan; None while they are not known."""
        self._sites = sites

    def update(self, now_ns: int, end_effector: np.ndarray, opening: float | None) -> np.ndarray:
        """Return float64 (G, 4): x, y, z, radius, m, base frame; the same array while they stay.

        end_effector: (3,), m. opening: as commanded, None for never.
        """
        sites = self._sites
        carrying = sites is not None and opening is not None and opening < sites.carrying_below
        if not carrying:
            self._carried = None
        elif self._carried is None or np.linalg.norm(self._carried - end_effector) > CARRY_STEP:
            self._carried = end_effector.copy()
        valid = sites is not None and now_ns <= sites.expiry_ns
        centers = [] if sites is None or not valid else list(sites.places)
        rows = [[*center, self._site_radius] for center in centers]
        if self._carried is not None:
            rows.append([*self._carried, self._carry_radius + CARRY_STEP])
        spheres = np.array(rows).reshape(-1, 4)
        if not np.array_equal(spheres, self._spheres):
            self._spheres = spheres
        return self._spheres
