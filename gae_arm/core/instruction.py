"""The conversation of one instruction: what is asked, how far it is, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from gae_arm.core import checks
from gae_arm.core.plan import WaypointPlan


class Stage(IntEnum):
    """Where the work on an instruction stands; as in gae_msgs/action/ExecuteInstruction."""

    THINKING = 1
    ANCHORS = 2
    PLAN = 3
    MOVING = 4
    CHECKING = 5


class ErrorCode(IntEnum):
    """How the work on an instruction ended; as in gae_msgs/action/ExecuteInstruction."""

    SUCCESS = 0
    INVALID_INSTRUCTION = 1
    IMAGE_UNAVAILABLE = 2
    PLANNER_UNAVAILABLE = 3
    PLANNER_TIMEOUT = 4
    ANSWER_INVALID = 5
    OBJECT_NOT_FOUND = 6
    PLAN_REFUSED = 7
    PLAN_REJECTED = 8
    ARM_HALTED = 9
    TASK_FAILED = 10
    PREEMPTED = 11
    CANCELED = 12


@dataclass(frozen=True, eq=False)
class InstructionGoal(checks.Contract):
    """What a person asks for, in plain words, and whether they want to see the plan first."""

    instruction: str
    require_approval: bool = False

    def __post_init__(self) -> None:
        """Validate."""
        checks.text('instruction', self.instruction)


@dataclass(frozen=True, eq=False)
class InstructionFeedback(checks.Contract):
    """How far the work is.

    plan: the plan being carried out, None before there is one.
    progress: share of the plan that is done, 0.0 to 1.0.
    """

    stage: Stage
    progress: float = 0.0
    plan: WaypointPlan | None = None

    def __post_init__(self) -> None:
        """Validate."""
        object.__setattr__(self, 'stage', checks.member('stage', self.stage, Stage))
        checks.number('progress', self.progress, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class InstructionResult(checks.Contract):
    """How the work ended; `error_msg` is a sentence for a person, '' on success."""

    error_code: ErrorCode
    error_msg: str = ''
    plans_used: int = 0

    def __post_init__(self) -> None:
        """Validate."""
        code = checks.member('error_code', self.error_code, ErrorCode)
        object.__setattr__(self, 'error_code', code)
        checks.text('error_msg', self.error_msg)
        checks.integer('plans_used', self.plans_used, 0, 2**32 - 1)
