"""A planner that knows where everything is, and errs as much as it is told to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gae_arm.arm_sim.tasks.press_button import PRESSED
from gae_arm.arm_sim.tasks.steps import Lift, Press, Push, Put, Slide, Step
from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.settings import Settings, setting
from gae_arm.core.truth import Truth
from gae_arm.demonstrations.moves import Keyframe
from gae_arm.demonstrations.script import Script
from gae_arm.demonstrations.workplace import Workplace

EXPIRY_S = 600.0
OPEN = 0.9
MISPLACED, AJAR = 0.03, 0.02
"""m that a thing is from where it was meant to be, or a drawer, for its step to be done again."""


@dataclass(frozen=True)
class PlanNoise(Settings):
    """Errors of a planner; every waypoint errs by itself.

    depth: along the line of sight from the camera, as a waypoint errs whose depth is misread.
    """

    waypoint: float = setting(
        0.0, 'standard deviation of the position along each axis, m', low=0.0, high=1.0
    )
    orientation: float = setting(
        0.0, 'standard deviation of the turn about each axis, rad', low=0.0, high=3.0
    )
    depth: float = setting(0.0, 'standard deviation along the line of sight, m', low=0.0, high=1.0)

    def apply(
        self, waypoint: Waypoint, T_base_camera: np.ndarray, rng: np.random.Generator
    ) -> Waypoint:
        """Return the waypoint (in the base frame) with errors."""
        draws = rng.standard_normal(7)
        sight = waypoint.position - T_base_camera[:3, 3]
        sight = sight / max(float(np.linalg.norm(sight)), 1e-9)
        position = waypoint.position + self.waypoint * draws[:3] + self.depth * draws[6] * sight
        orientation = waypoint.orientation
        if orientation is not None and self.orientation > 0:
            turn = geometry.rotation_vector_to_matrix(self.orientation * draws[3:6])
            rotation = turn @ geometry.quaternion_to_matrix(orientation)
            orientation = geometry.matrix_to_quaternion(rotation)
        return Waypoint(position, orientation, waypoint.gripper)


class Oracle:
    """Plans a task step by step from the truth.

    seed: of its errors. meant: the keyframes of the last plan without them. group: its steps.
    began: where everything was then. tries: plans of the same steps, while these do not succeed.
    """

    name = 'oracle'
    tries: ClassVar[int] = 1

    def __init__(self, noise: PlanNoise | None = None, seed: int = 0) -> None:
        self._noise = noise or PlanNoise()
        self._seed = seed

    def begin(self, place: Workplace) -> None:
        """Look at a task that has just been loaded."""
        self._rng = np.random.default_rng([self._seed, place.instance.seed])
        self._script = Script(place.arm, place.instance)
        self._next = self._tries = self._count = 0
        self.meant: tuple[Keyframe, ...] = ()
        self.group: tuple[Step, ...] = ()
        self.began: Mapping[str, np.ndarray] = {}

    def plan(self, place: Workplace) -> WaypointPlan | None:
        """Return the next plan, in the base frame; None when all is done.

        Raises NoWayError where the arm cannot do what comes next.
        """
        truth = place.truth()
        if not self._goes_on(truth):
            return None
        keyframes = self.keyframes(place, self.group)
        if not keyframes:
            raise InvalidValueError(f'no keyframes for {self.group!r}')
        self.meant, self.began = tuple(keyframes), truth.poses
        waypoints = [
            self._noise.apply(keyframe.waypoint(), place.T_base_camera, self._rng)
            for keyframe in keyframes
        ]
        return self.as_plan(place, waypoints)

    def _goes_on(self, truth: Truth) -> bool:
        """Set `group` to the next steps, or leave the last ones to be tried again, if any are."""
        again = self._next > 0 and self._tries < self.tries
        if again and not is_done(self.group[-1], truth, self.began):
            self._tries += 1
            return True
        if self._next == len(self._script.groups):
            return False
        self.group = self._script.groups[self._next]
        self._next, self._tries = self._next + 1, 1
        return True

    def keyframes(self, place: Workplace, group: Sequence[Step]) -> list[Keyframe]:
        """Return how a group of steps is done from where everything is; see `Script`."""
        state, gripper = place.observe(), place.arm.gripper
        opened = gripper.opening(state.select(gripper.joints)) > OPEN
        return self._script.keyframes(group, place.truth(), state.select(place.arm.joints), opened)

    def as_plan(self, place: Workplace, waypoints: Sequence[Waypoint]) -> WaypointPlan:
        """Return waypoints in the base frame as a plan of now."""
        self._count += 1
        now_ns = place.now_ns
        return WaypointPlan(
            plan_id=f'{place.instance.task}-{place.instance.seed}-{self._count}',
            stamp_ns=now_ns,
            frame_id=place.arm.base_frame,
            instruction=place.instance.instruction,
            waypoints=tuple(waypoints),
            expiry_ns=now_ns + round(EXPIRY_S * 1e9),
            planner=self.name,
        )


class PersistentOracle(Oracle):
    """Plans steps that did not succeed again, with new errors: as a planner that looks again."""

    name = 'persistent'
    tries = 3


def is_done(step: Step, truth: Truth, began: Mapping[str, np.ndarray]) -> bool:
    """Return whether a step is as it was meant to be. began: poses before it."""
    item, poses = step.item, truth.poses
    match step:
        case Lift():
            raised = poses[item][2, 3] - began[item][2, 3]
            return bool(truth.robot_touches(item) and raised > step.by / 2)
        case Put():
            off = poses[item] - poses[step.onto] @ step.T_onto_item
            return bool(np.linalg.norm(off[:2, 3]) < MISPLACED and abs(off[2, 3]) < MISPLACED)
        case Push():
            return bool(np.linalg.norm((poses[item] - poses[step.to])[:2, 3]) < MISPLACED)
        case Slide():
            return abs(truth.joints[item] - step.to) < AJAR
        case Press():
            return abs(truth.joints[item]) > PRESSED * step.by
