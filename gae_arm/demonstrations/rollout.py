"""One task carried out in a cell: a planner thinks, a policy acts, the physics judges."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from action_expert.policy import Policy
from gae_arm.arm_control.controller import ControlOutput
from gae_arm.arm_sim.tasks.checker import SuccessChecker, Verdict
from gae_arm.arm_sim.tasks.truth import Truth
from gae_arm.core.cloud import Cloud
from gae_arm.core.motion import ActionChunk, ArmState, HaltReason, RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanState
from gae_arm.core.settings import Settings, setting
from gae_arm.demonstrations.cell import Cell

SETTLING_S = 2.0
"""After the last plan, so long the physics may take until the task counts as not done."""


class Planner(Protocol):
    """What thinks: asked for a plan at the start, and again whenever one has been carried out."""

    name: str

    def begin(self, cell: Cell) -> None:
        """Begin with the task that the cell has just loaded."""
        ...

    def plan(self, cell: Cell) -> WaypointPlan | None:
        """Return the next plan in the base frame, None when the task is thought to be done."""
        ...


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


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    success: as the physics says. cause: '' on success. seconds: simulated, to success or the end.
    path_length: m, of the end effector. collisions: pairs of the robot and something that it had
    no business with. plans: used. touched: what the robot touched first of all objects, '' nothing;
    role: what that is to the task: 'target', 'distractor' (the first one), 'other', ''.
    interventions: by reason, periods in which the governor did not let the arm go on as asked.
    """

    success: bool
    cause: str
    seconds: float
    path_length: float
    collisions: int
    plans: int
    touched: str = ''
    role: str = ''
    interventions: dict[str, int] = field(default_factory=dict)


Disturb = Callable[[Cell, Truth], None]


class Rollout:
    """Carries out the task that a cell has loaded.

    watch: called with each Moment. disturb: called every period with the truth, before the arm
    moves on: moves things, for example.
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
    ) -> None:
        self.cell = cell
        self.planner = planner
        self.policy = policy
        self.settings = settings or RolloutSettings()
        self._watch, self._disturb = watch, disturb
        self._rng = np.random.default_rng([seed, cell.instance.seed, 7])
        self._waiting: deque[tuple[int, ActionChunk]] = deque()
        self._interventions: Counter[str] = Counter()
        self._touched: set[frozenset[str]] = set()
        self._held = False
        self._first = ''
        self._length = 0.0
        self._plans = 0

    def run(self) -> Outcome:
        """Run until success, failure, or nothing more is to be done."""
        cell, checker = self.cell, SuccessChecker(self.cell.instance)
        self.planner.begin(cell)
        began_ns = cell.now_ns
        plan = self._next_plan()
        act_ns, last = cell.now_ns + self._thinking_ns(), cell.simulation.T_base_ee()[:3, 3]
        end_ns: int | None = None
        cloud: Cloud | None = cell.cloud()
        stuck = False
        while True:
            if plan is not None and cell.now_ns >= act_ns:
                act_ns = cell.now_ns + round(1e9 / self.settings.camera_rate)
                seen = cell.cloud()
                cloud = cloud if self._rng.random() < self.settings.drop else seen
                progress = self._act(plan, cloud)
                stuck = progress.state == PlanState.STUCK
                if progress.state == PlanState.DONE or stuck:
                    plan = None if stuck else self._next_plan()
                    act_ns = cell.now_ns + self._thinking_ns()
            if plan is None:
                end_ns = end_ns or cell.now_ns + round(SETTLING_S * 1e9)
                if cell.now_ns >= act_ns:
                    act_ns = cell.now_ns + round(1e9 / self.settings.camera_rate)
                    cell.cloud()
            truth = cell.truth()
            verdict = checker.update(truth)
            self._note_contacts(truth)
            over = end_ns is not None and cell.now_ns >= end_ns
            if verdict is not Verdict.RUNNING or over:
                break
            if self._disturb is not None:
                self._disturb(cell, truth)
            self._deliver()
            self._note(cell.step())
            here = cell.simulation.T_base_ee()[:3, 3]
            self._length += float(np.linalg.norm(here - last))
            last = here
        success = verdict is Verdict.SUCCESS
        return Outcome(
            success=success,
            cause='' if success else self._cause(verdict, stuck),
            seconds=(cell.now_ns - began_ns) * 1e-9,
            path_length=self._length,
            collisions=len(self._touched),
            plans=self._plans,
            touched=self._first,
            role=self._role(self._first),
            interventions=dict(self._interventions),
        )

    def _thinking_ns(self) -> int:
        return round(self.settings.thinking * 1e9)

    def _next_plan(self) -> WaypointPlan | None:
        plan = self.planner.plan(self.cell)
        if plan is not None:
            self._plans += 1
            self.cell.take_plan(plan)
        return plan

    def _act(self, plan: WaypointPlan, cloud: Cloud | None) -> PlanProgress:
        cell, state = self.cell, self.cell.observe()
        chunk = self.policy.act(state, plan, cloud)
        progress = self.policy.progress()
        self._waiting.append((cell.now_ns + round(self.settings.delay * 1e9), chunk))
        if self._watch is not None:
            self._watch(Moment(state, cell.truth(), plan, chunk, cloud, progress))
        return progress

    def _deliver(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.cell.now_ns:
            self.cell.take_chunk(self._waiting.popleft()[1])

    def _note(self, output: ControlOutput) -> None:
        reason = output.status.reason
        quiet = (HaltReason.NONE, HaltReason.NO_COMMAND)
        if reason not in quiet and output.status.state != ArmState.HOLDING:
            self._interventions[reason.name] += 1

    def _note_contacts(self, truth: Truth) -> None:
        """Note what the robot touches that is neither meant nor part of it."""
        instance = self.cell.instance
        alien = {*instance.obstacles, *instance.distractors, 'world'}
        for one, other in truth.touches:
            robot = one not in truth.poses and one != 'world'
            if robot and other in alien:
                self._touched.add(frozenset((one, other)))
            elif robot and other in instance.targets:
                self._held = True
            if robot and other in instance.items:
                self._first = self._first or other

    def _role(self, name: str) -> str:
        instance = self.cell.instance
        if name in instance.targets:
            return 'target'
        if name in instance.distractors[:1]:
            return 'distractor'
        return 'other' if name else ''

    def _cause(self, verdict: Verdict, stuck: bool) -> str:
        if verdict in (Verdict.WRONG_OBJECT, Verdict.DROPPED, Verdict.NOT_PUSHED):
            return verdict.value
        if self._touched:
            return 'collision'
        if stuck:
            return 'refused' if self._interventions else 'stuck'
        if not self._held:
            return 'missed'
        return 'timeout' if verdict is Verdict.TIMEOUT else 'not done'
