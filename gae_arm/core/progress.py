"""What the acting half reports about a plan: how far it is, that it is done, why it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError


class PlanState(IntEnum):
    """Where a plan stands; the numbers are those of gae_msgs/PlanProgress."""

    FOLLOWING = 1
    DONE = 2
    STUCK = 3
    REFUSED = 4


class PlanRefusal(IntEnum):
    """Why a plan is not carried out; as in gae_msgs/PlanProgress."""

    NONE = 0
    INVALID = 1
    TOO_MANY_WAYPOINTS = 2
    UNKNOWN_FRAME = 3
    STALE = 4
    CLOCK_MISMATCH = 5
    BEHIND_CAMERA = 10
    OUTSIDE_WORKSPACE = 11
    THROUGH_TABLE = 12
    UNREACHABLE = 13
    REJECTED = 20


class PlanRefusedError(InvalidValueError):
    """A plan that must not be carried out: the typed reason, and the waypoint that it is about."""

    def __init__(self, reason: PlanRefusal, message: str, waypoint: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.waypoint = waypoint


@dataclass(frozen=True, eq=False)
class PlanProgress(checks.Contract):
    """How far the arm is with a plan.

    stamp_ns: node clock. plan_id: '' where a refused plan has none.
    state, reason: the reason is NONE unless the plan is refused.
    progress: share of the way that is done, 0.0 to 1.0.
    waypoint: index of the waypoint that comes next, or that the refusal is about.
    message: a sentence for a person, with the values; '' while all is well.
    """

    stamp_ns: int
    plan_id: str
    state: PlanState
    reason: PlanRefusal = PlanRefusal.NONE
    progress: float = 0.0
    waypoint: int = 0
    message: str = ''

    def __post_init__(self) -> None:
        """Validate."""
        checks.stamp('stamp_ns', self.stamp_ns)
        checks.text('plan_id', self.plan_id)
        object.__setattr__(self, 'state', checks.member('state', self.state, PlanState))
        object.__setattr__(self, 'reason', checks.member('reason', self.reason, PlanRefusal))
        checks.number('progress', self.progress, 0.0, 1.0)
        checks.integer('waypoint', self.waypoint, 0, 2**32 - 1)
        checks.text('message', self.message)
        if (self.state == PlanState.REFUSED) != (self.reason != PlanRefusal.NONE):
            raise InvalidValueError(
                f'state {self.state.name} does not go with reason {self.reason.name}'
            )
