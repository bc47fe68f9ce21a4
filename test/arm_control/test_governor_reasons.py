"""Every typed reason: what causes it, its sentence, and that the arm comes to a stand by itself."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from small_arm import Driver

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.rules import DistanceRule, ObstacleRule, WorkspaceRule
from gae_arm.core.motion import ArmState, HaltReason

FAST = [0.8, -1.6, 1.6]
MS = 1_000_000


def moving(**changes):
    driver = Driver(**changes)
    driver.run(FAST, 20)
    return driver


def assert_halts(driver, reason, message, tick):
    """The reason is given at once, and the arm stands within its shortest stop."""
    status = tick().status
    assert (status.reason, status.message) == (reason, message)
    assert status.speed_scale == 0.0
    for _ in range(50):
        status = tick().status
    assert (status.state, status.reason) == (ArmState.HALTED, reason)


@pytest.mark.parametrize(
    ('changes', 'reason', 'message'),
    [
        (
            {'position': np.full((11, 3), np.nan)},
            HaltReason.COMMAND_INVALID,
            'command: position[0, 0] is not finite: nan',
        ),
        (
            {'joint_names': ('one', 'two', 'four')},
            HaltReason.COMMAND_WRONG_JOINTS,
            "the command is for the joints ['one', 'two', 'four'], the arm has "
            "['one', 'two', 'three']",
        ),
    ],
)
def test_a_command_that_is_wrong_in_itself(changes, reason, message):
    driver = moving()
    assert_halts(driver, reason, message, lambda: driver.tick(driver.towards(FAST, **changes)))


def test_a_command_that_starts_elsewhere():
    driver = moving()
    here = driver.here[0, 1]
    elsewhere = np.tile([0.0, 1.5, 0.0], (11, 1))
    output = driver.tick(driver.towards(FAST, position=elsewhere))
    assert output.status.reason == HaltReason.COMMAND_JUMP
    assert output.status.message == (
        f"joint 'two' is at {here:.4f} rad, the command starts at 1.5000 rad; at most 0.1 rad lie "
        'between'
    )


def test_a_command_through_the_end_of_the_range():
    driver = Driver()
    for _ in range(200):
        output = driver.tick(driver.towards([0.8, 0, 0]))
        if output.status.reason != HaltReason.NONE:
            break
    assert output.status.reason == HaltReason.POSITION_LIMIT
    assert output.status.message.startswith("joint 'one' is asked to go to 1.0")
    assert output.status.message.endswith('rad, its limits are -1.0000 to 1.0000')
    assert driver.settle().status.state == ArmState.HOLDING
    assert 0.9 < driver.position[0] <= 1.0


def test_a_command_may_end_at_the_end_of_the_range():
    """The curve through points that keep the limit overshoots it: that is not the command's."""
    driver = moving()
    reasons = set()
    for _ in range(400):
        up = np.minimum(driver.here[0, 0] + 0.016 * np.arange(11), 1.0)
        position = np.column_stack([up, driver.here[0, 1:] + np.zeros((11, 2))])
        command = driver.towards(FAST, position=position)
        times_ns = command.times_ns[0] + 20 * MS * np.arange(11)
        command = dataclasses.replace(command, times_ns=times_ns)
        reasons.add(driver.tick(command).status.reason)
        assert driver.position[0] <= 1.0
    assert HaltReason.POSITION_LIMIT not in reasons
    assert driver.position[0] > 0.99


def test_a_command_that_is_too_fast_is_slowed_and_says_so():
    driver = moving()
    status = driver.run([0.0, 4.0, 1.0], 45).status
    assert (status.state, status.reason) == (ArmState.MOVING, HaltReason.VELOCITY_LIMIT)
    assert status.message == "joint 'two' is asked to move at 4 rad/s, its limit is 2 rad/s"
    assert status.speed_scale == pytest.approx(0.5, abs=1e-3)
    np.testing.assert_allclose(driver.here[1], [0, 2.0, 0.5], atol=5e-3)


