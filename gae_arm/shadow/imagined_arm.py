"""The acting half without an arm: policy, kinematics and governor as their nodes run them.

The imagined joints do what the governor lets out, exactly and at once, as the
joint_trajectory_controller of a perfect arm would. Time is counted, not waited for.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from action_expert.carrier import PlanCarrier
from action_expert.following import PolicySettings
from action_expert.policies import make_policy
from gae_arm.arm_control.controller import ArmController, ControlOutput
from gae_arm.arm_control.grasp_sites import GraspSites
from gae_arm.arm_control.ik import IkSettings
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.reach import Reach
from gae_arm.arm_control.settings import ArmControlSettings
from gae_arm.arm_control.streaming import StreamSettings
from gae_arm.arm_sim.trajectory import TrajectoryExecutor
from gae_arm.core.arm import ArmConfig
from gae_arm.core.cloud import Cloud
from gae_arm.core.motion import ArmState, HaltReason, RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanRefusedError, PlanState
from gae_arm.shadow.surroundings import Surroundings

SECOND = 1_000_000_000
START_NS = 1000 * SECOND
CAMERA_NS, POSE_NS = SECOND // 15, SECOND // 20
PATIENCE_S, LONGEST_S = 3.0, 120.0
"""s: an arm that something keeps from moving so long is stuck; no run takes longer."""
CRAWL = 0.02
"""rad/s: joints slower than this get nowhere."""
QUIET = (HaltReason.NONE, HaltReason.NO_COMMAND)


@dataclass(eq=False)
class ShadowRun:
    """What the arm would have done.

    outcome: 'done', 'refused', 'halted' or 'timeout'; message: why. seconds: of the arm's time.
    poses: T_base_ee, (K, 4, 4), 20 a second. joints: (K, N), rad. openings: (K,). guide: (G, 3), m,
    the way that the policy meant. slowed: by reason, seconds in which the governor did not let the
    arm go on as asked.
    """

    outcome: str = 'timeout'
    message: str = ''
    seconds: float = 0.0
    poses: list[np.ndarray] = field(default_factory=list)
    joints: list[np.ndarray] = field(default_factory=list)
    openings: list[float] = field(default_factory=list)
    guide: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    slowed: dict[str, float] = field(default_factory=dict)


class ImaginedArm:
    """One arm in surroundings that stay as they were photographed.

    q: joints (N,), rad, at the start. limits, control: but for table and workspace, which the
    surroundings tell. Its clock begins at START_NS.
    """

    def __init__(
        self,
        arm: ArmConfig,
        policy: str,
        around: Surroundings,
        T_base_camera: np.ndarray,
        q: np.ndarray,
        limits: GovernorSettings,
        control: ArmControlSettings,
    ) -> None:
        self.arm, self._around = arm, around
        self._now_ns = START_NS
        self._kinematics = Kinematics(arm)
        rules = around.rules()
        self._controller = ArmController(
            arm,
            dataclasses.replace(control, table_height=around.table),
            dataclasses.replace(limits, workspace_lower=rules.workspace_lower),
            StreamSettings(),
            IkSettings(),
        )
        self._controller.compile()
        self._carrier = PlanCarrier(
            make_policy(policy, arm, PolicySettings(objects_above=around.table + 0.01)),
            rules,
            lambda target, source, _: T_base_camera,
            Reach(self._kinematics).check,
            0,
            START_NS,
        )
        self._T_base_camera = T_base_camera
        self._driver = TrajectoryExecutor(
            arm.joints,
            arm.limits.lower,
            arm.limits.upper,
            q,
            interpolate_from_desired_state=True,
        )
        travel = np.abs(arm.gripper.opened - arm.gripper.closed).max()
        self._opening, self._opening_rate = 1.0, arm.gripper.velocity / float(travel)
        self._slowed: Counter[str] = Counter()

    def now_ns(self) -> int:
        """Return the time of its clock."""
        return self._now_ns

    def run(self, plan: WaypointPlan) -> ShadowRun:
        """Carry the plan out; it is in the camera's frame or the base's, stamped now."""
        run = ShadowRun()
        try:
            self._take(plan)
            self._live(run)
        except PlanRefusedError as error:
            run.outcome, run.message = 'refused', f'{error.reason.name}: {error}'
        run.seconds = (self._now_ns - START_NS) * 1e-9
        run.slowed = {reason: 0.01 * ticks for reason, ticks in self._slowed.items()}
        guide = self._carrier.policy.guide
        if guide is not None:
            run.guide = guide.sample(np.linspace(0.0, guide.duration, 200))[:, :3, 3]
        return run

    def _take(self, plan: WaypointPlan) -> None:
        self._carrier.take(plan, self._now_ns)
        self._controller.take_plan(plan)
        in_base = plan.frame_id == self.arm.base_frame
        T = np.eye(4) if in_base else self._T_base_camera
        sites = GraspSites.of(plan, T, self._opening)
        self._controller.set_sites(plan.plan_id, sites)

    def _live(self, run: ShadowRun) -> None:
        """Tick until the plan is done, the arm stuck, or the time over."""
        stuck_ns, done = 0, False
        for tick in range(round(LONGEST_S * 100)):
            state = self._state()
            self._controller.take_joint_state(state)
            if self._now_ns // CAMERA_NS != (self._now_ns - 10_000_000) // CAMERA_NS or not tick:
                done = self._act(state) or done
            if done and self._carrier.plan_id is None:
                run.outcome = 'done'
                return
            output = self._controller.tick(self._now_ns)
            self._obey(output)
            self._note(run, output, tick)
            stuck_ns = stuck_ns + 10_000_000 if self._is_held(output) else 0
            if stuck_ns > PATIENCE_S * SECOND:
                run.outcome = 'halted'
                run.message = f'{output.status.reason.name}: {output.status.message}'
                return
            self._now_ns += 10_000_000
        run.message = f'not done after {LONGEST_S:g} s; the arm is {output.status.state.name}'

    def _is_held(self, output: ControlOutput) -> bool:
        """Return whether something keeps the arm from moving."""
        _, velocity = self._driver.sample(self._now_ns)
        slow = float(np.abs(velocity).max()) < CRAWL
        return slow and output.status.reason not in QUIET

    def _act(self, state: RobotState) -> bool:
        """Look and act once, as the nodes do at each image; return whether the plan is done."""
        points = self._around.points
        self._controller.take_cloud(self._now_ns, points.astype(np.float64))
        answer = self._carrier.act(
            self._now_ns, state, Cloud(self._now_ns, self.arm.base_frame, points)
        )
        if answer is None:
            return False
        chunk, progress = answer
        self._controller.take_chunk(chunk, self._now_ns)
        return progress.state == PlanState.DONE

    def _state(self) -> RobotState:
        position, velocity = self._driver.sample(self._now_ns)
        fingers = self.arm.gripper.positions(self._opening)
        zeros = np.zeros(len(fingers))
        return RobotState(
            self._now_ns,
            (*self.arm.joints, *self.arm.gripper.joints),
            np.concatenate([position, fingers]),
            np.concatenate([velocity, zeros]),
            np.zeros(len(position) + len(fingers)),
        )

    def _obey(self, output: ControlOutput) -> None:
        """Have the imagined joints and fingers do what they are told."""
        if output.trajectory is not None:
            now = self._driver.sample(self._now_ns)
            self._driver.accept(output.trajectory, self._now_ns, *now)
        if output.gripper is not None:
            step = 0.01 * self._opening_rate
            self._opening += float(np.clip(output.gripper - self._opening, -step, step))

    def _note(self, run: ShadowRun, output: ControlOutput, tick: int) -> None:
        status = output.status
        if status.reason not in QUIET and status.state != ArmState.HOLDING:
            self._slowed[status.reason.name] += 1
        if tick % (POSE_NS // 10_000_000) == 0:
            q, _ = self._driver.sample(self._now_ns)
            run.joints.append(q)
            run.poses.append(self._kinematics.forward(q))
            run.openings.append(self._opening)
