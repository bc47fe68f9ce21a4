"""Plays one joint trajectory from any source: what was executed counts, and its end is gentle."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_control import hermite
from gae_arm.arm_control.command import JointCommand, Path
from gae_arm.arm_control.streaming import SETTLING, StreamSettings, run_out


class JointMotion:
    """A path of all joints that is carried out from now on.

    joints: N names, the path's columns. path: times count from the motion's beginning. start_ns:
    when it begins; what lies before `at_ns` is left out. position: (N,), rad, of the arm at
    `at_ns`: a path whose first point is still to come begins there. Between its points the motion
    is a smooth curve; velocities that a message may carry are not used.
    """

    def __init__(
        self,
        joints: tuple[str, ...],
        path: Path,
        start_ns: int,
        at_ns: int,
        position: np.ndarray,
        settings: StreamSettings,
    ) -> None:
        times, points = path.times_ns * 1e-9, path.position
        entered = (at_ns - start_ns) * 1e-9
        if entered < times[0]:
            times = np.concatenate([[entered], times])
            points = np.concatenate([position[None], points])
        self._joints = joints
        self._times, self._points = times, points
        self._slowing = settings.slowing
        self._offsets = np.array(settings.offsets)
        self._remaining = max(0.0, float(times[-1]) - entered)
        self._rested = 0.0
        self._at_ns = at_ns

    @property
    def finished(self) -> bool:
        """Whether its last point has been reached."""
        return self._rested > SETTLING

    def tick(self, now_ns: int, at_ns: int, clock_rate: float) -> JointCommand:
        """Return where the joints shall be from `at_ns` on.

        clock_rate: share of the time since the tick before in which the motion went on, 0 to 1.
        """
        seconds = max(0, at_ns - self._at_ns) * 1e-9 * clock_rate
        self._at_ns = at_ns
        self._remaining = float(self._after(np.array([seconds]))[0])
        self._rested += seconds if self._remaining == 0 else 0.0
        at = self._times[-1] - self._after(self._offsets)
        return JointCommand(
            stamp_ns=now_ns,
            joint_names=self._joints,
            times_ns=at_ns + np.round(self._offsets * 1e9).astype(np.int64),
            position=hermite.sample(self._times, self._points, at)[:, 0],
        )

    def _after(self, seconds: np.ndarray) -> np.ndarray:
        return run_out(self._remaining, seconds, self._slowing)
