"""Hands instructions to the planner's action and tells how far they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from action_msgs.msg import GoalStatus
from gae_msgs.action import ExecuteInstruction
from rclpy.action import ActionClient

from gae_arm.core.errors import GaeError
from gae_arm.ros.observer import LOST, Observer

ACTION = 'execute_instruction'
CANCEL_S = 10.0
GAVE_UP = -1


class Stage(IntEnum):
    """Where an instruction is; values of ExecuteInstruction's feedback."""

    THINKING = ExecuteInstruction.Feedback.THINKING
    ANCHORS = ExecuteInstruction.Feedback.ANCHORS
    PLAN = ExecuteInstruction.Feedback.PLAN
    MOVING = ExecuteInstruction.Feedback.MOVING
    CHECKING = ExecuteInstruction.Feedback.CHECKING


@dataclass
class Report:
    """How an instruction went.

    error_code: of ExecuteInstruction's result, or GAVE_UP; error: a sentence, empty on success.
    plans: used.
    seconds: in all, on the node clock; stages: in each, in the order of their first time.
    """

    error_code: int = 0
    error: str = ''
    plans: int = 0
    seconds: float = 0.0
    stages: dict[Stage, float] = field(default_factory=dict)


class Conversation:
    """Talks to the node that serves `execute_instruction`, over an observer's node."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._client = ActionClient(observer.node, ExecuteInstruction, ACTION)

    def ready(self) -> bool:
        """Return whether somebody serves the action."""
        return bool(self._client.server_is_ready())

    def carry_out(
        self,
        instruction: str,
        show: Callable[[Stage, float], None],
        timeout: float,
    ) -> Report:
        """Have an instruction carried out, and wait for its end.

        show: called with the stage and the share of the plan that is done, now and then. A goal
        that is interrupted or takes longer than `timeout` seconds is cancelled: the arm holds.
        Raises GaeError if the graph ends meanwhile.
        """
        clock = _StageClock(self._observer.now_ns, show)
        goal = ExecuteInstruction.Goal(instruction=instruction)
        # A second goal takes the place of the first one, should only the answer have been lost.
        handle = self._observer.answered(
            lambda: self._client.send_goal_async(goal, lambda said: clock.take(said.feedback)),
            'the planner to take the instruction',
            again=LOST,
        )
        if not handle.accepted:
            return Report(error_code=1, error='the planner did not take the instruction')
        result = handle.get_result_async()
        try:
            self._observer.wait_for(result.done, 'the end of the instruction', timeout)
        except KeyboardInterrupt:
            self._cancel(handle)
            raise
        except GaeError as error:
            self._cancel(handle)  # Raises again where nobody is left to hear it.
            report = clock.report()
            report.error_code, report.error = GAVE_UP, str(error)
            return report
        answer = result.result()
        report = clock.report()
        report.error_code = int(answer.result.error_code)
        report.error, report.plans = answer.result.error_msg, int(answer.result.plans_used)
        if answer.status != GoalStatus.STATUS_SUCCEEDED and not report.error:
            report.error = f'the goal ended with status {answer.status}'
        return report

    def _cancel(self, handle: Any) -> None:
        asked = handle.cancel_goal_async()
        self._observer.wait_for(asked.done, 'the planner to let go', CANCEL_S)


class _StageClock:
    """Knows how long each stage has taken."""

    def __init__(self, now_ns: Callable[[], int], show: Callable[[Stage, float], None]) -> None:
        self._now_ns, self._show = now_ns, show
        self._began = self._since = now_ns()
        self._stage = Stage.THINKING
        self._stages: dict[Stage, float] = {}

    def take(self, feedback: ExecuteInstruction.Feedback) -> None:
        self._count()
        self._stage = Stage(feedback.stage)
        self._show(self._stage, feedback.progress)

    def report(self) -> Report:
        self._count()
        return Report(seconds=(self._now_ns() - self._began) * 1e-9, stages=self._stages)

    def _count(self) -> None:
        now = self._now_ns()
        spent = (now - self._since) * 1e-9
        self._stages[self._stage] = self._stages.get(self._stage, 0.0) + spent
        self._since = now
