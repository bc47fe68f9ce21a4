"""One plan at a time, from its arrival to its end: checked, carried out, done, or refused.

    take -> (waiting for a transform or the arm's state) -> begun -> done
       `-----------------> refused <---------------------'

A new plan replaces the one before at once, also when it is refused: what was asked for last counts,
and a plan that nobody stands by any more is not carried on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from action_expert.following import EndEffector, GuidePolicy
from action_expert.lifting import lifted
from action_expert.preparation import prepared
from gae_arm.core.cloud import Cloud
from gae_arm.core.motion import ActionChunk, RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_check import (
    PlanCheckSettings,
    Reach,
    check_expiry,
    check_message,
    check_places,
    check_reach,
)
from gae_arm.core.progress import PlanProgress, PlanRefusal, PlanRefusedError, PlanState
from gae_arm.core.transform_tree import TransformUnknownError

FINISHING_NS = 500_000_000
"""How long an arm that has arrived is told to stay where it is, until it has come to rest."""

Lookup = Callable[[str, str, int], np.ndarray]
"""Returns T_target_source (4, 4) at a time, ns; raises TransformUnknownError."""


class PlanCarrier:
    """Runs a policy on the newest plan. All times are the caller's, on the node clock.

    lookup: transforms between frames. reach: what the arm reaches; None: not checked.
    transform_wait_ns: how long the transform of a plan may take to come. started_ns: plans from
    before are refused. plan: in the base frame, being carried out; None for none.
    """

    def __init__(
        self,
        policy: GuidePolicy,
        settings: PlanCheckSettings,
        lookup: Lookup,
        reach: Reach | None,
        transform_wait_ns: int,
        started_ns: int,
    ) -> None:
        self.policy = policy
        self.plan: WaypointPlan | None = None
        self._settings = settings
        self._lookup = lookup
        self._reach = reach
        self._transform_wait_ns = transform_wait_ns
        self._started_ns = started_ns
        self._base_frame = policy.arm.base_frame
        self._end_effector = EndEffector(policy.arm)
        self._waiting: WaypointPlan | None = None
        self._came_ns = 0
        self._done_ns = 0
        self._last: WaypointPlan | None = None

    @property
    def plan_id(self) -> str | None:
        """Of the plan that is being carried out, or waits for something; None for none."""
        plan = self.plan or self._waiting
        return None if plan is None else plan.plan_id

    def drop(self) -> None:
        """Forget the plan; nothing more of it is carried out."""
        self.plan = self._waiting = None
        self._done_ns = 0

    def take(self, plan: WaypointPlan, now_ns: int) -> None:
        """Take a new plan; the same one again changes nothing. Raises PlanRefusedError."""
        last = self._last
        if plan == last:
            return
        self.drop()
        if last is not None and plan.plan_id == last.plan_id:
            raise PlanRefusedError(
                PlanRefusal.INVALID, f'another plan was named {plan.plan_id!r} before'
            )
        self._last = plan
        check_message(plan, now_ns, self._settings, self._started_ns)
        self._waiting, self._came_ns = plan, now_ns

    def act(
        self, now_ns: int, state: RobotState | None, cloud: Cloud | None
    ) -> tuple[ActionChunk, PlanProgress] | None:
        """Return the next chunk and the progress; None while there is nothing to do.

        state: None for none that is fresh enough. The last chunks, which come with the progress
        DONE, have one action each; then the plan is dropped. Raises PlanRefusedError, and the plan
        is dropped; InvalidValueError for a state that lacks joints, and the plan goes on with
        others.
        """
        try:
            return self._act(now_ns, state, cloud)
        except PlanRefusedError:
            self.drop()
            raise

    def _act(
        self, now_ns: int, state: RobotState | None, cloud: Cloud | None
    ) -> tuple[ActionChunk, PlanProgress] | None:
        plan = self.plan or self._waiting
        if plan is None:
            return None
        if not self._done_ns:
            check_expiry(plan, now_ns)
        if self.plan is None:
            self.plan = self._begun(plan, now_ns, state, cloud)
            self._waiting = plan if self.plan is None else None
        if self.plan is None or state is None:
            return None
        chunk = self.policy.act(state, self.plan, cloud)
        progress = self.policy.progress()
        if progress.state == PlanState.DONE:
            chunk = first_action(chunk)
            self._done_ns = self._done_ns or now_ns
            if now_ns - self._done_ns > FINISHING_NS:
                self.drop()
        return chunk, progress

    def _begun(
        self, plan: WaypointPlan, now_ns: int, state: RobotState | None, cloud: Cloud | None
    ) -> WaypointPlan | None:
        """Return the plan in the base frame, fully checked; None while something is missing."""
        T_base_plan = self._transform(plan, now_ns)
        if T_base_plan is None:
            return None
        plan = check_places(lifted(plan, T_base_plan, self._base_frame), self._settings)
        if state is None:
            return None
        if self._reach is not None:
            T_base_ee, opening = self._end_effector.measured(state)
            filled = prepared(plan, T_base_ee, opening, cloud, self.policy.settings)
            q = state.select(self.policy.arm.joints)
            check_reach(filled.poses, filled.sources, self._reach, q)
        return plan

    def _transform(self, plan: WaypointPlan, now_ns: int) -> np.ndarray | None:
        """Return T_base_plan (4, 4) at the image's stamp, None while it may still come."""
        if plan.frame_id == self._base_frame:
            return np.eye(4)
        try:
            return self._lookup(self._base_frame, plan.frame_id, plan.stamp_ns)
        except TransformUnknownError as error:
            if now_ns - self._came_ns < self._transform_wait_ns:
                return None
            raise PlanRefusedError(PlanRefusal.UNKNOWN_FRAME, str(error)) from error


def first_action(chunk: ActionChunk) -> ActionChunk:
    """Return the chunk that ends where it begins: an arm that follows it stands and is idle."""
    arrays = ('times_ns', 'position', 'orientation', 'gripper')
    return dataclasses.replace(chunk, **{key: getattr(chunk, key)[:1] for key in arrays})
