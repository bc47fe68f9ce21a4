"""One task carried out in a cell: a planner thinks, a policy acts, the physics judges."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from action_expert.policy import Policy
from gae_arm.arm_sim.tasks.checker import Verdict
from gae_arm.core.cloud import Cloud
from gae_arm.core.motion import ActionChunk, RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanRefusedError, PlanState
from gae_arm.core.settings import Settings, setting
from gae_arm.core.truth import Truth
from gae_arm.demonstrations.cell import Cell
from gae_arm.demonstrations.score import STUCK, Outcome, Score
from gae_arm.demonstrations.settling import Settling
from gae_arm.demonstrations.ways import NoWayError
from gae_arm.demonstrations.workplace import NoPlanError, Planner


@dataclass(frozen=True)
class RolloutSettings(Settings):
    """Rates and delays of one run; the defaults are those of the nodes."""

    camera_rate: float = setting(15.0, 'clouds, and chunks, a second', low=1.0, high=100.0)
    delay: float = setting(0.0, 'from the state and cloud to the chunk, s', low=0.0, high=2.0)
    drop: float = setting(0.0, 'share of the clouds that are lost', low=0.0, high=1.0)
    thinking: float = setting(0.0, 'time that a plan takes, s', low=0.0, high=60.0)


@dataclass(frozen=True, eq=False)
class Moment:
    """What a watcher sees at each chunk. cloud: that the chunk was made with."""

    state: RobotState
    truth: Truth
    plan: WaypointPlan
    chunk: ActionChunk
    cloud: Cloud | None
    progress: PlanProgress


Disturb = Callable[[Cell, Truth], None]
Admit = Callable[[RobotState, WaypointPlan, Cloud | None], WaypointPlan]
"""Returns the plan as it is carried out; raises PlanRefusedError."""
Revise = Callable[[Cell], WaypointPlan | None]
"""Returns a plan to take the place of the one that is being carried out, None to go on."""


class Rollout:
    """Carries out the task that a cell has loaded.

    watch: called with each Moment. disturb: called every period with the truth, before the arm
    moves on: moves things, for example. admit: asked once about each plan; None: all are fine.
    revise: asked after each chunk; None: plans are carried out to their end. insist: the planner is
    asked again after a plan that was refused or got stuck, too.
    """

    def __init__(
        self,
        cell: Cell,
        planner: Planner,
        policy: Policy,
        settings: RolloutSettings | None = None,
        watch: Callable[[Moment], None] | None = None,
        disturb: Disturb | None = None,
        seed: int = 0,
        admit: Admit | None = None,
        revise: Revise | None = None,
        insist: bool = False,
    ) -> None:
        self.cell = cell
        self.planner = planner
        self.policy = policy
        self.settings = settings or RolloutSettings()
        self._watch, self._disturb, self._admit = watch, disturb, admit
        self._revise, self._insist = revise, insist
        self._rng = np.random.default_rng([seed, cell.instance.seed, 7])
        self._waiting: deque[tuple[int, ActionChunk]] = deque()
        self._admitted: WaypointPlan | None = None
        self._commanded_ns = 0
        self._plans = 0
        self._score = Score(cell.instance)

    def run(self) -> Outcome:
        """Run until success, failure, or nothing more is to be done."""
        cell, score = self.cell, self._score
        period = cell.settings.governor.period
        self.planner.begin(cell)
        plan = self._next_plan()
        act_ns = cell.now_ns + self._thinking_ns()
        settling: Settling | None = None
        cloud: Cloud | None = cell.cloud()
        while True:
            if plan is not None and cell.now_ns >= act_ns:
                act_ns = cell.now_ns + round(1e9 / self.settings.camera_rate)
                seen = cell.cloud()
                cloud = cloud if self._rng.random() < self.settings.drop else seen
                state = self._act(plan, cloud)
                if state == PlanState.FOLLOWING:
                    plan = self._revised(plan)
                else:
                    goes_on = state == PlanState.DONE or self._insist
                    plan = self._next_plan() if goes_on else None
                    act_ns = cell.now_ns + self._thinking_ns()
            if plan is None:
                settling = settling or Settling(cell.now_ns, self._commanded_ns)
                if cell.now_ns >= act_ns:
                    act_ns = cell.now_ns + round(1e9 / self.settings.camera_rate)
                    cell.cloud()
            truth = cell.truth()
            verdict = score.see(truth, cell.simulation.T_base_ee()[:3, 3])
            over = settling is not None and self._is_over(settling)
            if verdict is not Verdict.RUNNING or over:
                break
            if self._disturb is not None:
                self._disturb(cell, truth)
            self._deliver()
            status = cell.step().status
            score.intervene(status, period)
            if plan is not None and cell.latched:
                # Only a person may release that, and here is none.
                score.stop(STUCK, f'{status.reason.name}: {status.message}')
                plan = None
        return score.outcome(self._plans)

    def _is_over(self, settling: Settling) -> bool:
        now_ns = self.cell.now_ns
        pending = self._score.is_pending(settling.end_ns - now_ns)
        return settling.is_over(now_ns, self.cell.simulation.fastest(), pending)

    def _thinking_ns(self) -> int:
        return round(self.settings.thinking * 1e9)

    def _revised(self, plan: WaypointPlan) -> WaypointPlan:
        """Return the plan that takes the place of this one, or this one."""
        if self._revise is None:
            return plan
        other = self._next_plan(self._revise)
        return plan if other is None else other

    def _next_plan(self, ask: Revise | None = None) -> WaypointPlan | None:
        """Return the next plan, or what is answered to another question."""
        try:
            plan = (ask or self.planner.plan)(self.cell)
        except (NoWayError, NoPlanError) as error:
            cause = 'out of reach' if isinstance(error, NoWayError) else 'no plan'
            self._score.stop(cause, str(error))
            return None
        if plan is not None:
            self._plans += 1
            self.cell.take_plan(plan)
        return plan

    def _act(self, plan: WaypointPlan, cloud: Cloud | None) -> PlanState:
        """Have the policy act once; return where the plan stands."""
        cell, state = self.cell, self.cell.observe()
        try:
            plan = self._as_admitted(plan, state, cloud)
            chunk = self.policy.act(state, plan, cloud)
        except PlanRefusedError as error:
            if not self._insist:
                self._score.stop('refused', f'{error.reason.name}: {error}')
            return PlanState.REFUSED
        progress = self.policy.progress()
        arrives_ns = cell.now_ns + round(self.settings.delay * 1e9)
        self._waiting.append((arrives_ns, chunk))
        self._commanded_ns = max(arrives_ns, int(chunk.times_ns[-1]))
        if self._watch is not None:
            self._watch(Moment(state, cell.truth(), plan, chunk, cloud, progress))
        if progress.state == PlanState.STUCK and not self._insist:
            self._score.stop(STUCK, progress.message)
        return progress.state

    def _as_admitted(
        self, plan: WaypointPlan, state: RobotState, cloud: Cloud | None
    ) -> WaypointPlan:
        if self._admit is None:
            return plan
        if self._admitted is None or self._admitted.plan_id != plan.plan_id:
            self._admitted = self._admit(state, plan, cloud)
        return self._admitted

    def _deliver(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.cell.now_ns:
            self.cell.take_chunk(self._waiting.popleft()[1])
