"""The loop: its grid, its inbox, what it asks the system for; without waiting for real time."""

import threading
import time

import numpy as np
import pytest

from gae_arm.arm_control.control_loop import ControlLoop
from gae_arm.arm_control.controller import ControlOutput
from gae_arm.arm_control.executed_path import ExecutedPath
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.loop_record import LoopRecord
from gae_arm.arm_control.real_time import Sleeper, sleep_until
from gae_arm.arm_control.status_gate import StatusGate
from gae_arm.core import geometry
from gae_arm.core.errors import GaeError
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason

MS = 1_000_000


def status(now_ns, state=ArmState.HOLDING, reason=HaltReason.NONE, message='', scale=1.0):
    return ArmStatus(now_ns, state, reason, message, scale)


class Ticking:
    """A controller that notes when it is called, and a clock that the test moves.

    lateness: of each awakening, ns. taking: what a tick takes, ns. sent: when outputs were sent.
    """

    def __init__(self, lateness=(), taking=MS):
        self.governor = self
        self.settings = GovernorSettings()
        self.now_ns = 1_234_567
        self.lateness, self.taking = list(lateness), taking
        self.ticks, self.sent = [], []
        self.ticking = False
        self.loop = ControlLoop(self, lambda: self.now_ns, self.sleep, self.send)

    def sleep(self, until_ns):
        if self.ticking:
            self.now_ns = until_ns
        elif self.lateness:
            self.now_ns = max(self.now_ns, until_ns) + self.lateness.pop(0)
        else:
            self.loop.close()
            self.now_ns = until_ns - 1

    def tick(self, now_ns):
        self.ticking = True
        self.ticks.append(now_ns)
        self.now_ns += self.taking
        return ControlOutput(status(now_ns), None, None, None, None, None)

    def send(self, output):
        self.ticking = False
        self.sent.append(self.now_ns)


def test_commands_leave_on_the_grid_of_the_node_clock_however_long_a_tick_takes():
    ticking = Ticking([0, MS, 2 * MS, 0])
    ticking.loop.run()
    assert ticking.ticks == ticking.sent == [10 * MS, 20 * MS, 30 * MS, 40 * MS]


def test_what_is_late_leaves_at_once_and_what_is_missed_is_not_made_up_for():
    ticking = Ticking([0, 25 * MS, 0])
    ticking.loop.run()
    # Awake at 16 + 25 ms instead of 16 ms: the tick is for then, the next one on the grid again.
    assert ticking.ticks == [10 * MS, 41 * MS, 50 * MS]
    assert ticking.sent == [10 * MS, 42 * MS, 50 * MS]


def test_a_tick_that_takes_too_long_leaves_when_it_is_done():
    ticking = Ticking([0, 0], taking=7 * MS)
    ticking.loop.run()
    assert ticking.ticks == [10 * MS, 20 * MS]
    assert ticking.sent == [13 * MS, 23 * MS]


def test_it_does_not_tick_before_its_time():
    ticking = Ticking([0, -5 * MS, 0])
    ticking.loop.run()
    assert ticking.ticks == [10 * MS, 20 * MS]


def test_what_is_posted_is_done_before_the_next_tick():
    ticking = Ticking([0])
    ticking.loop.post(lambda: ticking.ticks.append('posted'))
    ticking.loop.run()
    assert ticking.ticks == ['posted', 10 * MS]


def test_what_is_posted_is_done_while_the_clock_stands_still():
    """On simulation time who waits for the answer is who hears the clock."""
    ticking = Ticking([-10 * MS])
    ticking.loop.post(lambda: ticking.ticks.append('posted'))
    ticking.loop.run()
    assert ticking.ticks[0] == 'posted'
    assert ticking.now_ns < 10 * MS


def test_a_call_is_answered_by_the_loop_and_fails_without_one(monkeypatch):
    ticking = Ticking([0] * 3)
    answers = []
    caller = threading.Thread(target=lambda: answers.append(ticking.loop.call(lambda: 42)))
    caller.start()
    while not answers:
        ticking.lateness = [0]
        ticking.loop.run()
        ticking.loop._closing = False
    caller.join()
    assert answers == [42]
    monkeypatch.setattr('gae_arm.arm_control.control_loop.CALL_TIMEOUT', 0.01)
    with pytest.raises(GaeError, match=r'^no tick for 0\.01 s: it is starting, or its clock'):
        ticking.loop.call(lambda: 42)


def test_sleeping_ends_at_the_deadline_not_before():
    until = time.monotonic_ns() + 3 * MS
    sleep_until(until)
    assert time.monotonic_ns() >= until
    sleep_until(0)  # A deadline in the past is no sleep.


def test_a_clock_that_stands_still_does_not_hold_the_loop():
    Sleeper(lambda: 5, simulated=True)(10)
    ahead = iter(range(100))
    Sleeper(lambda: next(ahead), simulated=True)(10)
    assert next(ahead) == 11


def test_new_states_and_reasons_pass_at_once_new_values_now_and_then():
    gate = StatusGate(interval_ns=100)
    assert gate.passes(status(0))
    assert not gate.passes(status(1))
    assert gate.passes(status(2, ArmState.MOVING))
    assert gate.passes(status(3, ArmState.MOVING, HaltReason.OBSTACLE_NEAR, 'near 1'))
    assert not gate.passes(status(4, ArmState.MOVING, HaltReason.OBSTACLE_NEAR, 'near 2'))
    assert gate.passes(status(103, ArmState.MOVING, HaltReason.OBSTACLE_NEAR, 'near 2'))
    assert not gate.passes(status(300, ArmState.MOVING, HaltReason.OBSTACLE_NEAR, 'near 2'))
    assert gate.passes(status(301, ArmState.MOVING, HaltReason.OBSTACLE_NEAR, 'near 2', 0.5))
    assert gate.passes(status(5, ArmState.HOLDING)), 'a clock that went back'


def test_the_executed_path_keeps_the_last_places():
    path = ExecutedPath(length=3, interval_ns=100)
    for k in range(5):
        assert path.due(100 * k)
        assert path.add(100 * k, geometry.transform(np.eye(3), [0.1 * k, 0, 0]))
        assert not path.due(100 * k + 99)
    assert path.stamps_ns.tolist() == [200, 300, 400]
    assert path.position[:, 0] == pytest.approx([0.2, 0.3, 0.4])
    assert not path.add(600, geometry.transform(np.eye(3), [0.4, 0, 0]))
    turned = geometry.transform(geometry.rpy_to_matrix(0, 0, 0.01), [0.4, 0, 0])
    assert path.add(600, turned)
    path.clear()
    assert path.due(0)


def test_the_record_counts_each_halt_once_and_each_input_when_it_is_first_used():
    record = LoopRecord()
    halted = status(0, ArmState.HALTED, HaltReason.STOP_REQUESTED)
    for k in range(3):
        output = ControlOutput(halted, None, None, 0, None, None)
        record.note(k * 10 * MS, k * 10 * MS + 2 * MS, k * 10 * MS + 3 * MS, output)
    values = record.values(0.01)
    assert values['halts_STOP_REQUESTED'] == 1
    assert values['commands'] == 0
    assert values['jitter_max_ms'] == 0.0
    assert values['tick_p50_ms'] == pytest.approx(2.0)
    assert 'state_to_command_p50_ms' not in values
