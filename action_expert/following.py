"""What all policies share: a guide through the plan, followed in chunks from where the arm is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from action_expert.guide import Guide, GuideSettings, GuideWaypoints, make_guide
from action_expert.guide_clock import ClockSettings, GuideClock
from action_expert.preparation import PreparationSettings, prepared
from action_expert.shift import beside
from gae_arm.core import geometry
from gae_arm.core.arm import ArmConfig
from gae_arm.core.cloud import Cloud
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.motion import ActionChunk, RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanRefusal, PlanRefusedError, PlanState
from gae_arm.core.settings import setting
from gae_arm.core.urdf import load_urdf


@dataclass(frozen=True)
class PolicySettings(GuideSettings, ClockSettings, PreparationSettings):
    """All settings of the policies that follow a guide."""

    actions: int = setting(16, 'in a chunk', low=2, high=200)
    period: float = setting(0.05, 'between the actions of a chunk, s', low=0.005, high=1.0)
    rejoin: float = setting(
        0.06, 'distance from the guide, from which on a new one is made, m', low=0.01, high=1.0
    )
    capture: float = setting(
        0.06, 'servo: from a waypoint to the object that it is meant for, m', low=0.0, high=0.5
    )
    centring: float = setting(
        0.2, 'servo: time constant of the shift towards an object, s', low=0.01, high=5.0
    )
    weights: str = setting('', 'expert: folder of its weights; empty: those of the stack')
    steps: int = setting(1, 'expert: of the flow from noise to an answer', low=1, high=100)
    easing: float = setting(
        0.12, 'expert: time constant towards what the network asks for, s', low=0.01, high=5.0
    )
    memory: float = setting(
        0.15, 'expert: time constant of what it thinks of an aim, s', low=1e-3, high=10.0
    )
    most_shift: float = setting(0.08, 'expert: largest correction, m', low=0.0, high=0.5)
    most_turn: float = setting(0.8, 'expert: largest correction, rad', low=0.0, high=3.0)
    stuck: float = setting(4.0, 'without progress, after which it is reported, s', low=0.1, high=60)


class EndEffector:
    """Where a robot state has the end effector, and how far open the gripper."""

    def __init__(self, arm: ArmConfig) -> None:
        self._arm = arm
        self._tree = KinematicTree(load_urdf(arm))
        self._index = self._tree.links.index(arm.end_effector_frame)
        self._zeros = dict.fromkeys(self._tree.joints, 0.0)

    def measured(self, state: RobotState) -> tuple[np.ndarray, float]:
        """Return T_base_ee (4, 4) and the opening; raise InvalidValueError for missing joints."""
        state.select(self._arm.joints)
        gripper = self._arm.gripper
        opening = gripper.opening(state.select(gripper.joints))
        positions = dict(zip(state.joint_names, state.position.tolist(), strict=True))
        links = self._tree.link_transforms(self._zeros | positions, self._arm.base_frame)
        return links[self._index], opening


class GuidePolicy:
    """Follows a guide through the plan's waypoints; see `action_expert.policy.Policy`.

    guide: the present one; None before the first plan. clock: how far the arm is on it.
    Subclasses say how the guide goes, and may shift it while it is being followed.
    """

    name: ClassVar[str]
    straight: ClassVar[bool] = False

    def __init__(self, arm: ArmConfig, settings: PolicySettings) -> None:
        self.arm = arm
        self.settings = settings
        self.guide: Guide | None = None
        self.clock: GuideClock | None = None
        self._end_effector = EndEffector(arm)
        self._travel = _travel_seconds(arm)
        self._offsets = settings.period * np.arange(settings.actions)
        self._plan: WaypointPlan | None = None
        self._opening: float | None = None
        self._handed_over: np.ndarray | None = None
        self._behind = 0.0
        self._sequence = 0
        self._stamp_ns = 0

    def act(self, robot_state: RobotState, plan: WaypointPlan, cloud: Cloud | None) -> ActionChunk:
        """Return the next `actions` poses of the guide, from where the arm is."""
        T_base_ee, opening = self._end_effector.measured(robot_state)
        self._stamp_ns = robot_state.stamp_ns
        if self._plan is None or plan.plan_id != self._plan.plan_id:
            self._begin(plan, T_base_ee, opening, cloud)
        clock = self._follow(T_base_ee, opening)
        shifts = self._shifts(T_base_ee, opening, cloud)
        times = clock.times(self._offsets)
        poses = beside(clock.guide.sample(times), shifts)
        openings = clock.guide.openings(times)
        self._opening = float(openings[0])
        self._sequence += 1
        return ActionChunk(
            stamp_ns=robot_state.stamp_ns,
            frame_id=self.arm.base_frame,
            sequence=self._sequence - 1,
            plan_id=plan.plan_id,
            cloud_stamp_ns=None if cloud is None else cloud.stamp_ns,
            policy=self._label(),
            times_ns=robot_state.stamp_ns + np.round(self._offsets * 1e9).astype(np.int64),
            position=poses[:, :3, 3],
            orientation=geometry.matrix_to_quaternion(poses[:, :3, :3]),
            gripper=openings,
        )

    def progress(self) -> PlanProgress:
        """Return how far the last `act` was; raise InvalidValueError before the first one."""
        if self.clock is None or self._plan is None:
            raise InvalidValueError(f'policy {self.name!r} has had no plan yet: nothing to report')
        clock = self.clock
        state, message = PlanState.FOLLOWING, ''
        if clock.done:
            state = PlanState.DONE
        elif clock.still >= self.settings.stuck:
            state = PlanState.STUCK
            message = _stuck(clock)
        return PlanProgress(
            stamp_ns=self._stamp_ns,
            plan_id=self._plan.plan_id,
            state=state,
            progress=self._share(),
            waypoint=int(clock.guide.waypoints.sources[clock.next_waypoint]),
            message=message,
        )

    def resume(self, T_base_ee: np.ndarray, opening: float) -> None:
        """Begin the next plan at this commanded pose (4, 4) and opening, whatever was before.

        For who takes over from another policy, or runs a recording again: then the first action of
        a plan's first chunk says both.
        """
        self._handed_over, self._opening = T_base_ee, opening

    def figures(self) -> dict[str, float]:
        """Return what is worth publishing about the last `act`, beside its chunk."""
        return {}

    def complete(
        self, robot_state: RobotState, plan: WaypointPlan, cloud: Cloud | None
    ) -> GuideWaypoints:
        """Return the waypoints through which `act` would go from here; changes nothing.

        Arguments and errors as those of `act`.
        """
        T_base_ee, opening = self._end_effector.measured(robot_state)
        opening = opening if self._opening is None else self._opening
        return self._prepared(plan, T_base_ee, opening, cloud)

    def _begin(
        self, plan: WaypointPlan, T_base_ee: np.ndarray, opening: float, cloud: Cloud | None
    ) -> None:
        """Make the guide of a new plan, from what is commanded now, or else from where the arm is.

        What was commanded is where the arm will be; and a gripper that holds something must not
        be told to be as far open as it is.
        """
        opening = opening if self._opening is None else self._opening
        waypoints = self._prepared(plan, T_base_ee, opening, cloud)
        if self._handed_over is not None:
            T_start, self._handed_over = self._handed_over, None
        else:
            T_start = T_base_ee if self.clock is None else self._commanded(T_base_ee, self.clock)
        self._plan, self._behind = plan, 0.0
        self._set_guide(T_start, opening, waypoints)

    def _prepared(
        self, plan: WaypointPlan, T_base_ee: np.ndarray, opening: float, cloud: Cloud | None
    ) -> GuideWaypoints:
        if plan.frame_id != self.arm.base_frame:
            raise PlanRefusedError(
                PlanRefusal.UNKNOWN_FRAME,
                f'plan {plan.plan_id!r} is in frame {plan.frame_id!r}, expected '
                f'{self.arm.base_frame!r}',
            )
        return prepared(plan, T_base_ee, opening, cloud, self.settings)

    def _commanded(self, T_base_ee: np.ndarray, clock: GuideClock) -> np.ndarray:
        """Return where the chunk before has the arm now, if the arm is indeed near."""
        T = clock.guide.sample(np.array([clock.time_at(self._stamp_ns)]))[0]
        T = beside(T, self._shift())
        near = np.linalg.norm(T[:3, 3] - T_base_ee[:3, 3]) <= self.settings.rejoin
        return T if near else T_base_ee

    def _set_guide(
        self, T_base_ee: np.ndarray, opening: float, waypoints: GuideWaypoints
    ) -> GuideClock:
        self.guide = make_guide(
            T_base_ee, opening, waypoints, self.settings, self._travel, self.straight
        )
        self.clock = GuideClock(self.guide, self._stamp_ns, self.settings)
        return self.clock

    def _follow(self, T_base_ee: np.ndarray, opening: float) -> GuideClock:
        """Return the clock at this state; make a new guide if the arm has left the old one."""
        clock = self.clock
        assert clock is not None
        clock.update(self._stamp_ns, T_base_ee, opening, self._led)
        if clock.off <= self.settings.rejoin or clock.done:
            return clock
        self._behind = self._share()
        asked = float(clock.guide.openings(np.array([clock.time]))[0])
        return self._set_guide(T_base_ee, asked, _remaining(clock))

    def _share(self) -> float:
        clock = self.clock
        assert clock is not None
        return min(1.0, self._behind + (1 - self._behind) * clock.share)

    def _label(self) -> str:
        return self.name

    def _shift(self) -> np.ndarray:
        """Return the shift (6,) by which the arm is commanded beside the guide now."""
        return np.zeros(6)

    def _led(self, times: np.ndarray) -> np.ndarray:
        """Return where the arm is led, (M, 4, 4), at times (M,) of the guide's clock."""
        assert self.guide is not None
        return beside(self.guide.sample(times), self._shift())

    def _shifts(self, T_base_ee: np.ndarray, opening: float, cloud: Cloud | None) -> np.ndarray:
        """Return the shifts (H, 6) by which the chunk's actions go beside the guide."""
        return np.zeros((len(self._offsets), 6))


def _travel_seconds(arm: ArmConfig) -> float:
    gripper = arm.gripper
    return float(np.abs(gripper.opened - gripper.closed).max() / max(gripper.velocity, 1e-3))


def _stuck(clock: GuideClock) -> str:
    asked = clock.fingers_asked
    waits = f'the end effector is {clock.lag:.3f} m from where it is commanded'
    if asked is not None:
        waits = f'the fingers do not go to the opening {asked:.2f}, nor close on anything'
    return f'no progress for {clock.still:.1f} s at {clock.share:.0%} of the guide: {waits}'


def _remaining(clock: GuideClock) -> GuideWaypoints:
    """Return the waypoints that are not behind; a grasp is entered again from before it."""
    waypoints, k = clock.guide.waypoints, clock.next_waypoint
    if k > 0 and waypoints.touches[k] and not waypoints.touches[k - 1]:
        k -= 1
    parts = {f.name: getattr(waypoints, f.name)[k:] for f in dataclasses.fields(waypoints)}
    return GuideWaypoints(**parts)
