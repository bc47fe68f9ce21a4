"""Random instructions to the running stack, stops out of motion, and new tables."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from random import Random

from gae_msgs.srv import ResetScene
from rclpy.clock import Clock, ClockType

from gae_arm.commands.endurance.arm import SoakArm
from gae_arm.commands.endurance.memory import MemoryWatch
from gae_arm.commands.show.conversation import Conversation, Stage
from gae_arm.core.instruction import ErrorCode
from gae_arm.ros.observer import Observer

THINGS = ('red cube', 'blue cube', 'yellow cylinder')
SENTENCES = (
    'put the {a} into the green bowl',
    'pick up the {a}',
    'stack the {a} on the {b}',
    'press the orange button',
    'dance with the purple elephant',
)
READY_S, LOOK_S = 240.0, 2.0
WARM_UP, WARM_SHARE, TABLE = 3, 0.1, 5
"""Instructions and share of the time until memory counts; instructions to a new table."""
STOPPED = 0.4
"""Share of the instructions that are stopped on their way."""


class Soak:
    """Talks to the stack until the time is up.

    outcomes: how often the instructions ended in which way. warm: s, when the warm-up was over,
    None before.
    """

    def __init__(
        self,
        observer: Observer,
        arm: SoakArm,
        conversation: Conversation,
        memory: MemoryWatch,
        random: Random,
        say: Callable[[str], None] = lambda words: None,
    ) -> None:
        self._observer, self._arm, self._conversation = observer, arm, conversation
        self._random, self._say = random, say
        self._stop_at: float | None = None
        self.outcomes: Counter[str] = Counter()
        self.warm: float | None = None
        # A node's timer would stand still with the simulation.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        observer.node.create_timer(LOOK_S, lambda: memory.look(time.monotonic()), clock=steady)

    def run(self, seconds: float, longest: float) -> None:
        """Give instructions for so long, each for `longest` s at most."""
        self._observer.wait_for(self._conversation.ready, 'the planner', READY_S)
        self._arm.release(READY_S)
        began = time.monotonic()
        warm = began + WARM_SHARE * seconds
        for number in range(1, 10**9):
            self._instruct(longest)
            if time.monotonic() > began + seconds:
                break
            if number % TABLE == 0:
                self._new_table(number // TABLE)
            if self.warm is None and number >= WARM_UP and time.monotonic() > warm:
                self.warm = time.monotonic()

    def _instruct(self, longest: float) -> None:
        stops = len(self._arm.stood)
        a, b = self._random.sample(THINGS, 2)
        words = self._random.choice(SENTENCES).format(a=a, b=b)
        stopped = self._random.random() < STOPPED
        self._stop_at = self._random.uniform(0.02, 0.9) if stopped else None
        report = self._conversation.carry_out(words, self._hear, longest)
        code = report.error_code
        outcome = ErrorCode(code).name if code >= 0 else 'too long'
        self.outcomes[outcome] += 1
        self._arm.release()
        stood = ', '.join(f'; stood {ms:.0f} ms after the stop' for ms in self._arm.stood[stops:])
        self._say(f'{words}: {outcome.lower()} after {report.seconds:.1f} s {report.error}{stood}')

    def _hear(self, _: Stage, share: float) -> None:
        if self._stop_at is not None and share >= self._stop_at and self._arm.stop():
            self._stop_at = None

    def _new_table(self, number: int) -> None:
        self._observer.call(ResetScene, 'arm_sim/reset', ResetScene.Request(seed=number))
        self._observer.spin(1.0)  # The arm is somewhere else now: arm_control has to notice.
        self._arm.release()
        self._arm.begin_anew()
