"""The governor as a whole: it moves, brakes, latches, resumes; time is the caller's."""

import dataclasses

import numpy as np
import pytest
from small_arm import START_NS, STEP_NS, Driver, small_arm

from gae_arm.arm_control.governor import Governor
from gae_arm.arm_control.limits import limited_arm, stopping_seconds
from gae_arm.arm_control.rules import WorkspaceRule
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import ArmState, HaltReason

FAST = [0.8, -1.6, 1.6]


def standing(output):
    return output.status.state != ArmState.MOVING


def ticks_until_standing(driver, command=None, most=100):
    for count in range(1, most):
        if driver.tick(command() if command else None).status.state != ArmState.MOVING:
            return count
    raise AssertionError('the arm does not come to a stand')


def test_without_a_command_it_holds_where_the_arm_stands():
    driver = Driver()
    driver.position = np.array([0.1, 0.2, 0.3])
    output = driver.tick()
    status = output.status
    assert (status.state, status.reason) == (ArmState.HOLDING, HaltReason.NO_COMMAND)
    assert status.message == 'there is no command'
    assert (output.trajectory.positions == [0.1, 0.2, 0.3]).all()
    assert not output.trajectory.velocities.any()
    assert (output.clock_rate, output.following) == (0.0, False)


def test_a_good_command_is_followed_at_full_speed():
    driver = Driver()
    output = driver.run(FAST, 40)
    status = output.status
    assert (status.state, status.reason, status.message) == (ArmState.MOVING, HaltReason.NONE, '')
    assert (status.speed_scale, output.clock_rate, output.following) == (1.0, 1.0, True)
    np.testing.assert_allclose(driver.here[1], FAST, rtol=1e-3)


def test_every_message_ends_standing_and_begins_in_the_past():
    driver = Driver()
    for _ in range(30):
        now_ns = driver.now_ns
        trajectory = driver.tick(driver.towards(FAST)).trajectory
        assert trajectory.joint_names == driver.arm.joints
        assert trajectory.stamp_ns <= now_ns
        assert not trajectory.velocities[-1].any()
        assert not trajectory.accelerations[-1].any()


def test_every_message_carries_the_look_ahead_and_then_stops():
    driver = Driver(look_ahead=0.1)
    trajectory = driver.run(FAST, 40).trajectory
    seconds = (trajectory.stamp_ns + trajectory.times_ns - driver.now_ns) * 1e-9
    moving = np.abs(trajectory.velocities[:, 0]) > 0.79
    assert 0.08 <= seconds[moving].max() <= 0.11
    assert seconds[-1] < 0.11 + stopping_seconds(driver.arm.limits).max() + 0.05


def test_when_commands_end_it_brakes_and_holds():
    driver = Driver()
    driver.run(FAST, 40)
    limit = np.ceil(stopping_seconds(driver.arm.limits).max() * 1e9 / STEP_NS) + 3
    assert ticks_until_standing(driver) <= limit
    assert driver.outputs[-1].status.state == ArmState.HOLDING


def test_the_end_of_a_path_is_reached_and_held():
    driver = Driver()
    driver.tick()
    start_ns, goal = driver.governor.advance(driver.now_ns).start_ns, [0.2, -0.3, 0.1]
    times = start_ns + np.arange(0, 501, 20) * 1_000_000
    ramp = np.linspace(0, 1, len(times))[:, None]
    ramp = ramp**2 * (3 - 2 * ramp)
    command = dataclasses.replace(driver.towards([0, 0, 0]), times_ns=times, position=ramp * goal)
    for _ in range(120):
        output = driver.tick(dataclasses.replace(command, stamp_ns=driver.now_ns))
    assert (output.status.state, output.status.reason) == (ArmState.HOLDING, HaltReason.NONE)
    np.testing.assert_allclose(driver.position, goal, atol=2e-4)


def test_a_start_is_gentle():
    driver = Driver(ramp=0.25)
    driver.run(FAST, 13)
    assert (np.abs(driver.here[1]) < 0.6 * np.abs(FAST)).all()
    driver.run(FAST, 30)
    np.testing.assert_allclose(driver.here[1], FAST, rtol=1e-2)


# -- stop and resume ------------------------------------------------------------------------------


def test_a_stop_latches_until_resume():
    driver = Driver()
    driver.run(FAST, 30)
    driver.governor.stop()
    ticks_until_standing(driver, lambda: driver.towards(FAST))
    output = driver.run(FAST, 50)
    assert output.status.state == ArmState.HALTED
    assert output.status.reason == HaltReason.STOP_REQUESTED
    assert output.status.message == 'a stop was requested'
    assert driver.governor.resume(driver.now_ns, driver.inputs()) == (True, 'resumed')
    assert driver.run(FAST, 5).status.state == ArmState.MOVING


