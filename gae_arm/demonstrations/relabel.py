"""What should have been done: a policy acts in the simulation, an oracle says where it should be.

Dataset aggregation (Ross et al. 2011, "DAgger"): the network learns in the situations that its own
answers lead to, with physics, lag and slipping in them. Objects that have moved since the plan was
made take their waypoints with them.
"""

from __future__ import annotations

import contextlib
import dataclasses

import numpy as np

from action_expert.expert import condition
from action_expert.expert.policy import ActionExpert
from action_expert.expert.twin import meant_waypoints, said
from action_expert.following import EndEffector, GuidePolicy, PolicySettings
from action_expert.guide import Guide, make_guide
from action_expert.training.situation import Guides, Situation, situation
from gae_arm.arm_sim.tasks.axes import TRAINING
from gae_arm.arm_sim.tasks.errors import SamplingError
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.arm_sim.tasks.steps import Lift, Put
from gae_arm.core import geometry
from gae_arm.core.plan import WaypointPlan
from gae_arm.demonstrations.fast_cell import fast_cell
from gae_arm.demonstrations.oracle import Oracle, PlanNoise
from gae_arm.demonstrations.rollout import Moment, Rollout
from gae_arm.demonstrations.situations import HELD_OUT_TASKS, TRAVEL
from gae_arm.demonstrations.story import carried_over
from gae_arm.demonstrations.ways import NoWayError

MOST_NOISE = (0.03, 0.26)
"""m and rad: largest errors of the plans that are corrected."""
MOST_SLIP, MOST_TILT = 0.04, 0.4
"""m and rad: what lies otherwise in the hand, or has fallen over, teaches nothing any more."""


class Relabeller:
    """Give it to a `Rollout` as `watch`; `situations` fills up.

    every: of so many moments one is taken.
    """

    def __init__(self, policy: GuidePolicy, oracle: Oracle, every: int = 2) -> None:
        self.situations: list[Situation] = []
        self._policy, self._oracle, self._every = policy, oracle, every
        self._end_effector = EndEffector(policy.arm)
        self._plan: WaypointPlan | None = None
        self._before: dict[str, np.ndarray] = {}
        self._count = 0

    def __call__(self, moment: Moment) -> None:
        """Note what should have been answered at a moment."""
        if self._plan is None or moment.plan.plan_id != self._plan.plan_id:
            self._plan, self._before = moment.plan, dict(moment.truth.poses)
        self._count += 1
        clock = self._policy.clock
        if self._count % self._every or clock is None or clock.done or clock.fingers_asked:
            return
        T_ee, opening = self._end_effector.measured(moment.state)
        meant = self._meant(moment, T_ee)
        if meant is None:
            return
        guide = clock.guide
        offsets = self._policy.settings.period * np.arange(self._policy.settings.actions)
        now = condition.Moment(
            guide=guide,
            times=clock.times(offsets),
            T_base_ee=T_ee,
            opening=opening,
            next_waypoint=clock.next_waypoint,
            awaiting=False,
            given=said(guide.waypoints, moment.plan),
        )
        guides = Guides(guide, self._guide(guide, moment.plan, meant), now.given)
        points = None if moment.cloud is None else moment.cloud.points
        self.situations.append(situation(now, guides, points))

    def _guide(self, erred: Guide, plan: WaypointPlan, meant: np.ndarray) -> Guide:
        """Return the guide that was meant, from where the one that errs began."""
        opening = float(erred.openings(np.array([-1.0]))[0])
        waypoints = meant_waypoints(erred.waypoints, plan, meant)
        T_start = erred.sample(np.zeros(1))[0]
        return make_guide(T_start, opening, waypoints, self._policy.settings, TRAVEL)

    def _meant(self, moment: Moment, T_ee: np.ndarray) -> np.ndarray | None:
        """Return where the plan's waypoints should be now (K, 4, 4); None: nobody knows."""
        keyframes, first = list(self._oracle.meant), self._oracle.group[0]
        if not isinstance(first, Lift):
            return np.array([k.T_base_ee for k in keyframes])
        poses = moment.truth.poses
        grasp = next(i for i, k in enumerate(keyframes) if k.gripper == 0.0)
        release = next((i for i, k in enumerate(keyframes) if i > grasp and k.gripper), None)
        moved = poses[first.item] @ geometry.invert(self._before[first.item])
        slip = np.eye(4)
        if self._is_past(grasp):
            T_item_grasp = geometry.invert(self._before[first.item]) @ keyframes[grasp].T_base_ee
            slip = geometry.invert(poses[first.item] @ T_item_grasp) @ T_ee
            if release is not None and self._is_past(release):
                slip = np.eye(4)
            elif _far(slip):
                return None
        elif moved[2, 2] < np.cos(MOST_TILT):
            return None
        else:
            keyframes = [
                dataclasses.replace(k, T_base_ee=moved @ k.T_base_ee) if i <= grasp else k
                for i, k in enumerate(keyframes)
            ]
        put = self._oracle.group[1] if len(self._oracle.group) > 1 else None
        if isinstance(put, Put):
            shifted = poses[put.onto] @ geometry.invert(self._before[put.onto])
            keyframes = [
                dataclasses.replace(k, T_base_ee=shifted @ k.T_base_ee) if i > grasp + 1 else k
                for i, k in enumerate(keyframes)
            ]
        return np.array(carried_over(keyframes, grasp, slip))

    def _is_past(self, keyframe: int) -> bool:
        """Return whether the fingers have done what they should at a keyframe of the plan."""
        clock = self._policy.clock
        assert clock is not None
        sources = clock.guide.waypoints.sources
        ahead = [sources[e.waypoint] for e in clock.guide.events[clock.event :]]
        return keyframe not in ahead and bool(sources[clock.next_waypoint] >= keyframe)


def _far(slip: np.ndarray) -> bool:
    turn = geometry.matrix_to_rotation_vector(slip[:3, :3])
    return bool(np.linalg.norm(slip[:3, 3]) > MOST_SLIP or np.linalg.norm(turn) > MOST_TILT)


def corrected_episode(seed: int, weights: str = '') -> list[Situation]:
    """Return the situations of a training task that the expert carries out: none without a scene.

    weights: folder, '' for those shipped. Plans err by up to 3 cm and 15 degrees.
    """
    tasks = [task for name, task in TASKS.items() if name not in HELD_OUT_TASKS]
    rng, cell = np.random.default_rng(seed), fast_cell('panda')
    try:
        cell.load(tasks[int(rng.integers(len(tasks)))].sample(seed, TRAINING))
    except SamplingError:
        return []
    noise = PlanNoise(rng.uniform(0.0, MOST_NOISE[0]), rng.uniform(0.0, MOST_NOISE[1]))
    policy = ActionExpert(cell.arm, PolicySettings(weights=weights))
    oracle = Oracle(noise, seed)
    relabeller = Relabeller(policy, oracle)
    with contextlib.suppress(NoWayError):
        Rollout(cell, oracle, policy, watch=relabeller, seed=seed).run()
    return relabeller.situations
