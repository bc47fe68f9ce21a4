"""The arm behind its controllers, without ROS: it follows, holds, refuses, and starts anew."""

import numpy as np
import pytest

from gae_arm.arm_sim.driver import ArmDriver
from gae_arm.arm_sim.scene import Scene
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import ArmState
from gae_arm.core.paths import arm_file
from gae_arm.core.trajectory import JointTrajectory, TrajectoryRefusedError

ARM = load_arm(arm_file('panda'))
N = len(ARM.joints)
STEP = 2_000_000
SECOND = 1_000_000_000


@pytest.fixture
def driver():
    return ArmDriver(ArmSimulation(ARM, Scene()))


def run(driver, begin, end):
    driver.advance(range(begin + STEP, end + 1, STEP))


def trajectory(goal, seconds=1.0):
    times = [round(seconds * SECOND)]
    return JointTrajectory(ARM.joints, 0, times, [goal], [np.zeros(N)])


def test_it_follows_a_trajectory_and_then_holds(driver):
    start = 5 * SECOND
    driver.command_trajectory(trajectory(ARM.home + 0.2), start)
    assert driver.progress(start).state == ArmState.MOVING
    run(driver, start, start + SECOND // 2)
    halfway = driver.observe().position[:N] - ARM.home
    np.testing.assert_allclose(halfway, 0.1, atol=0.005)
    run(driver, start + SECOND // 2, start + 2 * SECOND)
    np.testing.assert_allclose(driver.observe().position[:N], ARM.home + 0.2, atol=0.001)
    assert driver.progress(start + 2 * SECOND).state == ArmState.HOLDING


def test_late_steps_are_those_of_their_own_times(driver):
    """Whether steps are done one by one or caught up in a bunch, the states are the same."""
    other = ArmDriver(ArmSimulation(ARM, Scene()))
    for each in (driver, other):
        each.command_trajectory(trajectory(ARM.home + 0.3), 0)
    run(driver, 0, SECOND)
    for begin in range(0, SECOND, SECOND // 10):
        run(other, begin, begin + SECOND // 10)
    np.testing.assert_array_equal(driver.observe().position, other.observe().position)


def test_a_refused_trajectory_changes_nothing(driver):
    driver.command_trajectory(trajectory(ARM.home + 0.2), 0)
    with pytest.raises(TrajectoryRefusedError):
        driver.command_trajectory(trajectory(ARM.home + 9.0), 0)
    run(driver, 0, 2 * SECOND)
    np.testing.assert_allclose(driver.observe().position[:N], ARM.home + 0.2, atol=0.001)


@pytest.mark.parametrize(
    ('positions', 'message'),
    [
        ([0.02], 'gripper command has shape (1,), expected (2)'),
        ([np.nan, 0.0], 'gripper command[0] is not finite: nan'),
        ([0.0, 0.05], "gripper joint 'panda_finger_joint2' is 0.05, limits are 0.0 to 0.04"),
        ([-0.01, 0.0], "gripper joint 'panda_finger_joint1' is -0.01, limits are 0.0 to 0.04"),
    ],
)
def test_bad_gripper_commands_are_refused_with_the_value(driver, positions, message):
    with pytest.raises(InvalidValueError) as caught:
        driver.command_gripper(positions)
    assert str(caught.value) == message


def test_the_gripper_goes_where_it_is_sent(driver):
    driver.command_gripper([0.01, 0.01])
    run(driver, 0, 2 * SECOND)
    np.testing.assert_allclose(driver.observe().position[N:], 0.01, atol=1e-3)


def test_reset_forgets_the_trajectory(driver):
    driver.command_trajectory(trajectory(ARM.home + 0.5, seconds=5.0), 0)
    run(driver, 0, SECOND)
    driver.reset(Scene())
    np.testing.assert_allclose(driver.observe().position[:N], ARM.home, atol=1e-6)
    run(driver, SECOND, 2 * SECOND)
    np.testing.assert_allclose(driver.observe().position[:N], ARM.home, atol=1e-4)


def test_the_controllers_parameters_reach_it():
    driver = ArmDriver(ArmSimulation(ARM, Scene()), max_points=1)
    two = JointTrajectory(ARM.joints, 0, [1, 2], [ARM.home, ARM.home])
    with pytest.raises(TrajectoryRefusedError, match='2 points, at most 1 are accepted'):
        driver.command_trajectory(two, 0)
