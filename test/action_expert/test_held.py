"""A hand that holds a drawer goes where that can; one that is free, or empty, where it is led."""

from __future__ import annotations

import numpy as np
import pytest
from expert_parts import DOWN, SETTINGS

from action_expert.expert.held import FREE, GENTLE_PACE, Doing, Held
from action_expert.guide import GuideWaypoints, make_guide
from action_expert.guide_clock import GuideClock
from action_expert.shift import beside
from gae_arm.core import geometry

PERIOD = 1 / 15
PULL = geometry.transform(
    np.repeat(DOWN[None], 3, axis=0), np.array([[0.5, 0, 0.1], [0.4, 0, 0.1], [0.4, 0, 0.2]])
)
GRASPED = 0.3


class Pulled:
    """A hand that has closed its fingers and is led 10 cm along -x, kept beside by `kept`, m."""

    def __init__(self, kept, opening=GRASPED, turned=0.0):
        waypoints = GuideWaypoints(
            PULL, np.array([0.0, 1.0, np.nan]), np.array([True, True, False]), np.arange(3)
        )
        self.guide = make_guide(PULL[0], 1.0, waypoints, SETTINGS, 0.6)
        self.clock = GuideClock(self.guide, 0, SETTINGS)
        self.held, self.kept, self.opening = Held(SETTINGS.lead), np.asarray(kept), opening
        self.turn = geometry.rotation_vector_to_matrix(np.array([0.0, 0.0, turned]))
        self.stamp_ns, self.doing = 0, Doing.DRAG
        for count in range(100):
            self.act(1.0 if count < 10 else opening)
            if self.clock.event == 1:
                break

    def led(self, times):
        return beside(self.guide.sample(times), self.held.shift)

    def act(self, opening=None):
        """Let a moment pass; the hand is on its guide along the pull, where it is kept across."""
        opening = self.opening if opening is None else opening
        T = self.guide.sample(np.array([self.clock.time]))[0]
        if self.clock.event > 0:
            T = geometry.transform(self.turn @ T[:3, :3], T[:3, 3] + self.kept)
        self.stamp_ns += round(PERIOD * 1e9)
        self.clock.update(self.stamp_ns, T, opening, self.led)
        self.held.update(self.clock, self.led, T, opening, PERIOD, self.doing)

    def pull(self):
        for _ in range(100):
            if self.clock.event == 2 or self.clock.fingers_asked is not None:
                break
            self.act()
        return self.held.shift


def test_the_guide_goes_where_the_hand_is_kept():
    shift = Pulled([0.0, 0.015, -0.01]).pull()
    np.testing.assert_allclose(shift[:3], [0.0, 0.015, -0.01], atol=FREE + 0.004)
    assert np.abs(shift[1:3]).max() > 0.005


def test_it_turns_as_what_is_held_turns():
    shift = Pulled([0.0, 0.0, 0.0], turned=0.2).pull()
    assert 0.08 < shift[5] <= 0.2
    np.testing.assert_allclose(shift[:5], 0.0, atol=1e-6)


def test_a_hand_behind_its_guide_is_led_on():
    np.testing.assert_allclose(Pulled([0.02, 0.0, 0.0]).pull(), 0.0, atol=2e-3)


@pytest.mark.parametrize('opening', [0.0, 0.01])
def test_closed_on_nothing_nothing_is_held(opening):
    np.testing.assert_allclose(Pulled([0.0, 0.015, 0.0], opening).pull(), 0.0)


def test_what_is_usual_is_no_force():
    np.testing.assert_allclose(Pulled([0.0, 0.5 * FREE, 0.0]).pull(), 0.0)


def test_a_hand_that_is_free_again_goes_back_to_its_guide():
    hand = Pulled([0.0, 0.0, 0.0])
    hand.held.shift[1] = 0.02
    hand.kept = np.array([0.0, 0.02, 0.0])
    for _ in range(8):
        hand.kept = hand.held.shift[:3].copy()
        hand.act()
    assert 0.0 < hand.held.shift[1] < 0.02 * np.exp(-0.7 * 7 * PERIOD)


def test_a_hand_that_carries_something_is_led_on_by_less_and_yields_to_nothing():
    hand = Pulled([0.0, 0.015, 0.0])
    hand.doing, hand.held.shift[2] = Doing.CARRY, 0.01
    hand.act()
    assert hand.clock.lead < SETTINGS.lead
    assert hand.clock.pace == 1.0
    shift = hand.pull()
    assert shift[1] == 0.0
    assert 0.0 < shift[2] < 1e-3
    hand.opening = 0.0
    hand.act()
    assert hand.clock.lead == SETTINGS.lead


@pytest.mark.parametrize('opening', [GRASPED, 0.0])
@pytest.mark.parametrize('doing', [Doing.DRAG, Doing.PUT_DOWN])
def test_what_may_come_to_a_stop_is_led_on_slowly_and_by_still_less(opening, doing):
    hand = Pulled([0.0, 0.0, 0.0])
    hand.doing = Doing.CARRY
    hand.act()
    before, hand.doing, hand.opening = hand.clock.lead, doing, opening
    hand.act()
    assert hand.clock.lead < before / 2
    time = hand.clock.time
    hand.act()
    assert 0 < hand.clock.time - time <= GENTLE_PACE * PERIOD + 1e-9
    hand.doing = Doing.CARRY
    hand.act()
    assert hand.clock.pace == 1.0
