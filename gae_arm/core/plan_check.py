"""Is a plan fit to be carried out? A refusal says why, which waypoint, and what is allowed.

What the contract refuses by itself (no waypoints, NaN, a gripper out of range) never comes here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.progress import PlanRefusal, PlanRefusedError
from gae_arm.core.settings import Settings, setting

OPTICAL = 'optical_frame'
"""How REP-103 has the names of camera frames end, in which only z > 0 can be seen."""
FOREIGN_SECONDS = 86_400.0
"""A plan of a day ago is not late: another clock has stamped it."""


@dataclass(frozen=True)
class PlanCheckSettings(Settings):
    """What a plan may ask for."""

    max_waypoints: int = setting(200, 'plans of more waypoints are refused', low=1, high=10_000)
    max_plan_age: float = setting(
        60.0, 'oldest image that a plan may rest on when it comes, s', low=0.1, high=3600.0
    )
    clock_tolerance: float = setting(
        0.05, 'what a stamp may lie in the future, s', low=0.0, high=1.0
    )
    workspace_lower: tuple[float, ...] = setting(
        (-1.0, -1.0, 0.0), 'lower corner of the box for the end effector, base frame, m', length=3
    )
    workspace_upper: tuple[float, ...] = setting(
        (1.0, 1.0, 1.5), 'upper corner of the box for the end effector, base frame, m', length=3
    )
    table_height: float = setting(
        0.0, "height of the table's surface in the base frame, m", low=-2.0, high=2.0
    )
    table_tolerance: float = setting(
        0.05, 'depth is not exact: waypoints this far below the surface are taken, m', low=0.0
    )
    table_clearance: float = setting(
        0.012,
        'waypoints lower than this above the surface are raised to it: the fingers reach beyond '
        'the end effector, m',
        low=0.0,
    )

    @classmethod
    def above(cls, table_height: float) -> PlanCheckSettings:
        """Return the rules for a table at z = `table_height`, m: the workspace begins there."""
        lower = (*cls.workspace_lower[:2], table_height)
        return cls(table_height=table_height, workspace_lower=lower)

    def __post_init__(self) -> None:
        """Check every field and how they fit together."""
        super().__post_init__()
        if not all(a < b for a, b in zip(self.workspace_lower, self.workspace_upper, strict=True)):
            raise InvalidValueError(
                f'workspace_lower {list(self.workspace_lower)} is not below workspace_upper '
                f'{list(self.workspace_upper)}'
            )


class Reached(Protocol):
    """Whether a pose can be reached, and the nearest that can; see arm_control's `Reachability`."""

    @property
    def reachable(self) -> bool:
        """Whether the nearest pose is the one that was asked for."""

    @property
    def nearest(self) -> np.ndarray:
        """T_base_ee (4, 4)."""

    @property
    def q(self) -> np.ndarray:
        """Joint positions (N,) there, rad."""

    @property
    def position_error(self) -> float:
        """From the pose that was asked for to the nearest one, m."""

    @property
    def orientation_error(self) -> float:
        """The same, rad."""


Reach = Callable[[np.ndarray, np.ndarray | None], Reached]
"""Maps T_base_ee (4, 4) and the joints (N,), rad, to begin from, None for home, to an answer."""


def check_message(
    plan: WaypointPlan, now_ns: int, settings: PlanCheckSettings, started_ns: int = 0
) -> None:
    """Check what needs no transform: number, clock, age, and that a camera can have seen it.

    started_ns: when who carries plans out began to listen: it does not go on by itself with a plan
    from before a restart. Raises PlanRefusedError.
    """
    count = len(plan.waypoints)
    if count > settings.max_waypoints:
        raise PlanRefusedError(
            PlanRefusal.TOO_MANY_WAYPOINTS,
            f'{count} waypoints, at most {settings.max_waypoints} are allowed',
        )
    _check_time(plan, now_ns, settings, started_ns)
    if plan.frame_id.endswith(OPTICAL):
        for i, waypoint in enumerate(plan.waypoints):
            if waypoint.position[2] <= 0:
                raise PlanRefusedError(
                    PlanRefusal.BEHIND_CAMERA,
                    f'waypoint {i} is behind the camera: z is {waypoint.position[2]:.3f} m in '
                    f'{plan.frame_id!r}, a camera sees z > 0',
                    i,
                )


