"""The running stack as seen from outside: how old data is on its way, idle and while it moves."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from gae_msgs.msg import ArmStatus as ArmStatusMsg
from gae_msgs.msg import PlanProgress as PlanProgressMsg

from gae_arm.core.motion import ArmState, HaltReason
from gae_arm.core.pipeline_health import CLOUD, CONTROL, Latency, latencies, number, rates
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanState
from gae_arm.ros import topics
from gae_arm.ros.health_input import HealthInput
from gae_arm.ros.motion_msgs import status_from_msg
from gae_arm.ros.observer import Observer
from gae_arm.ros.plan_msgs import plan_to_msg, progress_from_msg

READY_SECONDS = 180.0
WARM_UP = 3.0
STARTING = (HaltReason.NO_COMMAND, HaltReason.CLOUD_STALE, HaltReason.JOINT_STATE_STALE)

MakePlan = Callable[[str, int], WaypointPlan]
"""Maps a plan_id and the time of the node clock, ns, to the plan to carry out again and again."""


@dataclass(frozen=True)
class Phase:
    """What the nodes said at the end of some seconds of one kind.

    clouds, commands: how many came in that time. plans: that were done. halts: HALTED states.
    """

    name: str
    seconds: float
    latencies: list[Latency]
    rates: dict[str, float]
    clouds: int
    commands: int
    plans: int = 0
    halts: int = 0


def watch(make_plan: MakePlan, seconds: float) -> list[Phase]:
    """Watch the stack idle, then while plans are carried out; call it without rclpy initialised."""
    with Observer('pipeline_watch') as observer:
        arm = _Arm(observer, make_plan)
        observer.wait_for(arm.ready, 'the arm to be ready', READY_SECONDS)
        observer.spin(WARM_UP)
        idle = arm.phase('idle', seconds, moving=False)
        return [idle, arm.phase('moving', seconds, moving=True)]


class _Arm:
    """Has the arm carry plans out, one after the other, and counts."""

    def __init__(self, observer: Observer, make_plan: MakePlan) -> None:
        self._observer, self._make_plan = observer, make_plan
        self._health = HealthInput(observer.node)
        self._plans = topics.WAYPOINT_PLAN.publisher(observer.node)
        self._plan_id = ''
        self._moving = self._halted = False
        self._starting = True
        self.done = self.halts = 0
        topics.ARM_STATUS.subscription(observer.node, self._take_status)
        topics.PLAN_PROGRESS.subscription(observer.node, self._take_progress)

    def ready(self) -> bool:
        """Return whether all nodes run, and the arm waits for commands."""
        running = CLOUD in self._health.values and CONTROL in self._health.values
        return running and not self._starting and self._plans.get_subscription_count() > 1

    def phase(self, name: str, seconds: float, moving: bool) -> Phase:
        """Watch for so long."""
        before = self._counts()
        self._moving, self.done, self.halts = moving, 0, 0
        if moving:
            self._send()
        self._observer.spin(seconds)
        self._moving = False
        values, after = self._health.values, self._counts()
        return Phase(
            name,
            seconds,
            latencies(values),
            rates(values),
            after[0] - before[0],
            after[1] - before[1],
            self.done,
            self.halts,
        )

    def _counts(self) -> tuple[int, int]:
        """Return how many clouds and commands there have been."""
        said = (
            self._health.values.get(status, {}).get(key)
            for status, key in ((CLOUD, 'used'), (CONTROL, 'commands'))
        )
        clouds, commands = (0 if math.isnan(n) else round(n) for n in map(number, said))
        return clouds, commands

    def _send(self) -> None:
        self._plan_id = f'pipeline-{uuid.uuid4().hex[:12]}'
        self._plans.publish(plan_to_msg(self._make_plan(self._plan_id, self._observer.now_ns())))

    def _take_status(self, msg: ArmStatusMsg) -> None:
        status = status_from_msg(msg)
        halted = status.state == ArmState.HALTED
        self._starting = halted and status.reason in STARTING
        self.halts += halted and not self._halted
        self._halted = halted

    def _take_progress(self, msg: PlanProgressMsg) -> None:
        progress = progress_from_msg(msg)
        if not self._moving or progress.plan_id != self._plan_id:
            return
        self.done += progress.state == PlanState.DONE
        if progress.state != PlanState.FOLLOWING:
            self._send()
