"""What can go wrong between an instruction and a plan, with the code that its goal ends with."""

from __future__ import annotations

from gae_arm.core.errors import GaeError
from gae_arm.core.instruction import ErrorCode


class PlannerError(GaeError):
    """No plan comes of it: the code for a machine, the sentence for a person.

    left: the model has said that something is left to do.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.left = False