def check_places(plan: WaypointPlan, settings: PlanCheckSettings) -> WaypointPlan:
    """Return a plan in the base frame with waypoints next to the table raised clear of it.

    All others must be above the table and in the workspace; both are convex, so straight ways
    between them are too. Raises PlanRefusedError.
    """
    raised = tuple(_placed(i, w, settings) for i, w in enumerate(plan.waypoints))
    return dataclasses.replace(plan, waypoints=raised)


def check_reach(
    poses: np.ndarray, sources: np.ndarray, reach: Reach, q: np.ndarray | None = None
) -> None:
    """Check that the arm can get to complete waypoints, one after the other.

    poses: T_base_ee, float64 (K, 4, 4). sources: int (K,), which waypoints of the plan they come
    from. q: (N,), rad, where the arm is. Raises PlanRefusedError with the nearest reachable pose.
    """
    for T, source in zip(poses, sources.tolist(), strict=True):
        answer = reach(T, q)
        if not answer.reachable:
            raise PlanRefusedError(
                PlanRefusal.UNREACHABLE,
                f'waypoint {source} is out of reach: {_pose(T)}; the nearest that the arm reaches '
                f'is {_pose(answer.nearest)}, {answer.position_error:.3f} m and '
                f'{answer.orientation_error:.3f} rad away',
                source,
            )
        q = answer.q


def check_expiry(plan: WaypointPlan, now_ns: int) -> None:
    """Check that the plan may still be carried out. Raises PlanRefusedError."""
    late = (now_ns - plan.expiry_ns) * 1e-9
    if late > 0:
        raise PlanRefusedError(PlanRefusal.STALE, f'the plan expired {late:.3f} s ago')


def _check_time(
    plan: WaypointPlan, now_ns: int, settings: PlanCheckSettings, started_ns: int
) -> None:
    age = (now_ns - plan.stamp_ns) * 1e-9
    if not -settings.clock_tolerance <= age <= FOREIGN_SECONDS:
        raise PlanRefusedError(
            PlanRefusal.CLOCK_MISMATCH,
            f'the plan is stamped {plan.stamp_ns * 1e-9:.3f} s, the node clock says '
            f'{now_ns * 1e-9:.3f} s: they run on different clocks (see use_sim_time)',
        )
    check_expiry(plan, now_ns)
    if age > settings.max_plan_age:
        raise PlanRefusedError(
            PlanRefusal.STALE,
            f'the image of the plan is {age:.3f} s old, at most {settings.max_plan_age:g} s is '
            'allowed',
        )
    if plan.stamp_ns < started_ns:
        raise PlanRefusedError(
            PlanRefusal.STALE,
            f'the image of the plan was taken {(started_ns - plan.stamp_ns) * 1e-9:.3f} s before '
            'this node started: after a restart the arm does not go on by itself; send it again',
        )


def _placed(i: int, waypoint: Waypoint, settings: PlanCheckSettings) -> Waypoint:
    position, height = waypoint.position, settings.table_height
    below = height - position[2]
    if below > settings.table_tolerance:
        raise PlanRefusedError(
            PlanRefusal.THROUGH_TABLE,
            f'waypoint {i} is {below:.3f} m below the surface of the table, at most '
            f'{settings.table_tolerance:g} m is taken for noise: {_point(position)}',
            i,
        )
    least = height + settings.table_clearance
    if position[2] < least:
        position = np.array([*position[:2], least])
    lower, upper = settings.workspace_lower, settings.workspace_upper
    if (position < lower).any() or (position > upper).any():
        raise PlanRefusedError(
            PlanRefusal.OUTSIDE_WORKSPACE,
            f'waypoint {i} is outside the workspace {list(lower)} to {list(upper)} m: '
            f'{_point(position)}',
            i,
        )
    return dataclasses.replace(waypoint, position=position)


def _point(position: np.ndarray) -> str:
    return f'{np.round(position, 3).tolist()} m'


def _pose(T: np.ndarray) -> str:
    quaternion = geometry.matrix_to_quaternion(T[:3, :3])
    return f'{_point(T[:3, 3])} with (x, y, z, w) {np.round(quaternion, 3).tolist()}'