@pytest.mark.parametrize(
    ('amplitude', 'frequency', 'reason'),
    [(0.25, 10.0, HaltReason.ACCELERATION_LIMIT), (0.05, 12.0, HaltReason.JERK_LIMIT)],
)
def test_a_command_that_turns_too_sharply_is_waited_for(amplitude, frequency, reason):
    driver = Driver(jerk_scale=0.05 if reason == HaltReason.JERK_LIMIT else 1.0, ramp=0.25)
    progress, seen = 0.0, set()
    times = np.arange(11) * 10 * MS
    for _ in range(150):
        start_ns = (
            driver.now_ns if not driver.outputs else driver.governor.advance(driver.now_ns).start_ns
        )
        phase = frequency * (progress + times[:, None] * 1e-9)
        wave = amplitude * np.sin(phase) * np.array([0.0, 1.0, 0.0])
        output = driver.tick(driver.towards([0, 0, 0], times_ns=start_ns + times, position=wave))
        progress += output.clock_rate * 0.01
        seen.add(output.status.reason)
        assert output.status.state == ArmState.MOVING or not progress
    assert reason in seen
    limits = HaltReason.VELOCITY_LIMIT, HaltReason.ACCELERATION_LIMIT, HaltReason.JERK_LIMIT
    assert seen <= {HaltReason.NONE, HaltReason.COMMAND_JUMP, *limits}


@pytest.mark.parametrize(
    'cause',
    [
        Cause(HaltReason.UNREACHABLE, 'the pose is 0.2 m out of reach'),
        Cause(HaltReason.SINGULARITY, 'joint 5 is straight'),
        Cause(HaltReason.SCENE_CHANGED, 'the cube has moved by 0.08 m'),
    ],
)
def test_what_others_found_is_passed_on(cause):
    driver = moving()
    assert_halts(
        driver,
        cause.reason,
        cause.message,
        lambda: driver.tick(inputs=driver.inputs(refusal=cause)),
    )


# -- ages and clocks ------------------------------------------------------------------------------


def test_a_joint_state_that_is_too_old():
    driver = moving()
    assert_halts(
        driver,
        HaltReason.JOINT_STATE_STALE,
        'the joint state is 0.101 s old, at most 0.1 s is allowed',
        lambda: driver.tick(
            driver.towards(FAST),
            inputs=driver.inputs(joint_state=driver.state(stamp_ns=driver.now_ns - 101 * MS)),
        ),
    )


def test_a_joint_state_that_never_came():
    driver = Driver()
    output = driver.tick(inputs=driver.inputs(joint_state=None))
    assert output.status.reason == HaltReason.JOINT_STATE_STALE
    assert output.status.message == 'there is no joint state yet'
    assert output.trajectory is None


def test_a_joint_state_of_another_clock():
    driver = moving()
    stamp_ns = driver.now_ns + 10**12
    output = driver.tick(inputs=driver.inputs(joint_state=driver.state(stamp_ns=stamp_ns)))
    assert output.status.reason == HaltReason.CLOCK_MISMATCH
    assert output.status.message == (
        f'the joint state is stamped {stamp_ns * 1e-9:.3f} s, the node clock says '
        f'{(driver.now_ns - 10 * MS) * 1e-9:.3f} s: they run on different clocks (see use_sim_time)'
    )


def test_a_joint_state_without_a_joint():
    driver = moving()
    state = driver.state(
        joint_names=('one', 'two'), position=[0, 0], velocity=[0, 0], effort=[0, 0]
    )
    output = driver.tick(driver.towards(FAST), inputs=driver.inputs(joint_state=state))
    assert output.status.reason == HaltReason.JOINT_STATE_INVALID
    assert output.status.message == "the joint state lacks ['three']; it has: ['one', 'two']"


def test_a_joint_state_that_is_frozen_latches():
    driver = Driver(tracking_error=1.0)
    driver.run([0.3, 0, 0], 5)
    stuck = driver.position.copy()
    for _ in range(40):
        inputs = driver.inputs(joint_state=driver.state(position=stuck))
        output = driver.tick(driver.towards([0.3, 0, 0]), inputs=inputs)
    assert output.status.reason == HaltReason.JOINT_STATE_FROZEN
    assert output.status.message.startswith("joint 'one' has reported ")
    assert output.status.state == ArmState.HALTED
    assert driver.run([0.3, 0, 0], 20).status.reason == HaltReason.JOINT_STATE_FROZEN


