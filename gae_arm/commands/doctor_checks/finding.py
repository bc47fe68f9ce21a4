"""One thing that was looked at, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How bad it is."""

    OK = 0
    WARNING = 1
    FAILURE = 2


@dataclass(frozen=True)
class Finding:
    """subject: what was looked at. text: what was seen, with values. advice: what to do."""

    level: Level
    subject: str
    text: str
    advice: str = ''


def ok(subject: str, text: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(Level.OK, subject, text)


def judge(subject: str, good: bool, text: str, advice: str, bad: Level = Level.FAILURE) -> Finding:
    """Return OK if `good`, else `bad` with the advice."""
    return ok(subject, text) if good else Finding(bad, subject, text, advice)


def worst(findings: Iterable[Finding]) -> Level:
    """Return the worst level, OK for none."""
    return max((finding.level for finding in findings), default=Level.OK)
