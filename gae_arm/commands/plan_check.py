"""Whether a plan file is fit to be sent, as far as that can be told without a running graph."""

from __future__ import annotations

import numpy as np
from rich.console import Console

from action_expert.preparation import PreparationSettings, prepared
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.reach import Reach
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_check import (
    PlanCheckSettings,
    check_message,
    check_places,
    check_reach,
)
from gae_arm.core.plan_file import PlanFile

BASE = 'the base of the arm'
NOW_NS = 10**9


def check(file: PlanFile, arm_name: str | None) -> int:
    """Print what was checked; return 0. Raises PlanRefusedError for a plan that is not fit."""
    settings = PlanCheckSettings()
    plan = file.plan('check', NOW_NS, BASE)
    check_message(plan, NOW_NS, settings)
    done = [f'{len(plan.waypoints)} waypoints']
    if plan.frame_id == BASE:
        plan = check_places(plan, settings)
        done.append('in the workspace, above the table')
        if arm_name is not None:
            _check_reach(plan, arm_name)
            done.append(f'in reach of {arm_name}')
    else:
        done.append(f'places not checked: they are in {plan.frame_id!r}')
    Console().print(', '.join(done))
    return 0


def _check_reach(plan: WaypointPlan, arm_name: str) -> None:
    kinematics = Kinematics(load_arm(arm_file(arm_name)))
    home = kinematics.arm.home
    filled = prepared(plan, kinematics.forward(home), 1.0, None, PreparationSettings())
    check_reach(filled.poses, filled.sources, Reach(kinematics).check, np.array(home))
