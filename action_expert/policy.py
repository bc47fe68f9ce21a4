"""The contract of every policy: state, plan and cloud in, a chunk of motion out."""

from __future__ import annotations

from typing import Protocol

from gae_arm.core.cloud import Cloud
from gae_arm.core.motion import ActionChunk, RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress


class Policy(Protocol):
    """Carries plans out with one arm, one at a time.

    A policy remembers how far it is with the plan whose `plan_id` it saw last; another id begins
    anew. It takes time from `robot_state.stamp_ns` only, so a recording gives the same chunks.
    """

    @property
    def name(self) -> str:
        """Return its name, as users type it and chunks carry it."""
        ...

    def act(self, robot_state: RobotState, plan: WaypointPlan, cloud: Cloud | None) -> ActionChunk:
        """Return the motion for the next moments.

        robot_state: with the joints of the arm and of its gripper. plan: in the arm's base frame,
        checked. cloud: the newest one, None where there is none.
        Raises InvalidValueError for a state without the arm's joints, PlanRefusedError for a plan
        that cannot be carried out.
        """
        ...

    def progress(self) -> PlanProgress:
        """Return how far the last `act` was with its plan."""
        ...
