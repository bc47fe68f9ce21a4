"""How a run went: what the physics says, and what it saw on the way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from gae_arm.arm_sim.tasks.checker import SuccessChecker, Verdict
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.steps import Lift, Slide
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason
from gae_arm.core.truth import WORLD, Truth

FALL = 0.05
"""m: what leaves the hand in the air and comes to lie so much lower was dropped."""
STUCK = 'stuck'
"""Why a run stopped whose arm did not get on."""
RECENT_NS = 1_000_000_000
"""What the governor did so shortly before is why."""
QUIET = (HaltReason.NONE, HaltReason.NO_COMMAND)
"""Reasons that are no intervention of the governor."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    success: as the physics says. cause: '' on success. seconds: simulated, to success or the end.
    path_length: m, of the end effector. collisions: pairs of the robot and something that it had
    no business with. plans: used. touched: what the robot touched first of all objects, '' nothing;
    role: what that is to the task: 'target', 'distractor' (the first one), 'other', ''.
    interventions: by reason, seconds in which the governor did not let the arm go on as asked.
    message: what was said where there was no plan, or it was refused, stuck or halted.
    """

    success: bool
    cause: str
    seconds: float
    path_length: float
    collisions: int
    plans: int
    touched: str = ''
    role: str = ''
    interventions: dict[str, float] = field(default_factory=dict)
    message: str = ''


class Score:
    """Follows one run of a task, moment by moment.

    verdict: of the physics so far.
    """

    def __init__(self, instance: TaskInstance) -> None:
        self._instance = instance
        self._checker = SuccessChecker(instance)
        self._grasps = any(isinstance(step, (Lift, Slide)) for step in instance.steps)
        self._alien = {*instance.obstacles, *instance.distractors, WORLD}
        self._hits: set[frozenset[str]] = set()
        self._reached: set[str] = set()
        self._gripped: set[str] = set()
        self._lost: dict[str, float] = {}
        self._interventions = defaultdict[str, float](float)
        self._first = self._message = ''
        self._length = 0.0
        self._last: np.ndarray | None = None
        self._began_ns = self._now_ns = 0
        self._held_ns: int | None = None
        self._stopped = ''
        self._truth: Truth | None = None

    @property
    def verdict(self) -> Verdict:
        """Return where the run stands."""
        return self._checker.verdict

    def is_pending(self, within_ns: int) -> bool:
        """Return whether the verdict may change within so long although nothing moves."""
        return self._checker.is_pending(self._now_ns + within_ns)

    def see(self, truth: Truth, position: np.ndarray) -> Verdict:
        """Take one moment in; position: (3,), m, of the end effector in the base frame."""
        if self._truth is None:
            self._began_ns = truth.stamp_ns
        self._truth, self._now_ns = truth, truth.stamp_ns
        if self._last is not None:
            self._length += float(np.linalg.norm(position - self._last))
        self._last = position
        self._see_contacts(truth)
        return self._checker.update(truth)

    def intervene(self, status: ArmStatus, seconds: float) -> None:
        """Note what the governor did for so long, if it did not let the arm go on as asked."""
        if status.reason not in QUIET and status.state != ArmState.HOLDING:
            self._interventions[status.reason.name] += seconds
            self._held_ns = self._now_ns

    def stop(self, why: str, message: str = '') -> None:
        """Note why nothing more is tried from now on: STUCK, or a cause; message: in a sentence."""
        self._message = message
        held = self._held_ns is not None and self._now_ns - self._held_ns < RECENT_NS
        self._stopped = 'refused' if why == STUCK and held else why

    def outcome(self, plans: int) -> Outcome:
        """Return how it ended. plans: used."""
        success = self.verdict is Verdict.SUCCESS
        return Outcome(
            success=success,
            cause='' if success else self._cause(),
            seconds=(self._now_ns - self._began_ns) * 1e-9,
            path_length=self._length,
            collisions=len(self._hits),
            plans=plans,
            touched=self._first,
            role=self._role(self._first),
            interventions=dict(self._interventions),
            message='' if success else self._message,
        )

    def _see_contacts(self, truth: Truth) -> None:
        """Note what the robot touches: what it should not, first of all, with two fingers."""
        links: dict[str, set[str]] = {}
        for one, other in truth.touches:
            if one not in truth.poses and one != WORLD:
                links.setdefault(other, set()).add(one)
                if other in self._alien:
                    self._hits.add(frozenset((one, other)))
        self._first = self._first or min(links.keys() & self._instance.items, default='')
        for name in self._instance.targets:
            fingers = links.get(name, ())
            if fingers:
                self._reached.add(name)
                self._lost.pop(name, None)
            if len(fingers) > 1:
                self._gripped.add(name)
            elif name in self._gripped and not truth.touched_by(name):
                self._lost.setdefault(name, float(truth.poses[name][2, 3]))

    def _cause(self) -> str:
        if self.verdict in (Verdict.WRONG_OBJECT, Verdict.DROPPED, Verdict.NOT_PUSHED):
            return self.verdict.value
        if self._hits:
            return 'collision'
        if self._stopped:
            return self._stopped
        if self.verdict is Verdict.TIMEOUT:
            return self.verdict.value
        if self._fell():
            return Verdict.DROPPED.value
        if self._grasps and not self._gripped:
            return 'missed grasp'
        return 'not done' if self._reached else 'missed'

    def _fell(self) -> bool:
        """Return whether something left the hand in the air and lies much lower now."""
        if self._truth is None:
            return False
        poses = self._truth.poses
        return any(height - poses[name][2, 3] > FALL for name, height in self._lost.items())

    def _role(self, name: str) -> str:
        instance = self._instance
        if name in instance.targets:
            return 'target'
        if name in instance.distractors[:1]:
            return 'distractor'
        return 'other' if name else ''
