"""The work on one instruction: think, have the plan carried out, look again, until it is done.

A state machine without threads or clocks: the node tells it what happens and asks what to do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from enum import Enum

import numpy as np

from gae_arm.core.instruction import ErrorCode, InstructionResult, Stage
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanRefusal, PlanState
from vla_planner.errors import PlannerError
from vla_planner.gripper import takes_back
from vla_planner.planner import Thought
from vla_planner.settings import PursuitSettings

APPROVED = '-approved'
"""How the name of a plan ends that a person has approved."""
BEGUN = '-begun'
"""How the name ends of what goes out of a plan before it is whole."""
AT_ONCE = (HaltReason.STOP_REQUESTED, HaltReason.CONTROLLER_FAILED)
"""Halts that last until a person releases them."""
AGAIN = (PlanRefusal.STALE,)
"""Refusals that a new image cures."""


def beginning(plan: WaypointPlan) -> WaypointPlan:
    """Return the way to a plan's first waypoint alone, from where the whole plan goes on."""
    return dataclasses.replace(plan, plan_id=plan.plan_id + BEGUN, waypoints=plan.waypoints[:1])


class _State(Enum):
    LOOKING = 'waits for an image'
    THINKING = 'the model thinks'
    PROPOSED = 'a person decides'
    MOVING = 'the arm moves'
    OVER = 'over'