def test_an_arm_that_does_not_follow_latches_and_is_told_nothing_more():
    driver = moving()
    for _ in range(60):
        inputs = driver.inputs(joint_state=driver.state(position=driver.position + 0.5))
        output = driver.tick(driver.towards(FAST), inputs=inputs)
    assert output.status.reason == HaltReason.CONTROLLER_FAILED
    assert output.status.message.endswith(
        ' rad from where it was commanded; at most 0.1 is allowed'
    )
    assert output.status.state == ArmState.HALTED
    assert output.trajectory is None


def test_a_chunk_that_is_too_old():
    driver = moving()
    assert_halts(
        driver,
        HaltReason.CHUNK_STALE,
        'the chunk is 0.301 s old, at most 0.3 s is allowed',
        lambda: driver.tick(driver.towards(FAST, stamp_ns=driver.now_ns - 301 * MS)),
    )


def test_a_plan_that_has_expired():
    driver = moving()
    assert_halts(
        driver,
        HaltReason.PLAN_EXPIRED,
        'the plan expired 0.002 s ago',
        lambda: driver.tick(
            driver.towards(FAST), inputs=driver.inputs(plan_expiry_ns=driver.now_ns - 2 * MS)
        ),
    )


# -- distances ------------------------------------------------------------------------------------


def place(q):
    return q[None]


def with_box(lower, upper, **changes):
    return Driver(rules=[WorkspaceRule(place, lower, upper, np.ones(3))], **changes)


def test_the_wall_of_the_workspace_is_approached_and_not_passed():
    driver = with_box([-0.5] * 3, [0.5] * 3)
    driver.run([0.8, 0, 0], 200)
    ends = [output.trajectory.positions[:, 0].max() for output in driver.outputs]
    assert 0.45 < max(ends) <= 0.5
    status = driver.outputs[-1].status
    assert status.reason == HaltReason.WORKSPACE_LIMIT
    assert status.message.endswith(
        'from the +x wall of the workspace [-0.5, -0.5, -0.5] to [0.5, 0.5, 0.5] m'
    )
    assert driver.run([-0.8, 0, 0], 60).status.reason == HaltReason.NONE


def test_who_is_outside_one_wall_does_not_leave_through_another():
    driver = with_box([-0.5] * 3, [0.5] * 3)
    driver.position = np.array([0.6, 0.0, 0.0])
    driver.run([-0.1, 0.5, 0], 200)
    assert max(output.trajectory.positions[:, 1].max() for output in driver.outputs) <= 0.5
    assert driver.outputs[-1].status.reason == HaltReason.WORKSPACE_LIMIT


def test_an_arm_outside_its_workspace_may_come_back():
    driver = with_box([-0.5] * 3, [0.5] * 3)
    driver.position = np.array([0.6, 0.0, 0.0])
    driver.run([0.8, 0, 0], 20)
    assert driver.position[0] <= 0.6
    driver.run([-0.8, 0, 0], 120)
    assert driver.position[0] < 0.45


@pytest.mark.parametrize('reason', [HaltReason.SELF_COLLISION, HaltReason.TABLE_COLLISION])
def test_bodies_are_kept_apart(reason):
    def distances(q):
        return np.array([2.0, 0.4 - q[0]])

    names = [('elbow', 'hand'), ('hand', 'post')]
    driver = Driver(rules=[DistanceRule(reason, distances, names, np.ones((2, 3)), 0.05)])
    driver.run([0.8, 0, 0], 200)
    assert 0.3 < max(o.trajectory.positions[:, 0].max() for o in driver.outputs) <= 0.35
    status = driver.outputs[-1].status
    assert status.reason == reason
    assert status.message == 'hand is 0.050 m from post, at least 0.05 m is kept'


