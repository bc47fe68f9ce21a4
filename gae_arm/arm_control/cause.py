"""Why the arm does not, or not fully, do what was asked."""

from __future__ import annotations

from dataclasses import dataclass

from gae_arm.core.motion import HaltReason


@dataclass(frozen=True)
class Cause:
    """A typed reason and the sentence, with its values, for a person."""

    reason: HaltReason
    message: str
