"""What the soak holds for a jump, and what for a new beginning."""

import numpy as np
import pytest

from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.commands.benches.motion_checker import MotionChecker, screw_axes
from gae_arm.commands.endurance.arm import SoakArm
from gae_arm.core.arm import load_arm
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason
from gae_arm.core.paths import arm_file
from gae_arm.core.trajectory import JointTrajectory
from gae_arm.ros.trajectory_msgs import trajectory_to_msg

SETTINGS = GovernorSettings()
ARM = limited_arm(load_arm(arm_file('panda')), SETTINGS)
BOX = np.array([SETTINGS.workspace_lower, SETTINGS.workspace_upper])
OFF = 0.12 * np.eye(len(ARM.joints))[5]


@pytest.fixture
def arm():
    """Of the arm under examination only what it hears: it stands 0.12 rad from where it is told."""
    arm = SoakArm.__new__(SoakArm)
    arm.checker = MotionChecker(ARM, screw_axes(ARM), BOX, SETTINGS.step_ns // 2)
    arm._position, arm.status = ARM.home - OFF, None
    arm._take_trajectory(standing(1, ARM.home))
    return arm


def standing(number, position):
    rows = np.tile(position, (3, 1))
    times_ns = np.arange(3) * 10_000_000
    still = np.zeros_like(rows)
    stamp_ns = 10**9 + number * 10_000_000
    return trajectory_to_msg(JointTrajectory(ARM.joints, stamp_ns, times_ns, rows, still, still))


def status(state, reason):
    return ArmStatus(1, state, reason, 'it is not where it was told to be')


def test_a_jump_is_one(arm):
    arm._take_trajectory(standing(2, ARM.home - OFF))
    assert arm.checker.violations['seam'] > 0


@pytest.mark.parametrize('reason', [HaltReason.CONTROLLER_FAILED, HaltReason.JOINT_STATE_FROZEN])
def test_where_the_arm_is_after_it_disagreed_is_a_new_beginning(arm, reason):
    arm.status = status(ArmState.HALTED, reason)
    arm._take_trajectory(standing(2, ARM.home - OFF))
    arm._take_trajectory(standing(3, ARM.home - OFF))
    assert arm.checker.violations.total() == 0


def test_anywhere_else_is_a_jump_even_then(arm):
    arm.status = status(ArmState.HALTED, HaltReason.CONTROLLER_FAILED)
    arm._take_trajectory(standing(2, ARM.home + OFF))
    assert arm.checker.violations['seam'] > 0
