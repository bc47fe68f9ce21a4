"""A plan on its way through a running graph, from outside: what the arm did, what slowed it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from rclpy.duration import Duration

from gae_arm.core.errors import GaeError
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason, RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanState
from gae_arm.ros import topics
from gae_arm.ros.motion_msgs import state_from_msg, status_from_msg
from gae_arm.ros.observer import Observer
from gae_arm.ros.plan_msgs import plan_to_msg, progress_from_msg

READY_SECONDS = 120.0
"""The first start of a node compiles for a minute."""
STUCK_SECONDS, CRAWL = 6.0, 0.02
"""s, rad/s: an arm that something keeps slower than this for so long is stuck."""
QUIET = (HaltReason.NONE, HaltReason.NO_COMMAND)


@dataclass(eq=False)
class Watched:
    """What was seen of one plan.

    outcome: 'done', 'refused', 'halted' or 'timeout'; message: why. states: of the arm, as they
    came. guide: (G, 3), m, the way that the policy meant. slowed: by reason, s.
    """

    outcome: str = 'timeout'
    message: str = ''
    seconds: float = 0.0
    states: list[RobotState] = field(default_factory=list)
    guide: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    slowed: Counter[str] = field(default_factory=Counter)


class PlanWatch:
    """Sends a plan into the graph and watches it to its end."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._status: ArmStatus | None = None
        self._progress: PlanProgress | None = None
        self._watched = Watched()
        self._moved = self._last = time.monotonic()
        node = observer.node
        topics.ARM_STATUS.subscription(node, self._take_status)
        topics.PLAN_PROGRESS.subscription(node, self._take_progress)
        topics.JOINT_STATES.subscription(node, self._take_state)
        topics.PLANNED_PATH.subscription(node, self._take_guide)
        self._plans = topics.WAYPOINT_PLAN.publisher(node)

    def wait_ready(self) -> None:
        """Wait until the arm holds and a plan can be sent; raise GaeError with why it does not."""
        try:
            self._observer.wait_for(
                lambda: (
                    self._plans.get_subscription_count() >= 2
                    and self._status is not None
                    and self._status.state == ArmState.HOLDING
                ),
                'the stack',
                READY_SECONDS,
            )
        except GaeError as error:
            raise GaeError(f'{error}; the arm says: {self._status}') from error

    def send(self, plan: WaypointPlan, timeout: float) -> Watched:
        """Send a plan; return what became of it."""
        self._watched, self._progress = Watched(), None
        began = self._moved = time.monotonic()
        self._plans.publish(plan_to_msg(plan))
        self._plans.wait_for_all_acked(Duration(seconds=5))
        try:
            self._observer.wait_for(lambda: self._is_over(plan.plan_id), 'the plan', timeout)
        except GaeError:
            self._watched.message = f'not done after {timeout:g} s: {self._sentence()}'
        self._watched.seconds = time.monotonic() - began
        return self._watched

    def _is_over(self, plan_id: str) -> bool:
        progress, watched = self._progress, self._watched
        if progress is not None and progress.plan_id == plan_id:
            if progress.state == PlanState.DONE:
                watched.outcome = 'done'
                return True
            if progress.state == PlanState.REFUSED:
                watched.outcome = 'refused'
                watched.message = f'{progress.reason.name}: {progress.message}'
                return True
        if time.monotonic() - self._moved > STUCK_SECONDS:
            watched.outcome, watched.message = 'halted', self._sentence()
            return True
        return False

    def _sentence(self) -> str:
        status = self._status
        return '' if status is None else f'{status.reason.name}: {status.message}'

    def _take_status(self, msg: topics.ArmStatus) -> None:
        self._status = status_from_msg(msg)

    def _take_progress(self, msg: topics.PlanProgress) -> None:
        self._progress = progress_from_msg(msg)

    def _take_guide(self, msg: topics.Path) -> None:
        points = [(p.pose.position.x, p.pose.position.y, p.pose.position.z) for p in msg.poses]
        self._watched.guide = np.array(points).reshape(-1, 3)

    def _take_state(self, msg: topics.JointState) -> None:
        state, now = state_from_msg(msg), time.monotonic()
        passed, self._last = now - self._last, now
        self._watched.states.append(state)
        status = self._status
        held = status is not None and status.reason not in QUIET
        if held and status is not None and status.state != ArmState.HOLDING:
            self._watched.slowed[status.reason.name] += passed  # type: ignore[assignment]
        if not held or np.abs(state.velocity).max() > CRAWL:
            self._moved = now
