"""The policy node: a plan comes in, chunks of motion go out, many times a second."""

from __future__ import annotations

import time
from collections import Counter

import numpy as np
from gae_msgs.msg import WaypointPlan
from rclpy.node import Node
from sensor_msgs.msg import JointState, PointCloud2

from action_expert.carrier import PlanCarrier
from action_expert.following import PolicySettings
from action_expert.guide import Guide
from action_expert.policies import make_policy
from action_expert.settings import ExpertSettings
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.reach import Reach
from gae_arm.core.arm import load_arm
from gae_arm.core.cloud import Cloud
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.geometry import matrix_to_quaternion
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.plan_check import PlanCheckSettings
from gae_arm.core.progress import PlanProgress, PlanRefusal, PlanRefusedError, PlanState
from gae_arm.core.stream_record import StreamRecord
from gae_arm.ros import diagnostics, parameters, topics
from gae_arm.ros.cdr import path_to_bytes
from gae_arm.ros.cloud_msgs import points_from_msg
from gae_arm.ros.motion_msgs import chunk_to_msg, state_from_msg
from gae_arm.ros.plan_msgs import is_withdrawal, plan_from_msg, progress_to_msg
from gae_arm.ros.run import run_node
from gae_arm.ros.stamps import time_from_msg
from gae_arm.ros.transform_listener import TransformListener

PROGRESS_NS = 200_000_000
"""Between two messages of progress while nothing but its numbers changes."""


