"""What the hand did with the things on the table: why what was asked for is not the case."""

from __future__ import annotations

from collections.abc import Collection

from gae_arm.core.truth import WORLD, Truth
from gae_arm.demonstrations.score import FALL


class Handling:
    """Follows one instruction, moment by moment, and tells its causes as the score of a trial does.

    targets: names of what was meant, the first one is to be moved or pressed. grasped: whether
    that one has to be taken into the hand. others: what nothing was said about.
    """

    def __init__(self, targets: Collection[str], grasped: bool, others: Collection[str]) -> None:
        self._target, self._meant = next(iter(targets)), frozenset(targets)
        self._grasped, self._others = grasped, frozenset(others) - self._meant
        self._touched: set[str] = set()
        self._gripped: set[str] = set()
        self._left_at: float | None = None
        self._lies_at = 0.0

    def see(self, truth: Truth) -> None:
        """Take the truth of a moment."""
        links = _links_at(truth)
        self._touched |= links.keys()
        self._gripped |= {name for name, found in links.items() if len(found) > 1}
        height = float(truth.poses[self._target][2, 3])
        self._lies_at = height
        if self._target in links:
            self._left_at = None
        elif self._target in self._gripped and not truth.touched_by(self._target):
            self._left_at = height if self._left_at is None else self._left_at

    @property
    def cause(self) -> str:
        """Return why it is not done, as far as the hand tells; '' where it tells nothing."""
        wrong = sorted(self._gripped & self._others)
        if wrong and self._target not in self._gripped:
            return f'wrong object: the hand took {wrong[0]}'
        if self._left_at is not None and self._left_at - self._lies_at > FALL:
            return f'dropped: {self._target} fell out of the hand'
        if self._target not in self._touched:
            wrong = sorted(self._touched & self._others)
            instead = f', only {wrong[0]}' if wrong else ''
            return f'missed: the hand did not touch {self._target}{instead}'
        if self._grasped and self._target not in self._gripped:
            return f'missed grasp: the fingers did not close on {self._target}'
        return ''


def _links_at(truth: Truth) -> dict[str, set[str]]:
    """Return the links of the arm that touch each thing, by its name."""
    found: dict[str, set[str]] = {}
    for one, other in truth.touches:
        if one not in truth.poses and one != WORLD and other in truth.poses:
            found.setdefault(other, set()).add(one)
    return found