def test_braking_starts_at_the_next_point_of_the_grid():
    driver = Driver()
    driver.run(FAST, 40)
    before = driver.here
    driver.governor.stop('the red button')
    output = driver.tick(driver.towards(FAST))
    after = driver.here
    assert output.status.message == 'the red button'
    assert (np.abs(after[1]) < np.abs(before[1])).all()
    assert (after[2] * np.sign(FAST) <= -0.9 * np.min(driver.arm.limits.jerk) * 0.01).all()


@pytest.mark.parametrize('velocity', [FAST, [0.3, -0.5, 0.4]])
def test_the_arm_stands_as_soon_as_its_limits_allow(velocity):
    driver = Driver()
    driver.run(velocity, 40)
    limits = driver.arm.limits
    V, A, J = np.abs(velocity), limits.acceleration, limits.jerk
    optimum = np.where(V * J > A * A, V / A + A / J, 2 * np.sqrt(V / J)).max()
    driver.governor.stop()
    # One step until the grid, and up to three because stops end on it.
    assert ticks_until_standing(driver) * 0.01 <= optimum + 0.04


def test_resume_without_a_stop_does_nothing():
    driver = Driver()
    answer = driver.governor.resume(driver.now_ns, driver.inputs())
    assert answer == (True, 'there was nothing to resume from')


def test_resume_waits_until_the_arm_stands():
    driver = Driver()
    driver.run(FAST, 40)
    driver.governor.stop()
    driver.tick()
    answer = driver.governor.resume(driver.now_ns, driver.inputs())
    assert answer == (False, 'not resumed: the arm is still braking')
    driver.settle()
    assert driver.governor.resume(driver.now_ns, driver.inputs())[0]


def test_a_stop_that_comes_during_a_resume_is_not_lost():
    driver = Driver()
    driver.tick()
    driver.governor.stop()
    driver.settle(5)
    inputs = driver.inputs()
    start = driver.governor._feedback.position

    def stop_meanwhile(state):
        driver.governor.stop('the second button')
        return start(state)

    driver.governor._feedback.position = stop_meanwhile
    answer = driver.governor.resume(driver.now_ns, inputs)
    assert answer == (False, 'not resumed: the second button')


def test_resume_needs_fresh_inputs():
    driver = Driver()
    driver.tick()
    driver.governor.stop()
    driver.settle()
    old = driver.inputs(joint_state=driver.state(stamp_ns=driver.now_ns - 200_000_000))
    assert driver.governor.resume(driver.now_ns, old) == (
        False,
        'not resumed: the joint state is 0.200 s old, at most 0.1 s is allowed',
    )
    assert driver.tick().status.reason == HaltReason.STOP_REQUESTED


def test_out_of_a_breach_the_arm_moves_after_resume_and_no_further_in():
    box = [WorkspaceRule(lambda q: q[None], [-0.5] * 3, [0.5] * 3, np.ones(3))]
    driver = Driver(rules=box)
    driver.tick()
    driver.governor.stop()
    driver.settle()
    wall = '0.100 m beyond the +x wall of the workspace [-0.5, -0.5, -0.5] to [0.5, 0.5, 0.5] m'
    driver.position = np.array([0.6, 0.0, 0.0])
    for _ in range(5):
        moved = driver.inputs(joint_state=driver.state(position=[0.6, 0.0, 0.0]))
        driver.tick(inputs=moved)
    assert driver.governor.resume(driver.now_ns, moved) == (True, f'resumed, to move away: {wall}')
    output = driver.run([0.2, 0.0, 0.0], 50)
    assert (output.status.reason, standing(output)) == (HaltReason.WORKSPACE_LIMIT, True)
    assert driver.position[0] == pytest.approx(0.6, abs=1e-6)
    driver.run([-0.8, 0.0, 0.0], 120)
    assert driver.position[0] < 0.49


def test_an_arm_that_was_moved_during_a_stop_goes_on_from_where_it_is():
    driver = Driver()
    driver.run(FAST, 30)
    driver.governor.stop()
    driver.settle()
    moved = driver.position + np.array([0.3, -0.3, 0.3])
    for _ in range(5):
        output = driver.tick(inputs=driver.inputs(joint_state=driver.state(position=moved)))
    assert output.trajectory is None, 'the old position must not be commanded to a moved arm'
    assert output.status.reason == HaltReason.STOP_REQUESTED
    inputs = driver.inputs(joint_state=driver.state(position=moved))
    assert driver.governor.resume(driver.now_ns, inputs) == (True, 'resumed')
    output = driver.tick(inputs=driver.inputs(joint_state=driver.state(position=moved)))
    np.testing.assert_array_equal(output.trajectory.positions, [moved, moved])


