"""A plan on its way: sent to the running graph, watched until it is done."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from gae_arm.commands.heard_arm import FIND_SECONDS, HeardArm
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import GaeError
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_file import PlanFile
from gae_arm.core.progress import PlanProgress, PlanState

if TYPE_CHECKING:
    from gae_arm.ros.observer import Observer

GRACE_SECONDS = 5.0
"""After its expiry, a plan is refused by the other side: so much longer that is waited for."""


def send(
    file: PlanFile, arm_name: str | None, for_approval: bool, wait: bool, timeout: float | None
) -> int:
    """Send it; return 0 when it is done, 130 after Ctrl-C.

    Raises GaeError when nobody listens, when it is refused, gets stuck or takes too long.
    """
    from rclpy.duration import Duration

    from gae_arm.ros import topics
    from gae_arm.ros.observer import Observer
    from gae_arm.ros.plan_msgs import plan_to_msg

    console = Console()
    topic = topics.PROPOSED_PLAN if for_approval else topics.WAYPOINT_PLAN
    with Observer('plan_send') as observer:
        publisher = topic.publisher(observer.node)
        listener = 'viewer' if for_approval else 'action_expert'
        observer.wait_for(
            publisher.get_subscription_count, f'{listener} on {topic.name}', FIND_SECONDS
        )
        observer.follow_clock_of(listener, FIND_SECONDS)
        base_frame = _base_frame(observer, arm_name)
        arm = HeardArm(observer)
        if not for_approval:
            arm.until_ready(console)
        plan = file.plan(f'file-{uuid.uuid4().hex[:12]}', observer.now_ns(), base_frame)
        watch = _PlanWatch(observer, plan, arm)
        publisher.publish(plan_to_msg(plan))
        if not publisher.wait_for_all_acked(Duration(seconds=FIND_SECONDS)):
            raise GaeError(f'nobody took the plan from {topic.name} within {FIND_SECONDS:g} s')
        console.print(f'sent on {topic.name}: {len(plan.waypoints)} waypoints, {plan.plan_id}')
        if not wait:
            return 0
        try:
            seconds = watch.until_done(console, timeout or file.expiry + GRACE_SECONDS)
        except KeyboardInterrupt:
            console.print('no longer watching; the arm goes on. To stop it: gae stop')
            return 130
    console.print(f'done after {seconds:.1f} s', style='green')
    return 0


def _base_frame(observer: Observer, arm_name: str | None) -> str:
    """Return the base frame of the arm that was named, or that action_expert runs."""
    if arm_name is None:
        arm_name = observer.parameter('action_expert', 'arm', FIND_SECONDS)
    return load_arm(arm_file(arm_name)).base_frame


class _PlanWatch:
    """Hears how far a plan is, also under the name that it has after an approval."""

    def __init__(self, observer: Observer, plan: WaypointPlan, arm: HeardArm) -> None:
        from gae_arm.ros import topics
        from gae_arm.ros.plan_msgs import progress_from_msg

        self._observer, self._plan, self._arm = observer, plan, arm
        self._progress: PlanProgress | None = None
        topics.PLAN_PROGRESS.subscription(
            observer.node, lambda msg: self._take(progress_from_msg(msg))
        )

    def until_done(self, console: Console, timeout: float) -> float:
        """Show the progress until the plan is done; return how long that took, s."""
        bar = Progress(
            TextColumn('{task.description}'), BarColumn(), TaskProgressColumn(), console=console
        )
        with bar:
            task = bar.add_task('waiting', total=1.0)

            def done() -> bool:
                share = self._progress.progress if self._progress else 0.0
                bar.update(task, completed=share, description=self._sentence())
                return self._is_done()

            try:
                self._observer.wait_for(done, 'the plan to be done', timeout)
            except GaeError as error:
                raise GaeError(f'{error}: {self._sentence()}') from error
        assert self._progress is not None
        return (self._progress.stamp_ns - self._plan.stamp_ns) * 1e-9

    def _take(self, progress: PlanProgress) -> None:
        """Take progress of this plan; that of the one before may still come, latched."""
        mine = progress.plan_id.startswith(self._plan.plan_id)
        if mine or (progress.stamp_ns > self._plan.stamp_ns and self._progress is not None):
            self._progress = progress

    def _is_done(self) -> bool:
        """Return whether it is; raise GaeError when it never will be."""
        progress = self._progress
        if progress is None:
            return False
        if not progress.plan_id.startswith(self._plan.plan_id):
            raise GaeError(f'another plan has taken over: {progress.plan_id!r}')
        if progress.state == PlanState.REFUSED:
            raise GaeError(f'the plan is refused, {progress.reason.name}: {progress.message}')
        return progress.state == PlanState.DONE

    def _sentence(self) -> str:
        progress = self._progress
        if progress is None:
            return f'no progress yet; {self._arm}'
        stuck = f'stuck, {progress.message}; ' if progress.state == PlanState.STUCK else ''
        return f'{stuck}waypoint {progress.waypoint} of {len(self._plan.waypoints)}; {self._arm}'
