"""Keeping a simulation at the pace of a clock: how many steps are due, and what got lost."""

from __future__ import annotations

from gae_arm.core import checks


class Pacer:
    """Tells how many time steps are due.

    timestep_ns: of the simulation. factor: simulated per real seconds, > 0. max_lag_ns: a delay
    beyond this is not caught up, it is dropped and added to `slipped_ns`: the simulation then
    runs slower than asked, but never bursts.
    """

    def __init__(
        self, timestep_ns: int, now_ns: int, factor: float = 1.0, max_lag_ns: int = 50_000_000
    ) -> None:
        self.timestep_ns = checks.integer('timestep_ns', timestep_ns, 1, 10**9)
        self.max_lag_ns = checks.integer('max_lag_ns', max_lag_ns, timestep_ns, 10**12)
        self.slipped_ns = 0
        self._steps = 0
        self.set_factor(factor, now_ns)

    def set_factor(self, factor: float, now_ns: int) -> None:
        """Change the pace from now on."""
        self.factor = checks.number('real-time factor', factor, 1e-3, 1e3)
        self._start_ns, self._start_steps = now_ns, self._steps

    def due(self, now_ns: int) -> int:
        """Return how many steps to do now, >= 0, and count them as done."""
        elapsed_ns = (now_ns - self._start_ns) * self.factor
        behind_ns = elapsed_ns - (self._steps - self._start_steps) * self.timestep_ns
        if behind_ns > self.max_lag_ns:
            lost_ns = round((behind_ns - self.max_lag_ns) / self.factor)
            self.slipped_ns += lost_ns
            self._start_ns += lost_ns
            behind_ns = self.max_lag_ns
        steps = max(int(behind_ns // self.timestep_ns), 0)
        self._steps += steps
        return steps

    def wait_ns(self, now_ns: int) -> int:
        """Return the nanoseconds until the next step is due, >= 0."""
        done_ns = (self._steps + 1 - self._start_steps) * self.timestep_ns
        return max(round(self._start_ns + done_ns / self.factor) - now_ns, 0)