class Pursuit:
    """One instruction, from its beginning to its result.

    approval: a person sees each plan first. now_ns: node clock. sees_end: whether the model can
    tell after a plan that nothing is left.
    """

    def __init__(self, settings: PursuitSettings, approval: bool, now_ns: int) -> None:
        self._settings, self._approval = settings, approval
        self.sees_end: Callable[[WaypointPlan], bool] = lambda _: False
        self._state, self._since_ns = _State.LOOKING, now_ns
        self._halted_ns: int | None = None
        self._heard = False
        self.completed = False
        self._why_again = ''
        self.plans = 0
        self.share = 0.0
        self.plan: WaypointPlan | None = None
        self.moved = np.zeros((0, 2, 3))
        """From where to where things have been moved for the instruction, metres, base frame."""
        self._moved_then = self.moved
        self.progress: PlanProgress | None = None
        self.result: InstructionResult | None = None

    def wants_image(self, stamp_ns: int) -> bool:
        """Return whether thinking begins with an image of this time: not from before it was due."""
        return self._state is _State.LOOKING and stamp_ns >= self._since_ns

    @property
    def moving(self) -> bool:
        """Return whether the plan is being carried out."""
        return self._state is _State.MOVING

    @property
    def stage(self) -> Stage:
        """Return the stage, as a goal's feedback has it."""
        match self._state:
            case _State.PROPOSED:
                return Stage.PLAN
            case _State.MOVING:
                return Stage.MOVING
        return Stage.CHECKING if self.completed else Stage.THINKING

    # -- what happens -----------------------------------------------------------------------------

    def thinking(self, now_ns: int) -> None:
        """Take note that the model has been asked."""
        self._go(_State.THINKING, now_ns)

    def thought(self, thought: Thought, now_ns: int) -> WaypointPlan | None:
        """Take what the model said; return the plan to publish, if there is one."""
        if thought.plan is None or self._takes_back(thought.plan):
            self._end(ErrorCode.SUCCESS)
            return None
        if self.plans >= self._settings.max_plans:
            self._end(ErrorCode.TASK_FAILED, f'something is left to do after {self.plans} plans')
            return None
        self._moved_then = thought.moved
        self.begin(thought.plan, now_ns)
        return thought.plan

    def _takes_back(self, plan: WaypointPlan) -> bool:
        """Return whether this would undo what has just been done: then nothing is left to do."""
        return self.completed and self.plan is not None and takes_back(plan, self.plan)

    def begin(self, plan: WaypointPlan, now_ns: int) -> None:
        """Take note of a plan that goes out."""
        self.plan, self.progress, self.share = plan, None, 0.0
        self.plans += 1
        self._heard, self._halted_ns, self.completed = False, None, False
        self._go(_State.PROPOSED if self._approval else _State.MOVING, now_ns)

    def failed(self, error: PlannerError) -> None:
        """Take note that the model had no plan; after a whole plan, that is its end.

        Unless it said that something is left to do.
        """
        if self.completed and not error.left:
            self._end(ErrorCode.SUCCESS)
        else:
            again = f' (the arm was {self._why_again})' if self._why_again else ''
            self._end(error.code, f'{error}{again}')

    def take_progress(self, progress: PlanProgress, now_ns: int) -> None:
        """Take what is said about how far a plan is."""
        if self._state not in (_State.MOVING, _State.PROPOSED) or self.plan is None:
            return
        names = (self.plan.plan_id, self.plan.plan_id + APPROVED)
        if progress.plan_id not in names:
            if self._heard and progress.state == PlanState.FOLLOWING:
                self._end(ErrorCode.PREEMPTED, f'plan {progress.plan_id!r} has taken over')
            return
        self._heard, self.progress, self.share = True, progress, progress.progress
        if self._state is _State.PROPOSED and progress.state != PlanState.REFUSED:
            self._go(_State.MOVING, now_ns)
        match progress.state:
            case PlanState.DONE:
                self._done(now_ns)
            case PlanState.STUCK:
                self.again(f'stuck: {progress.message}', now_ns)
            case PlanState.REFUSED:
                self._refused(progress, now_ns)

    def take_arm(self, status: ArmStatus, now_ns: int) -> None:
        """Take what the arm does."""
        if self._state is not _State.MOVING or status.state != ArmState.HALTED:
            self._halted_ns = None
            return
        self._halted_ns = now_ns if self._halted_ns is None else self._halted_ns
        patience_ns = self._settings.halt_patience * 1e9
        if status.reason in AT_ONCE or now_ns - self._halted_ns > patience_ns:
            message = status.message or 'the arm does not say why'
            self._end(ErrorCode.ARM_HALTED, f'{status.reason.name}: {message}')

    def tick(self, now_ns: int, no_image: str) -> None:
        """Let time pass. no_image: why there is none to think about."""
        waited = (now_ns - self._since_ns) * 1e-9
        if self._state is _State.LOOKING and waited > self._settings.image_wait:
            self._end(
                ErrorCode.IMAGE_UNAVAILABLE, f'no usable image for {waited:.1f} s: {no_image}'
            )
        elif (
            self._state is _State.MOVING and not self._heard and waited > self._settings.expert_wait
        ):
            self._end(
                ErrorCode.TASK_FAILED,
                f'nobody has said anything about the plan for {waited:.1f} s: does action_expert '
                'run?',
            )

    def again(self, why: str, now_ns: int) -> None:
        """Plan anew from a new image, or give up."""
        self._why_again = why
        if self.plans >= self._settings.max_plans:
            self._end(ErrorCode.TASK_FAILED, f'{why}; {self.plans} plans were tried')
        else:
            self._go(_State.LOOKING, now_ns)

    def cancel(self, code: ErrorCode, why: str) -> None:
        """End it from outside."""
        self._end(code, why)

    # -- what follows -----------------------------------------------------------------------------

    def _done(self, now_ns: int) -> None:
        self.completed, self.share, self.moved = True, 1.0, self._moved_then
        assert self.plan is not None
        if not (self._settings.check_done and self.sees_end(self.plan)):
            self._end(ErrorCode.SUCCESS)
        else:
            self._why_again = ''
            self._go(_State.LOOKING, now_ns)

    def _refused(self, progress: PlanProgress, now_ns: int) -> None:
        if progress.reason == PlanRefusal.REJECTED:
            self._end(ErrorCode.PLAN_REJECTED, progress.message)
        elif progress.reason in AGAIN:
            self.again(f'late: {progress.message}', now_ns)
        else:
            self._end(ErrorCode.PLAN_REFUSED, f'{progress.reason.name}: {progress.message}')

    def _go(self, state: _State, now_ns: int) -> None:
        if self._state is not _State.OVER:
            self._state, self._since_ns = state, now_ns

    def _end(self, code: ErrorCode, message: str = '') -> None:
        if self._state is not _State.OVER:
            self._state = _State.OVER
            self.result = InstructionResult(code, message, self.plans)
