"""What the planner of an episode meant: its plans, without errors, and which steps followed which.

Keyframes (`keyframes.py`) are read off the motion; these are the planner's own waypoints, so that
training can add a planner's errors to them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.plan import Waypoint


@dataclass(frozen=True, eq=False)
class PlanTrack(checks.Contract):
    """Q plans of W waypoints together, in the base frame, for the T steps of an episode.

    steps: int64 (Q,), from 0, strictly increasing: plan q is followed from step steps[q] up to
        the next plan's.
    starts: int64 (Q + 1,), from 0 to W: plan q has the waypoints starts[q] to starts[q + 1].
    position: float64 (W, 3), m. orientation: float64 (W, 4), x, y, z, w.
    gripper: float64 (W,), opening set at the waypoint, 0.0 to 1.0; NaN: as it is.
    next: int64 (T,), row of the waypoint, of all W, that comes next at each step: one of the plan
        that the step belongs to.
    mistaken: bool (Q,), plans that miss on purpose, so that what comes after shows how that is
        made good: their steps are not to be imitated.
    """

    steps: np.ndarray
    starts: np.ndarray
    position: np.ndarray
    orientation: np.ndarray
    gripper: np.ndarray
    next: np.ndarray
    mistaken: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        set_ = object.__setattr__
        position = checks.array('plan position', self.position, (None, 3))
        n = len(position)
        set_(self, 'position', position)
        orientation = checks.quaternion('plan orientation', self.orientation, (n, 4))
        set_(self, 'orientation', orientation)
        gripper = checks.array('plan gripper', self.gripper, (n,), finite=False)
        if not ((gripper >= 0) & (gripper <= 1) | np.isnan(gripper)).all():
            raise InvalidValueError(f'plan gripper leaves 0 to 1: {gripper.tolist()}')
        set_(self, 'gripper', gripper)
        self._check_plans()

    def _check_plans(self) -> None:
        set_ = object.__setattr__
        next_ = checks.array('next waypoints', self.next, (None,), np.int64)
        steps = checks.array('steps of plans', self.steps, (None,), np.int64)
        starts = checks.array('starts of plans', self.starts, (len(steps) + 1,), np.int64)
        mistaken = checks.array('mistaken', self.mistaken, (len(steps),), np.bool_)
        for key, value in (('next', next_), ('steps', steps), ('starts', starts)):
            set_(self, key, value)
        set_(self, 'mistaken', mistaken)
        ordered = len(steps) and steps[0] == 0 and (np.diff(steps) > 0).all()
        if not ordered or steps[-1] >= len(next_):
            raise InvalidValueError(
                f'plans begin at {steps.tolist()}: not from 0 on, increasing, below {len(next_)}'
            )
        ends = [starts[0], starts[-1]]
        if ends != [0, len(self.position)] or (np.diff(starts) <= 0).any():
            raise InvalidValueError(
                f'plans of {starts.tolist()} do not share out {len(self.position)} waypoints'
            )
        plan = self.plan_of_step
        if not ((next_ >= starts[plan]) & (next_ < starts[plan + 1])).all():
            raise InvalidValueError('a step has a next waypoint that is not of its plan')

    @property
    def plan_of_step(self) -> np.ndarray:
        """Return which plan each step belongs to, int64 (T,)."""
        return np.searchsorted(self.steps, np.arange(len(self.next)), 'right') - 1

    def rows(self, plan: int) -> slice:
        """Return the rows of a plan's waypoints."""
        return slice(int(self.starts[plan]), int(self.starts[plan + 1]))

    @staticmethod
    def of(
        plans: Sequence[Sequence[Waypoint]],
        plan_of_step: Sequence[int],
        next_of_step: Sequence[int],
        mistaken: Sequence[bool],
    ) -> PlanTrack:
        """Return the track of plans that were followed one after the other.

        plan_of_step: (T,), not decreasing, every plan has a step. next_of_step: (T,), index of the
        next waypoint within its plan. All waypoints must have an orientation.
        """
        starts = np.cumsum([0, *(len(plan) for plan in plans)])
        waypoints = [waypoint for plan in plans for waypoint in plan]
        of_step = np.asarray(plan_of_step)
        return PlanTrack(
            steps=np.searchsorted(of_step, np.arange(len(plans))),
            starts=starts,
            position=np.array([w.position for w in waypoints]),
            orientation=np.array([w.orientation for w in waypoints]),
            gripper=np.array([np.nan if w.gripper is None else w.gripper for w in waypoints]),
            next=starts[of_step] + np.asarray(next_of_step),
            mistaken=np.asarray(mistaken),
        )


FIELDS = tuple(field.name for field in dataclasses.fields(PlanTrack))
