"""One conversation with a model: questions, answers, and another try after a bad answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.instruction import ErrorCode
from gae_arm.core.progress import PlanRefusedError
from vla_planner.backends.waiting import NOWHERE, Answering
from vla_planner.conversation_log import ConversationLog
from vla_planner.errors import PlannerError
from vla_planner.profile import Profile
from vla_planner.prompts import Prompts, Turn

T = TypeVar('T')


class Conversation:
    """Remembers what was said about one plan.

    leaning: see `Asking`.
    """

    def __init__(
        self,
        profile: Profile,
        prompts: Prompts,
        answering: Answering,
        plan_id: str,
        canceled: Callable[[], bool],
        log: ConversationLog | None = None,
        leaning: Mapping[str, float] = NOWHERE,
    ) -> None:
        self._profile, self._prompts, self._answering = profile, prompts, answering
        self._plan_id, self._canceled, self._log = plan_id, canceled, log
        self._turns, self._leaning = prompts.opening(), leaning

    def ask(
        self,
        question: Turn,
        understand: Callable[[str], T],
        hear: Callable[[str], None] = lambda _: None,
    ) -> T:
        """Return what `understand` makes of the answer; where it refuses, the model is asked again.

        hear: told the answer so far whenever there is more of it. understand: raises
        InvalidValueError for what cannot be used. Raises PlannerError after so many tries as the
        profile says: PLAN_REFUSED for a plan that must not be carried out, ANSWER_INVALID for what
        is none.
        """
        tries = self._profile.retries + 1
        while True:
            answer = self._answer(question, hear)
            tries -= 1
            try:
                return understand(answer)
            except InvalidValueError as error:
                if not tries:
                    refused = isinstance(error, PlanRefusedError)
                    code = ErrorCode.PLAN_REFUSED if refused else ErrorCode.ANSWER_INVALID
                    raise PlannerError(code, str(error)) from error
                text = self._prompts.retry.substitute(error=str(error))
            question = Turn('user', text)

    def _answer(self, question: Turn, hear: Callable[[str], None]) -> str:
        self._turns.append(question)
        so_far = ''
        for piece in self._answering.pieces(
            self._turns,
            self._profile.tokens,
            self._profile.timeout,
            self._canceled,
            self._leaning,
        ):
            so_far += piece
            hear(so_far)
        self._turns.append(Turn('assistant', so_far))
        if self._log is not None:
            for turn in self._turns[-2:]:
                self._log.add(self._plan_id, turn)
        return so_far
