"""Progress on a guide with arms that lag, are slowed down, held and pushed aside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_plans import path, random_guide

from action_expert.guide_clock import ClockSettings, GuideClock
from gae_arm.core import geometry

PICK = ([0.5, 0.1, 0.12], [0.5, 0.1, 0.02], [0.5, 0.1, 0.12])
SETTINGS = ClockSettings()
PERIOD = 0.01


class LaggingArm:
    """Follows what a clock commands, a first-order lag behind, new chunks every `every` ticks.

    lag: s. opening: of fingers that take 0.8 s from closed to open and stop at `blocked`.
    """

    def __init__(self, guide, lag=0.05, every=6, blocked=0.0):
        self.guide, self.clock = guide, GuideClock(guide, 0, SETTINGS)
        self.lag, self.every, self.blocked = lag, every, blocked
        self.pose, self.opening = guide.sample(np.zeros(1))[0], 1.0
        self.held = False
        self.ticks = 0
        self.behind = [0.0]
        self.poses = [self.pose]

    @property
    def seconds(self):
        return self.ticks * PERIOD

    def tick(self):
        if self.ticks % self.every == 0:
            self.clock.update(round(self.seconds * 1e9), self.pose, self.opening)
            self.behind.append(self.clock.way)
            self.offset = 0.0
        self.offset += PERIOD
        self.ticks += 1
        if self.held:
            return
        time = self.clock.times(np.array([self.offset]))
        target = self.guide.sample(time)[0]
        self.pose = geometry.interpolate(self.pose, target, 1 - np.exp(-PERIOD / self.lag))
        goal = max(float(self.guide.openings(time)[0]), self.blocked)
        self.opening += float(np.clip(goal - self.opening, -PERIOD / 0.8, PERIOD / 0.8))
        self.poses.append(self.pose)

    def run(self, seconds):
        end = self.ticks + round(seconds / PERIOD)
        while self.ticks < end and not self.clock.done:
            self.tick()
        return self.clock.done


@settings(deadline=None, max_examples=6)
@given(st.integers(0, 2**31), st.floats(0.01, 0.15), st.integers(4, 11))
def test_any_guide_is_carried_out_without_running_back(seed, lag, every):
    guide = random_guide(seed)
    arm = LaggingArm(guide, lag, every)
    assert arm.run(guide.duration * 1.3 + 5)
    assert (np.diff(arm.behind) >= 0).all()
    assert arm.clock.event == len(guide.events)
    assert arm.clock.share == 1.0
    np.testing.assert_allclose(arm.pose[:3, 3], guide.waypoints.poses[-1, :3, 3], atol=0.008)


@pytest.mark.parametrize('lag', [0.02, 0.15])
def test_a_lagging_arm_is_late_by_its_lag_and_no_more(lag):
    guide = path([[0.4, 0.3, 0.4], [0.2, 0.3, 0.2]])
    arm = LaggingArm(guide, lag)
    assert arm.run(60)
    assert guide.duration <= arm.seconds <= guide.duration + SETTINGS.ramp / 2 + 3 * lag + 0.1


def test_the_commanded_motion_has_no_step():
    guide = path([[0.4, 0.3, 0.4], [0.2, 0.3, 0.2]])
    arm = LaggingArm(guide, 0.1)
    arm.run(60)
    steps = np.linalg.norm(np.diff(np.array(arm.poses)[:, :3, 3], axis=0), axis=1)
    assert steps.max() <= 0.25 * PERIOD * 1.02


def test_an_arm_that_is_held_holds_the_clock_which_starts_again_gently():
    guide = path([[0.4, 0.6, 0.4]])
    arm = LaggingArm(guide)
    arm.run(1.0)
    way, arm.held = arm.clock.way, True
    arm.run(2.0)
    assert arm.clock.way == pytest.approx(way, abs=0.1)
    assert arm.clock.still > 1.5
    start = guide.sample(arm.clock.times(np.array([0.0])))[0]
    assert np.linalg.norm(start[:3, 3] - arm.pose[:3, 3]) < 0.01
    first, second = np.diff(arm.clock.times(np.array([0.0, 0.02, 0.04])))
    assert first < second < 0.5 * 0.02
    arm.held = False
    assert arm.run(10)
    assert arm.clock.still == 0.0


def test_it_waits_for_the_arm_before_the_fingers_move():
    guide = path(PICK, [np.nan, 0.0, np.nan])
    arm = LaggingArm(guide)
    event = guide.events[0]
    while arm.clock.time < event.arrive - 0.3:
        arm.tick()
    arm.held = True
    arm.run(2.0)
    assert arm.clock.times(np.array([0.0, 5.0])).max() <= event.arrive
    assert arm.clock.event == 0
    assert arm.clock.fingers_asked is None
    assert arm.clock.next_waypoint == 1
    arm.held = False
    assert arm.run(10)


def test_it_does_not_leave_before_the_fingers_have_moved():
    guide = path(PICK, [np.nan, 0.0, np.nan])
    arm = LaggingArm(guide, blocked=1.0)
    arm.run(20)
    event = guide.events[0]
    assert arm.clock.event == 0
    assert arm.clock.fingers_asked == 0.0
    assert arm.clock.times(np.array([0.0, 5.0])).max() <= event.leave
    assert arm.clock.still > 5.0
    arm.blocked = 0.0
    assert arm.run(10)


def test_fingers_that_hold_something_are_enough():
    guide = path(PICK, [np.nan, 0.0, np.nan])
    arm = LaggingArm(guide, blocked=0.5)
    assert arm.run(20)
    assert arm.opening == 0.5


def test_one_that_was_pushed_aside_is_said_to_be_off():
    arm = LaggingArm(path([[0.4, 0.6, 0.4]]))
    arm.run(1.0)
    arm.pose = arm.pose.copy()
    arm.pose[2, 3] += 0.1
    before = arm.clock.way
    arm.clock.update(round(arm.seconds * 1e9), arm.pose, 1.0)
    assert arm.clock.off == pytest.approx(0.1, abs=0.01)
    assert arm.clock.way >= before


def test_a_state_from_before_the_last_one_changes_no_time():
    arm = LaggingArm(path([[0.4, 0.6, 0.4]]))
    arm.run(1.0)
    time = arm.clock.time
    arm.clock.update(round((arm.seconds - 5.0) * 1e9), arm.pose, 1.0)
    assert arm.clock.time == pytest.approx(time, abs=0.07)


def test_the_next_waypoint():
    guide = path([[0.4, 0.2, 0.4], [0.4, 0.4, 0.4], [0.4, 0.4, 0.2]])
    arm = LaggingArm(guide)
    seen = [arm.clock.next_waypoint]
    while not arm.clock.done:
        arm.tick()
        seen.append(arm.clock.next_waypoint)
    assert sorted(set(seen)) == [0, 1, 2]
    assert seen == sorted(seen)


def test_where_the_guide_leads_on_the_spot_nothing_is_waited_for():
    """Somebody has put all waypoints onto one place: the arm is at each of them."""
    guide = path(([0.4, 0, 0.3], [0.5, 0, 0.3], [0.5, 0.1, 0.3]))
    clock, here = GuideClock(guide, 0, SETTINGS), guide.sample(np.zeros(1))
    clock.lead = 0.03
    for stamp in range(1, 300):
        clock.update(stamp * 20_000_000, here[0], 1.0, lambda times: here.repeat(len(times), 0))
    assert clock.time == guide.duration


PRESS = ([0.5, 0.1, 0.15], [0.5, 0.1, 0.03], [0.5, 0.1, 0.15])


@pytest.mark.parametrize('lag', [0.05, 0.15, 0.3])
def test_where_the_guide_turns_back_it_waits_for_the_arm(lag):
    arm = LaggingArm(path(PRESS), lag)
    assert len(arm.guide.turns) == 1
    assert arm.run(30)
    assert min(pose[2, 3] for pose in arm.poses) < 0.03 + SETTINGS.arrival_distance


@pytest.mark.parametrize('early', [0.005, 0.015, 0.03])
def test_an_arm_that_something_stops_before_the_turn_goes_back(early):
    class Stopped(LaggingArm):
        def tick(self):
            super().tick()
            self.pose = self.pose.copy()
            self.pose[2, 3] = max(self.pose[2, 3], 0.03 + early)

    arm = Stopped(path(PRESS))
    assert arm.run(30)
    assert arm.seconds < arm.guide.duration + 2
    np.testing.assert_allclose(arm.pose[:3, 3], PRESS[-1], atol=0.008)


def test_where_the_arm_is_not_led_back_nothing_is_waited_for():
    """A plan that errs turns back at the end of a pull; the arm is led to one place by both."""
    arm = LaggingArm(path([[0.5, 0, 0.3], [0.5, 0, 0.1], [0.5, 0, 0.15]]))
    turn = float(arm.guide.turns[0])
    end = arm.guide.sample(np.array([turn]))[0]

    def led(times):
        poses = arm.guide.sample(times)
        poses[np.asarray(times) > turn] = end
        return poses

    arm.clock.update(0, arm.pose, 1.0, led)
    for ms in range(0, round(1000 * turn) + 500, 50):
        arm.clock.update(10**6 * ms, led(np.array([max(0.0, ms * 1e-3 - 0.1)]))[0], 1.0, led)
    assert arm.clock.time > turn


def test_who_knows_better_says_that_the_arm_has_come_to_a_waypoint():
    guide = path(PICK)
    clock = GuideClock(guide, 0, SETTINGS)
    clock.reach(1)
    assert clock.next_waypoint == 2
    clock.reach(0)
    assert clock.next_waypoint == 2
