"""What the arm has been told to do, on a grid of absolute times."""

from __future__ import annotations

import numpy as np

from gae_arm.core.trajectory import JointTrajectory

HISTORY_SECONDS = 1.0
SENT_AGAIN = 2
"""Grid points before `start_ns` that a command repeats: the first one is in the past."""
SAME_JERK = 1e-9
"""rad/s^3 per rad/s^3 of limit: a smaller change of jerk is rounding."""


class Timeline:
    """The commanded motion: points at `start_ns` + i `step_ns` that end standing.

    states: float64 (L, 3, N), q, v, a of N joints at those times, L >= 1. Between points the jerk
    is constant. After the last point the arm stands there.
    `states[0]` and all before it are fixed: the arm is already on its way there.
    """

    def __init__(self, start_ns: int, step_ns: int, position: np.ndarray) -> None:
        self.step_ns = step_ns
        self.start_ns = start_ns
        self.states = np.zeros((1, 3, len(position)))
        self.states[0, 0] = position
        self._past = np.repeat(self.states, round(HISTORY_SECONDS * 1e9 / step_ns), axis=0)

    @property
    def standing(self) -> bool:
        """Whether the arm stands at `start_ns`, and so from then on unless told otherwise."""
        return not self.states[0, 1:].any()

    def advance(self, until_ns: int) -> None:
        """Move `start_ns` along the commanded motion to the first grid time >= until_ns."""
        steps = -((self.start_ns - until_ns) // self.step_ns)
        if steps <= 0:
            return
        last, size = len(self.states) - 1, len(self._past)
        walked = self.states[np.minimum(np.arange(max(0, steps - size), steps), last)]
        self._past = np.concatenate([self._past[len(walked) :], walked])
        self.states = self.states[min(steps, last) :]
        self.start_ns += steps * self.step_ns

    def replace(self, states: np.ndarray) -> None:
        """Go on with other states; states[0] must be the present states[0]."""
        self.states = states

    def move_clock(self, by_ns: int) -> None:
        """Give the same motion other times, after the clock has jumped."""
        self.start_ns += by_ns

    def window(self, from_ns: int, to_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the smallest and largest commanded positions, (N,) each, in a span of time.

        Times before the history (1 s) count as its beginning, times after `start_ns` as that.
        """
        steps = (np.array([from_ns, to_ns]) - self.start_ns) / self.step_ns
        first, last = np.clip(steps, -len(self._past), 0) + len(self._past)
        known = np.concatenate([self._past[:, 0], self.states[:1, 0]])
        span = known[int(first) : int(np.ceil(last)) + 1]
        return span.min(axis=0), span.max(axis=0)

    def trajectory(self, joint_names: tuple[str, ...], jerk: np.ndarray) -> JointTrajectory:
        """Return the motion as a command, beginning two grid points before `start_ns`.

        The first one is in the past when the command is made: a joint_trajectory_controller then
        goes on along this motion, instead of starting a new one at the measured state. Points
        inside a span of constant jerk are left out: they say nothing. jerk: (N,), limits.
        """
        again = int(min(SENT_AGAIN, self.start_ns // self.step_ns))
        states = np.concatenate([self._past[len(self._past) - again :], self.states])
        change = np.diff(states[:, 2], n=2, axis=0) / (self.step_ns * 1e-9)
        bends = (np.abs(change) > SAME_JERK * np.maximum(jerk, 1.0)).any(axis=1)
        keep = np.flatnonzero(np.concatenate([[True], bends, [True]]))
        return JointTrajectory(
            joint_names=joint_names,
            stamp_ns=self.start_ns - again * self.step_ns,
            times_ns=keep * self.step_ns,
            positions=states[keep, 0],
            velocities=states[keep, 1],
            accelerations=states[keep, 2],
        )
