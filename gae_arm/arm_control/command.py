"""Joint commands as they come in, what is wrong with them, and their reference on the time grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gae_arm.arm_control import hermite
from gae_arm.arm_control.cause import Cause
from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import HaltReason

MAX_POINTS = 10_000
ABSURD = 1000.0
"""rad: beyond this no arm has joints, and the arithmetic of splines could overflow."""
ROUNDING = 1e-4
"""rad beyond a position limit that counts as rounding of an IK solution, and is clipped."""


@dataclass(frozen=True, eq=False)
class JointCommand:
    """Where the joints shall be at some times: K points on a smooth path; nothing here is trusted.

    stamp_ns: when the motion was decided (a chunk's stamp), node clock; its age is what counts.
    joint_names: N names, in any order. times_ns: (K,), node clock, nanoseconds, increasing, K >= 1.
    position: (K, N), rad. Before the first time and after the last one the reference stands.
    """

    stamp_ns: int
    joint_names: Sequence[str]
    times_ns: npt.ArrayLike
    position: npt.ArrayLike


@dataclass(frozen=True)
class Path:
    """A command that has passed the checks: times_ns int64 (K,), position float64 (K, N)."""

    times_ns: np.ndarray
    position: np.ndarray

    def sample(self, start_ns: int, step: float, count: int, clock_rate: float = 1.0) -> np.ndarray:
        """Return position, velocity, acceleration, float64 (count, 3, N), from start_ns on.

        Points are `step` seconds apart on the arm's clock; the command's own clock runs
        `clock_rate` times as fast, so the path stays and the speed falls.
        """
        seconds = (self.times_ns - start_ns) * 1e-9
        out = hermite.sample(seconds, self.position, np.arange(count) * (step * clock_rate))
        return out * np.array([[[1.0], [clock_rate], [clock_rate**2]]])

    def steps(self, start_ns: int, step: float) -> float:
        """Return how many steps from start_ns on the path goes on, at least 0."""
        return max(0.0, float(self.times_ns[-1] - start_ns) * 1e-9 / step)


def checked_path(command: JointCommand, joints: tuple[str, ...]) -> Path | Cause:
    """Return the command's path in the order of `joints`, or what is wrong with it."""
    names = command.joint_names
    if names != joints and sorted(map(str, names)) != sorted(joints):
        return Cause(
            HaltReason.COMMAND_WRONG_JOINTS,
            f'the command is for the joints {list(names)}, the arm has {list(joints)}',
        )
    try:
        position = checks.array('position', command.position, (None, len(joints)))
        checks.number('largest position', np.abs(position).max(initial=0.0), 0.0, ABSURD)
        times_ns = _times(command.times_ns, len(position))
    except InvalidValueError as error:
        return Cause(HaltReason.COMMAND_INVALID, f'command: {error}')
    if names != joints:
        position = position[:, [list(names).index(name) for name in joints]]
    # Always a new, writable array: the spline is compiled once for each kind, in the first tick.
    return Path(times_ns, np.array(position, order='C'))


def _times(value: npt.ArrayLike, count: int) -> np.ndarray:
    if not 1 <= count <= MAX_POINTS:
        raise InvalidValueError(f'{count} points, allowed are 1 to {MAX_POINTS}')
    if np.asarray(value).dtype.kind not in 'iu':
        raise InvalidValueError(f'times_ns are not integers: {value!r}')
    times_ns = checks.array('times_ns', value, (count,), np.int64)
    for k in (0, -1):
        checks.stamp(f'times_ns[{k}]', int(times_ns[k]))
    falling = np.flatnonzero(times_ns[1:] <= times_ns[:-1])
    if len(falling):
        k = int(falling[0])
        raise InvalidValueError(f'times_ns do not increase: {times_ns[k]}, then {times_ns[k + 1]}')
    return times_ns


def outside_limits(
    path: np.ndarray, lower: np.ndarray, upper: np.ndarray, joints: tuple[str, ...]
) -> Cause | None:
    """Return the first position (M, N) that is outside the limits by more than rounding."""
    inside = (path >= lower - ROUNDING) & (path <= upper + ROUNDING)
    if inside.all():
        return None
    k, j = np.argwhere(~inside)[0].tolist()
    return Cause(
        HaltReason.POSITION_LIMIT,
        f'joint {joints[j]!r} is asked to go to {path[k, j]:.4f} rad, its limits are '
        f'{lower[j]:.4f} to {upper[j]:.4f}',
    )