def test_a_cause_that_is_gone_frees_the_arm_once_it_stands():
    driver = Driver()
    driver.run(FAST, 40)
    stale = driver.inputs(joint_state=driver.state(stamp_ns=driver.now_ns - 150_000_000))
    output = driver.tick(driver.towards(FAST), inputs=stale)
    assert output.status.reason == HaltReason.JOINT_STATE_STALE
    # The joint state is fresh again, but the arm comes to a stand first.
    output = driver.tick(driver.towards(FAST))
    assert output.status.reason == HaltReason.JOINT_STATE_STALE
    assert not output.following
    output = driver.run(FAST, 60)
    assert (output.status.state, output.following) == (ArmState.MOVING, True)


# -- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize('periods', [2, 5, 9])
def test_a_late_tick_finds_the_arm_moving_on(periods):
    driver = Driver()
    driver.run(FAST, 40)
    driver.tick(driver.towards(FAST), periods=periods)
    np.testing.assert_allclose(driver.here[1], FAST, rtol=1e-3)
    assert driver.run(FAST, 3).status.reason == HaltReason.NONE


def test_after_a_very_late_tick_the_arm_has_stopped_by_itself():
    driver = Driver()
    driver.run(FAST, 40)
    end = driver.tick(driver.towards(FAST), periods=200).trajectory.positions[-1]
    np.testing.assert_array_equal(driver.here[0], end)
    assert not driver.here[1:].any()


def test_early_and_jittering_ticks_change_nothing_about_the_motion():
    smooth, jittering = Driver(), Driver()
    random = np.random.default_rng(0)
    for _ in range(100):
        smooth.tick(smooth.towards(FAST))
        for part in (0.5 + 0.3 * random.uniform(-1, 1),) * 2:
            jittering.tick(jittering.towards(FAST), periods=part)
    assert np.abs(jittering.here[1] - smooth.here[1]).max() < 1e-6
    assert jittering.outputs[-1].status.reason == HaltReason.NONE


def test_a_clock_that_goes_back_halts_until_resume():
    driver = Driver()
    driver.run(FAST, 40)
    driver.now_ns = START_NS - 10**10
    output = driver.tick(driver.towards(FAST))
    assert output.status.reason == HaltReason.CLOCK_MISMATCH
    assert output.status.message == 'the node clock went back by 10.400 s'
    assert output.trajectory.stamp_ns <= START_NS - 10**10
    ticks_until_standing(driver)
    assert driver.outputs[-1].status.state == ArmState.HALTED
    assert driver.governor.resume(driver.now_ns, driver.inputs())[0]
    assert driver.run(FAST, 3).status.state == ArmState.MOVING


def test_a_clock_that_slips_a_little_does_not():
    driver = Driver()
    driver.run(FAST, 10)
    driver.now_ns -= 20_000_000
    assert driver.run(FAST, 1).status.reason == HaltReason.NONE


def test_the_same_calls_give_the_same_messages_to_the_last_bit():
    def run():
        driver = Driver()
        random = np.random.default_rng(3)
        for _ in range(60):
            driver.tick(driver.towards(random.uniform(-2, 2, 3)), periods=random.uniform(0.5, 2))
        return b''.join(o.trajectory.positions.tobytes() for o in driver.outputs)

    assert run() == run()


# -- limits ---------------------------------------------------------------------------------------


def test_a_joint_that_must_not_move_does_not():
    driver = Driver(small_arm(velocity=[1.0, 0.0, 2.0]))
    for k in range(60):
        driver.tick(driver.towards([0.5, 0.0 if k % 2 else 0.5, -0.5]))
    assert all((o.trajectory.positions[:, 1] == 0.0).all() for o in driver.outputs)


def test_all_speeds_of_zero_are_a_limit_too():
    driver = Driver(velocity_scale=0.0)
    output = driver.run(FAST, 20)
    assert (output.status.state, output.status.reason) == (
        ArmState.HALTED,
        HaltReason.VELOCITY_LIMIT,
    )
    assert all((o.trajectory.positions == 0).all() for o in driver.outputs)


def test_a_cloud_that_is_used_needs_a_rule():
    with pytest.raises(InvalidValueError) as caught:
        Driver(use_cloud=True)
    assert str(caught.value) == 'use_cloud is on, but there is no rule for obstacles'


def test_limits_that_allow_no_quick_stop_refuse_to_start():
    changes = Driver().settings
    slow = dataclasses.replace(changes, acceleration_scale=0.01)
    with pytest.raises(InvalidValueError, match='needs 20 s to stop from 2 rad/s'):
        Governor(limited_arm(small_arm(), slow), slow)
