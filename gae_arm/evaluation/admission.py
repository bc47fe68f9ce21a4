"""Whether a plan may be carried out, in process as the node `action_expert` asks it."""

from __future__ import annotations

from action_expert.following import EndEffector, PolicySettings
from action_expert.preparation import prepared
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.reach import Reach
from gae_arm.core.arm import ArmConfig
from gae_arm.core.cloud import Cloud
from gae_arm.core.motion import RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_check import PlanCheckSettings, check_places, check_reach


class Admission:
    """Checks plans as the node does whose table is this high, m: see `Rollout`."""

    def __init__(self, arm: ArmConfig, table_height: float) -> None:
        self._arm = arm
        self._checks = PlanCheckSettings(
            table_height=table_height, workspace_lower=(-1.0, -1.0, table_height)
        )
        self._policy = PolicySettings()
        self._reach = Reach(Kinematics(arm)).check
        self._end_effector = EndEffector(arm)

    def __call__(self, state: RobotState, plan: WaypointPlan, cloud: Cloud | None) -> WaypointPlan:
        """Return the plan with waypoints kept off the table; raise PlanRefusedError."""
        plan = check_places(plan, self._checks)
        T_base_ee, opening = self._end_effector.measured(state)
        filled = prepared(plan, T_base_ee, opening, cloud, self._policy)
        check_reach(filled.poses, filled.sources, self._reach, state.select(self._arm.joints))
        return plan