class ActionExpertNode(Node):
    """Node `action_expert`; see docs/plans.md and docs/reference.md.

    One thread. A bad plan is refused, with the reason on `plan_progress`; the node lives on.
    """

    def __init__(self) -> None:
        super().__init__('action_expert')
        self._settings = parameters.declare(self, ExpertSettings)
        checks = parameters.declare(self, PlanCheckSettings)
        self._clock_tolerance = checks.clock_tolerance
        policy = parameters.declare(self, PolicySettings)
        arm = load_arm(arm_file(self._settings.arm))
        self._base_frame = arm.base_frame
        self._policy = make_policy(self._settings.policy, arm, policy)
        self._carrier = PlanCarrier(
            self._policy,
            checks,
            TransformListener(self).lookup,
            Reach(Kinematics(arm)).check,
            round(self._settings.transform_wait * 1e9),
            self._now_ns(),
        )
        self._state: RobotState | None = None
        self._cloud: Cloud | None = None
        self._guide: Guide | None = None
        self._early: WaypointPlan | None = None
        self._acted_ns = self._state_ns = self._told_ns = self._cloud_ns = 0
        self._told: PlanProgress | None = None
        self._make_topics()
        self.get_logger().info(f'ready: policy {self._policy.name!r}, arm {arm.name!r}')

    def _make_topics(self) -> None:
        self._chunks = topics.ACTION_CHUNK.publisher(self)
        self._progress = topics.PLAN_PROGRESS.publisher(self)
        self._path = topics.PLANNED_PATH.publisher(self)
        self._diagnostics = diagnostics.Diagnostics(self)
        self._load = diagnostics.ProcessLoad()
        self._acts, self._clouds = StreamRecord(), StreamRecord()
        self._refusals: Counter[str] = Counter()
        topics.WAYPOINT_PLAN.subscription(self, self._take_plan)
        topics.JOINT_STATES.subscription(self, self._take_state)
        if self._settings.use_cloud:
            topics.POINTS.subscription(self, self._take_cloud)
        self.create_timer(1 / self._settings.rate, self._act_if_due)
        self.create_timer(1.0, self._report)

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds

    # -- in ---------------------------------------------------------------------------------------

    def _take_plan(self, msg: WaypointPlan) -> None:
        if is_withdrawal(msg):
            self.get_logger().info(f'no plan any more: {msg.plan_id!r}')
            self._carrier.drop()
            self._early = None
            return
        if self._now_ns() == 0:
            self._early = msg  # On simulated time, of which nothing was heard yet.
            return
        self._early = None
        try:
            self._carrier.take(plan_from_msg(msg), self._now_ns())
        except InvalidValueError as error:
            self._carrier.drop()
            if not isinstance(error, PlanRefusedError):
                error = PlanRefusedError(PlanRefusal.INVALID, str(error))
            self._refuse(msg.plan_id, error)
        else:
            self._act()

    def _take_state(self, msg: JointState) -> None:
        try:
            self._state = state_from_msg(msg)
        except InvalidValueError as error:
            self._acts.drop('bad_joint_state', f'joint state: {error}')

    def _take_cloud(self, msg: PointCloud2) -> None:
        try:
            stamp_ns, frame = time_from_msg(msg.header.stamp), msg.header.frame_id
            if frame != self._base_frame:
                raise InvalidValueError(f'it is in {frame!r}, expected {self._base_frame!r}')
            self._cloud = Cloud(stamp_ns, frame, points_from_msg(msg))
        except InvalidValueError as error:
            self._acts.drop('bad_cloud', f'cloud: {error}')
        else:
            self._act()

    # -- out --------------------------------------------------------------------------------------

    def _act_if_due(self) -> None:
        """Act unless a cloud has just made us."""
        if self._early is not None:
            early, self._early = self._early, None
            self._take_plan(early)
        if abs(self._now_ns() - self._acted_ns) > 0.5e9 / self._settings.rate:
            self._act()

    def _act(self) -> None:
        """Have the policy act once, and publish what comes of it."""
        plan, now_ns, begin = self._carrier.plan_id, self._now_ns(), time.perf_counter_ns()
        if plan is None:
            return
        state, cloud = self._fresh_state(now_ns), self._fresh_cloud(now_ns)
        if state is not None and state.stamp_ns == self._state_ns:
            return  # What could be said about this state has been said.
        self._acted_ns, self._state_ns = now_ns, 0 if state is None else state.stamp_ns
        try:
            done = self._carrier.act(now_ns, state, cloud)
        except PlanRefusedError as error:
            self._refuse(plan, error)
            return
        except InvalidValueError as error:
            self._acts.drop('bad_joint_state', f'joint state: {error}')
            return
        if done is None:
            return
        chunk, progress = done
        self._chunks.publish(chunk_to_msg(chunk))
        self._acts.use(time.perf_counter_ns() - begin)
        if cloud is not None and cloud.stamp_ns != self._cloud_ns:
            self._cloud_ns = cloud.stamp_ns
            self._clouds.use(self._now_ns() - cloud.stamp_ns)
        self._tell(progress)
        self._show_guide()

    def _fresh_state(self, now_ns: int) -> RobotState | None:
        state = self._state
        if state is None:
            self._acts.drop('no_joint_state', 'no joint state has come')
            return None
        return state if self._is_fresh('joint_state', state.stamp_ns, now_ns) else None

    def _fresh_cloud(self, now_ns: int) -> Cloud | None:
        cloud = self._cloud
        if cloud is None or not self._is_fresh('cloud', cloud.stamp_ns, now_ns):
            return None
        return cloud

    def _is_fresh(self, what: str, stamp_ns: int, now_ns: int) -> bool:
        age = (now_ns - stamp_ns) * 1e-9
        most = getattr(self._settings, f'{what}_age')
        if -self._clock_tolerance <= age <= most:
            return True
        self._acts.drop(f'stale_{what}', f'{what} is {age:.3f} s old, allowed are {most:g} s')
        return False

    def _tell(self, progress: PlanProgress) -> None:
        """Publish progress: every change at once, new numbers now and then."""
        last, now_ns = self._told, progress.stamp_ns
        if last is not None and abs(now_ns - self._told_ns) < PROGRESS_NS:
            parts = ('plan_id', 'state', 'reason', 'waypoint')
            if all(getattr(progress, part) == getattr(last, part) for part in parts):
                return
        self._told, self._told_ns = progress, now_ns
        self._progress.publish(progress_to_msg(progress))

    def _refuse(self, plan_id: str, error: PlanRefusedError) -> None:
        self._refusals[error.reason.name.lower()] += 1
        self.get_logger().warning(f'plan {plan_id!r} is refused, {error.reason.name}: {error}')
        self._told = None
        self._tell(
            PlanProgress(
                self._now_ns(),
                plan_id,
                PlanState.REFUSED,
                error.reason,
                waypoint=error.waypoint,
                message=str(error),
            )
        )

    def _show_guide(self) -> None:
        """Publish the guide when it is another one."""
        guide = self._policy.guide
        if guide is None or guide is self._guide:
            return
        self._guide = guide
        poses = guide.sample(np.linspace(0.0, guide.duration, self._settings.path_points))
        stamps = np.full(len(poses), self._now_ns())
        quaternions = matrix_to_quaternion(poses[:, :3, :3])
        self._path.publish(path_to_bytes(self._base_frame, stamps, poses[:, :3, 3], quaternions))

    def _report(self) -> None:
        rate, used, dropped = self._acts.since_last(self._now_ns())
        acts = {key.replace('latency', 'act'): value for key, value in self._acts.values().items()}
        values = {
            'policy': self._policy.name,
            'plan': self._carrier.plan_id or 'none',
            'rate': rate,
            'cpu_cores': self._load.cores(),
            **acts,
            **self._clouds.values(),
            **self._policy.figures(),
            **{f'refused_{reason}': count for reason, count in sorted(self._refusals.items())},
        }
        if self._carrier.plan_id is None:
            level, text = diagnostics.OK, 'no plan to carry out'
        elif used == 0:
            level, text = diagnostics.WARN, f'the plan waits: {self._acts.last_drop}'
        elif dropped:
            level, text = diagnostics.WARN, f'{dropped} inputs not used: {self._acts.last_drop}'
        else:
            level, text = diagnostics.OK, 'carrying a plan out'
        self._diagnostics.publish('policy', level, text, values)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run_node(ActionExpertNode, args)
