"""What happens to a demonstration from outside: the arm gets beside its way, things are moved."""

from __future__ import annotations

import dataclasses

import numpy as np

from action_expert.policy import Policy
from gae_arm.arm_sim.tasks.steps import Lift
from gae_arm.core import geometry
from gae_arm.core.cloud import Cloud
from gae_arm.core.motion import ActionChunk, RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress
from gae_arm.core.truth import Truth
from gae_arm.demonstrations.cell import Cell

STRAY = (0.010, 0.028)
"""m that the arm is commanded beside its way."""
LASTS = (0.7, 1.6)
"""s that this lasts, rising and falling smoothly."""
AFTER = (0.3, 2.5)
"""s after a plan has begun, when it begins."""
NARROW, WIDE = 0.05, 0.12
"""m from where something is grasped or let go: up to there not at all, from there on fully."""
BUMP = (0.012, 0.035)
"""m that an object is moved, while the hand is on its way to it and so far, m, away."""
BUMP_AT = (0.16, 0.26)


class Straying:
    """A policy whose commands go beside what is meant for a while, now and then.

    share: of the plans that this happens to. `meant` is the chunk without it, which is the one to
    imitate: it leads back.
    """

    def __init__(self, policy: Policy, share: float, rng: np.random.Generator) -> None:
        self._policy, self._share, self._rng = policy, share, rng
        self._plan_id = ''
        self._window = (0, 0)
        self._way = np.zeros(3)
        self._chunk: ActionChunk | None = None

    @property
    def name(self) -> str:
        """See `Policy`."""
        return self._policy.name

    @property
    def meant(self) -> ActionChunk:
        """Return the last chunk as it was meant."""
        assert self._chunk is not None
        return self._chunk

    def act(self, robot_state: RobotState, plan: WaypointPlan, cloud: Cloud | None) -> ActionChunk:
        """Return the motion, beside what is meant if it is time for that."""
        if plan.plan_id != self._plan_id:
            self._plan_id = plan.plan_id
            self._draw(robot_state.stamp_ns)
        self._chunk = chunk = self._policy.act(robot_state, plan, cloud)
        begin, end = self._window
        share = (chunk.times_ns - begin) / max(end - begin, 1)
        bump = np.where((share > 0) & (share < 1), np.sin(np.pi * share) ** 2, 0.0)
        bump *= _room(chunk.position, plan)
        if not bump.any():
            return chunk
        return dataclasses.replace(chunk, position=chunk.position + bump[:, None] * self._way)

    def progress(self) -> PlanProgress:
        """See `Policy`."""
        return self._policy.progress()

    def _draw(self, now_ns: int) -> None:
        """Draw when and where to the arm strays in a new plan."""
        rng = self._rng
        begin = now_ns + round(rng.uniform(*AFTER) * 1e9)
        lasts = rng.uniform(*LASTS) if rng.random() < self._share else 0.0
        self._window = begin, begin + round(lasts * 1e9)
        angle, up = rng.uniform(-np.pi, np.pi), rng.uniform(0.0, 0.6)
        way = np.array([np.cos(angle), np.sin(angle), up])
        self._way = rng.uniform(*STRAY) * way / np.linalg.norm(way)


def _room(points: np.ndarray, plan: WaypointPlan) -> np.ndarray:
    """Return 0 near where the plan sets the gripper, 1 far from it, for points (H, 3)."""
    sites = np.array([w.position for w in plan.waypoints if w.gripper is not None]).reshape(-1, 3)
    apart = np.linalg.norm(points[:, None] - sites[None], axis=2).min(axis=1, initial=np.inf)
    return np.clip((apart - NARROW) / (WIDE - NARROW), 0.0, 1.0)


class Bump:
    """Moves what is to be lifted first, once, while the hand is on its way to it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._at, self._by = rng.uniform(*BUMP_AT), rng.uniform(*BUMP)
        self._angle, self._turn = rng.uniform(-np.pi, np.pi), rng.uniform(-0.4, 0.4)
        self._done = False

    def __call__(self, cell: Cell, truth: Truth) -> None:
        """Look whether it is time, and move; see `Rollout`."""
        first = cell.instance.steps[0]
        if self._done or not isinstance(first, Lift):
            return
        T = truth.poses[first.item]
        apart = np.linalg.norm(cell.simulation.T_base_ee()[:3, 3] - T[:3, 3])
        if apart > self._at or truth.robot_touches(first.item):
            return
        self._done = True
        moved = T.copy()
        moved[:2, 3] += self._by * np.array([np.cos(self._angle), np.sin(self._angle)])
        moved[:3, :3] = geometry.rpy_to_matrix(0, 0, self._turn) @ T[:3, :3]
        cell.simulation.move_object(first.item, moved)