class Cloudy:
    """An arm whose joint positions are the place of its tip, and a cloud that may move."""

    def __init__(self, points=((0.4, 0.0, 0.0),), **changes):
        rule = ObstacleRule(self.distance, 0.05, 0.15, np.ones(3))
        settings = {'use_cloud': True, 'stop_distance': 0.05, 'slow_distance': 0.15} | changes
        self.driver = Driver(obstacles=rule, **settings)
        self.points = np.array(points)
        self.exempt = np.zeros((0, 4))

    @staticmethod
    def distance(q, points):
        return float(np.abs(points - q).max(axis=1).min())

    def tick(self, velocity=None, age_ms=0):
        driver = self.driver
        inputs = driver.inputs(
            cloud_stamp_ns=driver.now_ns - age_ms * MS, cloud=self.points, exempt=self.exempt
        )
        command = None if velocity is None else driver.towards(velocity)
        return driver.tick(command, inputs=inputs)


def test_an_obstacle_slows_the_arm_down_and_stops_it():
    cloudy = Cloudy()
    outputs = [cloudy.tick([0.8, 0, 0]) for _ in range(200)]
    assert 0.3 < cloudy.driver.position[0] <= 0.35
    scales = [o.status.speed_scale for o in outputs if o.status.reason == HaltReason.OBSTACLE_NEAR]
    assert max(scales) > 0.9
    assert min(scales) < 0.1
    assert outputs[-1].status.message.startswith('an obstacle is 0.0')


def test_an_obstacle_that_comes_nearer_halts_the_arm_until_it_is_gone():
    cloudy = Cloudy([[9.0, 0.0, 0.0]])
    for _ in range(40):
        cloudy.tick([0.8, 0, 0])
    here = cloudy.driver.here.copy()
    ahead = np.linspace(0.04, 0.3, 14)
    cloudy.points = here[0] + ahead[:, None] * np.array([1.0, 0.0, 0.0])
    output = cloudy.tick([0.8, 0, 0])
    assert output.status.reason == HaltReason.OBSTACLE_NEAR
    assert output.status.message == (
        'an obstacle is 0.040 m away; the arm slows down below 0.15 m and stands at 0.05 m'
    )
    assert cloudy.driver.here[1, 0] < here[1, 0]
    for _ in range(40):
        output = cloudy.tick([0.8, 0, 0])
    assert output.status.state == ArmState.HALTED
    cloudy.points = np.array([[9.0, 0.0, 0.0]])
    for _ in range(5):
        output = cloudy.tick([0.8, 0, 0])
    assert (output.status.state, output.status.reason) == (ArmState.MOVING, HaltReason.NONE)


def test_where_the_plan_grasps_the_arm_may_go():
    cloudy = Cloudy()
    cloudy.exempt = np.array([[0.4, 0.0, 0.0, 0.1]])
    for _ in range(100):
        output = cloudy.tick([0.5, 0, 0])
    assert cloudy.driver.position[0] > 0.42
    assert output.status.reason == HaltReason.NONE


def test_a_cloud_that_is_too_old():
    cloudy = Cloudy([[9.0, 0.0, 0.0]])
    for _ in range(20):
        cloudy.tick(FAST)
    assert_halts(
        cloudy.driver,
        HaltReason.CLOUD_STALE,
        'the cloud is 0.251 s old, at most 0.25 s is allowed',
        lambda: cloudy.tick(FAST, age_ms=251),
    )


def test_a_cloud_that_never_came():
    driver = Cloudy().driver
    output = driver.tick(driver.towards(FAST))
    assert output.status.reason == HaltReason.CLOUD_STALE
    assert output.status.message == 'there is no cloud yet'


def test_without_use_cloud_none_is_needed():
    assert moving().outputs[-1].status.reason == HaltReason.NONE


def test_every_reason_is_in_the_documentation():
    text = (Path(__file__).parents[2] / 'docs' / 'safety.md').read_text()
    missing = [r.name for r in HaltReason if r != HaltReason.NONE and f'`{r.name}`' not in text]
    assert not missing
