"""Where in a bag one demonstration ends and the next one begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanState
from gae_arm.recording.signals import Signals, Word

SPLITS = ('auto', 'bag', 'words')
STILL, MARGIN_NS = 0.02, 500_000_000
"""rad/s: joints slower than this stand; so long before and after the motion is kept."""
GRIP = 0.02
"""Openings that differ by less are the same."""


@dataclass(frozen=True)
class Segment:
    """One demonstration: from when to when, ns, and what was asked for ('' where nobody said)."""

    start_ns: int
    end_ns: int
    instruction: str = ''


def find_segments(signals: Signals, split: str = 'auto') -> list[Segment]:
    """Return the demonstrations of a bag.

    split: 'bag': all of it is one. 'words': one from each sentence on `instruction`, or each plan
    with another instruction, to the next one, to an empty sentence, or to the end of the plan.
    'auto': by words, where there are some.
    """
    checks.known('split', split, SPLITS)
    start, end = int(signals.times_ns[0]), int(signals.times_ns[-1])
    if split == 'bag' or (split == 'auto' and not _says_something(signals.words)):
        return [Segment(start, end)]
    return list(_by_words(signals.words, end))


def trimmed(segment: Segment, signals: Signals) -> Segment | None:
    """Return the segment without the time before and after its motion; None if nothing moves."""
    inside = (signals.times_ns >= segment.start_ns) & (signals.times_ns <= segment.end_ns)
    times, joints = signals.times_ns[inside], signals.joints[inside]
    if len(times) < 2:
        return None
    seconds = (times - times[0]) * 1e-9
    moves = np.abs(np.gradient(joints, seconds, axis=0)).max(axis=1) > STILL
    opening = signals.opening_at(times)
    if opening is not None:
        moves |= np.abs(np.gradient(opening, seconds)) > GRIP
    if not moves.any():
        return None
    first, last = times[moves][[0, -1]]
    return Segment(
        max(segment.start_ns, int(first) - MARGIN_NS),
        min(segment.end_ns, int(last) + MARGIN_NS),
        segment.instruction,
    )


def _says_something(words: Iterable[Word]) -> bool:
    return any(
        isinstance(word, WaypointPlan) or (word and isinstance(word, str)) for _, word in words
    )


def _by_words(words: Iterable[Word], end_ns: int) -> Iterable[Segment]:
    begun: tuple[int, str] | None = None
    plan_id = ''
    for time_ns, word in words:
        ends = False
        following: str | None = None
        if isinstance(word, PlanProgress):
            ends = word.plan_id == plan_id and word.state == PlanState.DONE
        else:
            following = word.instruction if isinstance(word, WaypointPlan) else word
            plan_id = word.plan_id if isinstance(word, WaypointPlan) else plan_id
            # A plan made anew for the same sentence goes on with it.
            ends = begun is not None and following != begun[1]
        if begun is not None and ends:
            yield Segment(begun[0], time_ns, begun[1])
            begun = None
        if begun is None and (following or isinstance(word, WaypointPlan)):
            begun = time_ns, following or ''
    if begun is not None:
        yield Segment(begun[0], end_ns, begun[1])
