"""Commands leave at the governor's period, on the node clock's grid; other threads hand news in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from gae_arm.arm_control.controller import ArmController, ControlOutput
from gae_arm.arm_control.loop_record import LoopRecord
from gae_arm.core.errors import GaeError

T = TypeVar('T')

CALL_TIMEOUT = 1.0
"""s: how long another thread waits for an answer of the loop."""
LEAD_SHARE, LEAD_NS = 0.6, 4_000_000
"""Share of a period, ns: so long before a command leaves, its tick begins, at most. Commands leave
on the grid then, however long a tick takes; what they rest on is older by no more than this."""
SPRING_CLEANING = 1_000_000_000
"""ns between two calls of `idle`."""


class ControlLoop:
    """Runs a controller; everything but `post`, `call` and `close` happens in the thread of `run`.

    now_ns: the node clock. sleep_until: sleeps until it shows a time, or less long. send: takes
    what each tick gives, at its time. idle: called once a second, after a tick.
    """

    def __init__(
        self,
        controller: ArmController,
        now_ns: Callable[[], int],
        sleep_until: Callable[[int], None],
        send: Callable[[ControlOutput], None],
        idle: Callable[[], None] = lambda: None,
    ) -> None:
        self.controller = controller
        self.record = LoopRecord()
        self._now_ns, self._sleep_until = now_ns, sleep_until
        self._send, self._idle = send, idle
        self._period_ns = controller.governor.settings.step_ns
        self._lead_ns = min(round(LEAD_SHARE * self._period_ns), LEAD_NS)
        self._inbox: SimpleQueue[Callable[[], Any]] = SimpleQueue()
        self._closing = False

    def post(self, work: Callable[[], Any]) -> None:
        """Have the loop do something, before its next tick at the latest."""
        self._inbox.put(work)

    def call(self, work: Callable[[], T]) -> T:
        """Do the same, and return what it gave; raise GaeError if the loop does not run."""
        done = threading.Event()
        answer: list[T] = []

        def answered() -> None:
            answer.append(work())
            done.set()

        self.post(answered)
        if not done.wait(CALL_TIMEOUT):
            raise GaeError(
                f'no tick for {CALL_TIMEOUT:g} s: it is starting, or its clock stands still'
            )
        return answer[0]

    def close(self) -> None:
        """End the loop after the tick that runs."""
        self._closing = True

    def run(self) -> None:
        """Tick until closed. A tick that is missed is not made up for."""
        cleaned_ns = self._now_ns()
        while not self._closing:
            due_ns = (self._now_ns() // self._period_ns + 1) * self._period_ns
            self._sleep_until(due_ns - self._lead_ns)
            if self._now_ns() < due_ns - self._lead_ns:
                # The clock was set back, or stands still: on simulation time, because the thread
                # that hears it waits for the answer of a call.
                self._empty_inbox()
                continue
            self._tick(due_ns)
            if abs(self._now_ns() - cleaned_ns) > SPRING_CLEANING:
                cleaned_ns = self._now_ns()
                self._idle()

    def _tick(self, due_ns: int) -> None:
        """Work out what is sent at `due_ns`, and send it then; if that has passed, at once."""
        began_ns = self._now_ns()
        self._empty_inbox()
        output = self.controller.tick(max(began_ns, due_ns))
        done_ns = self._now_ns()
        if done_ns < due_ns:
            self._sleep_until(due_ns)
        sent_ns = self._now_ns()
        self._send(output)
        self.record.note(began_ns, done_ns, sent_ns, output)

    def _empty_inbox(self) -> None:
        try:
            while True:
                self._inbox.get_nowait()()
        except Empty:
            return
