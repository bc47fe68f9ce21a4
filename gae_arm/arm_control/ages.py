"""Ages of inputs on the node clock: what is too old, and what another clock has stamped."""

from __future__ import annotations

from gae_arm.arm_control.cause import Cause
from gae_arm.core.motion import HaltReason

FOREIGN_SECONDS = 10.0
"""An input that is this old when it is first seen was stamped by another clock, not delayed."""


class AgeWatch:
    """Watches the stamps of one input.

    name: what a person calls it. max_age, clock_tolerance: s. reason: for an input that is missing
    or too old; stamps of another clock are CLOCK_MISMATCH.
    """

    def __init__(
        self, name: str, max_age: float, clock_tolerance: float, reason: HaltReason
    ) -> None:
        self._name = name
        self._max_age = max_age
        self._tolerance = clock_tolerance
        self._reason = reason
        self._seen_ns: int | None = None
        self._foreign = False

    def check(self, stamp_ns: int | None, now_ns: int) -> Cause | None:
        """Return why an input with this stamp must not be used now, None if it may."""
        if stamp_ns is None:
            return Cause(self._reason, f'there is no {self._name} yet')
        age = (now_ns - stamp_ns) * 1e-9
        if stamp_ns != self._seen_ns:
            self._seen_ns = stamp_ns
            self._foreign = age > FOREIGN_SECONDS
        if self._foreign or age < -self._tolerance:
            return Cause(
                HaltReason.CLOCK_MISMATCH,
                f'the {self._name} is stamped {stamp_ns * 1e-9:.3f} s, the node clock says '
                f'{now_ns * 1e-9:.3f} s: they run on different clocks (see use_sim_time)',
            )
        if age > self._max_age:
            return Cause(
                self._reason,
                f'the {self._name} is {age:.3f} s old, at most {self._max_age:g} s is allowed',
            )
        return None
