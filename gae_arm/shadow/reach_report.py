"""How much of a real scene an arm reaches, and how far from its limits it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.reach import Reach
from gae_arm.core import end_effector
from gae_arm.core.arm import ArmConfig
from gae_arm.core.geometry import quaternion_to_matrix, transform
from gae_arm.core.plan import WaypointPlan
from gae_arm.shadow.surroundings import Surroundings

SAMPLES, SEED = 150, 0
NEAR_TABLE = 0.25
"""m above the table up to which what is seen counts as something to grasp."""
HOVER = 0.02


@dataclass(frozen=True, eq=False)
class WaypointReach:
    """How well one waypoint is reached.

    position: (3,), m, base frame. away: m, from the base's axis. reached: within the joints'
    limits. error: m, to the nearest pose that is. margin: rad, of the joint nearest to a limit.
    """

    position: np.ndarray
    away: float
    reached: bool
    error: float
    margin: float


def waypoint_reach(arm: ArmConfig, plan: WaypointPlan, q: np.ndarray) -> list[WaypointReach]:
    """Return the reach of each waypoint of a plan in the base frame, one after the other from q.

    Waypoints without an orientation are taken pointing down.
    """
    reach, turn = Reach(Kinematics(arm)), _down()
    out = []
    for waypoint in plan.waypoints:
        if waypoint.orientation is not None:
            turn = quaternion_to_matrix(waypoint.orientation)
        answer = reach.check(transform(turn, waypoint.position), q)
        q = answer.q
        room = np.minimum(q - arm.limits.lower, arm.limits.upper - q)
        away = float(np.hypot(*waypoint.position[:2]))
        out.append(
            WaypointReach(
                waypoint.position, away, answer.reachable, answer.position_error, float(room.min())
            )
        )
    return out


def graspable_share(arm: ArmConfig, around: Surroundings) -> tuple[float, float, int]:
    """Return the share of what stands and lies on the table that is reached from straight above.

    Also the distance from the base's axis, m, within which 95 % of the reached points are, and how
    many points were tried: a random, seeded choice of those up to NEAR_TABLE above the table.
    """
    heights = around.points[:, 2] - around.table
    near = around.points[(heights > -0.02) & (heights < NEAR_TABLE)].astype(np.float64)
    if not len(near):
        return 0.0, 0.0, 0
    rng = np.random.default_rng(SEED)
    chosen = near[rng.choice(len(near), min(SAMPLES, len(near)), replace=False)]
    reach, turn = Reach(Kinematics(arm)), _down()
    poses = transform(np.tile(turn, (len(chosen), 1, 1)), chosen + np.array([0.0, 0.0, HOVER]))
    reached = np.array([reach.check(T).reachable for T in poses])
    away = np.hypot(chosen[reached, 0], chosen[reached, 1])
    farthest = float(np.percentile(away, 95)) if reached.any() else 0.0
    return float(reached.mean()), farthest, len(chosen)


def _down() -> np.ndarray:
    return end_effector.grasp_rotation(end_effector.DOWN, np.array([0.0, -1.0, 0.0]))
