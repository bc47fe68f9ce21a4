"""A run is over once nothing moves any more, unless time alone may still decide."""

import dataclasses

import pytest

from gae_arm.arm_sim.tasks.checker import SuccessChecker
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core.truth import Truth
from gae_arm.demonstrations.settling import REST, REST_S, SETTLING_S, Settling

PRESS = TASKS['press_button'].sample(4)
STEP_NS = 20_000_000


def seconds(settling, speeds, pending=False):
    """Return after how long it is over; speeds: of each period in turn, the last one for ever."""
    now_ns, speeds = 0, list(speeds)
    while not settling.is_over(now_ns, speeds.pop(0) if speeds[1:] else speeds[0], pending):
        now_ns += STEP_NS
    return now_ns * 1e-9


def test_it_is_over_when_nothing_has_moved_for_a_while():
    assert seconds(Settling(0, 0), [0.0]) == pytest.approx(REST_S)
    moving = [2 * REST] * 10
    assert seconds(Settling(0, 0), [*moving, 0.0]) == pytest.approx(9 * 0.02 + REST_S)


def test_what_is_commanded_is_carried_out_first():
    assert seconds(Settling(0, 750_000_000), [0.0]) == pytest.approx(0.76)


@pytest.mark.parametrize(('speed', 'pending'), [(2 * REST, False), (0.0, True)])
def test_it_is_over_in_the_end_whatever_moves(speed, pending):
    assert seconds(Settling(0, 0), [speed], pending) == pytest.approx(SETTLING_S)


def test_time_alone_decides_where_the_goal_holds_or_the_limit_is_near():
    (button,) = PRESS.targets
    poses = {name: item.T_base_item for name, item in PRESS.items.items()}
    up = dict.fromkeys((n for n, item in PRESS.items.items() if item.body.motion != 'fixed'), 0.0)
    truth = Truth(1, poses, up, dict.fromkeys(poses, 0.0), frozenset())
    checker = SuccessChecker(PRESS)
    assert not checker.is_pending(10**9)
    checker.update(truth)
    assert not checker.is_pending(2 * 10**9)
    assert checker.is_pending(round((PRESS.time_limit_s + 1) * 1e9))
    down = {**up, button: PRESS.items[button].body.travel[0]}
    checker.update(dataclasses.replace(truth, stamp_ns=STEP_NS, joints=down))
    assert checker.is_pending(2 * 10**9)
