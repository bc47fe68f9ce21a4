"""What joints shall do from a moment on: content of trajectory_msgs/JointTrajectory."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError


class Refusal(Enum):
    """Why a trajectory is refused; ros2_control's controller lets those marked (ours) through."""

    WRONG_JOINTS = 'wrong_joints'
    """A joint is unknown, missing, or (ours) named twice."""
    NO_POINTS = 'no_points'
    SIZE_MISMATCH = 'size_mismatch'
    NOT_FINITE = 'not_finite'
    """(ours) NaN, infinite, or an interpolation that overflows."""
    TIME_OUT_OF_RANGE = 'time_out_of_range'
    """(ours) A time before the start, or later than a builtin_interfaces/Duration can say."""
    TIMES_NOT_INCREASING = 'times_not_increasing'
    ENDS_IN_PAST = 'ends_in_past'
    NONZERO_END_VELOCITY = 'nonzero_end_velocity'
    ACCELERATION_ALONE = 'acceleration_alone'
    """(ours) Accelerations without velocities: the real one then commands all joints to 0."""
    OUTSIDE_LIMITS = 'outside_limits'
    """(ours) A point outside the joints' position limits."""
    TOO_MANY_POINTS = 'too_many_points'
    """(ours) More points than `max_points`."""


class TrajectoryRefusedError(InvalidValueError):
    """The trajectory is not carried out; what ran before goes on. `reason` is the typed cause."""

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@contextmanager
def refusing(reason: Refusal) -> Iterator[None]:
    """Give an error of the shared checks its reason."""
    try:
        yield
    except InvalidValueError as error:
        raise TrajectoryRefusedError(reason, str(error)) from error


@dataclass(frozen=True, eq=False)
class JointTrajectory(checks.Contract):
    """Points that joints pass at times from a start.

    joint_names: J distinct names, in any order.
    stamp_ns: when it starts, node clock, nanoseconds; 0 = when it is accepted.
    times_ns: int64 (N,), nanoseconds from the start, >= 0, strictly increasing, N >= 1.
    positions: float64 (N, J), rad or m.
    velocities: float64 (N, J), per second, or None. Points with and without are not mixed.
    accelerations: float64 (N, J), per second squared, or None; only with velocities.

    Raises TrajectoryRefusedError.
    """

    joint_names: tuple[str, ...]
    stamp_ns: int
    times_ns: np.ndarray
    positions: np.ndarray
    velocities: np.ndarray | None = None
    accelerations: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Check what the trajectory alone can tell, and freeze the arrays."""
        set_ = object.__setattr__
        with refusing(Refusal.WRONG_JOINTS):
            set_(self, 'joint_names', checks.names('joint_names', self.joint_names))
        with refusing(Refusal.TIME_OUT_OF_RANGE):
            checks.stamp('stamp_ns', self.stamp_ns)
        with refusing(Refusal.SIZE_MISMATCH):
            set_(self, 'times_ns', checks.array('times_ns', self.times_ns, (None,), np.int64))
        if len(self.times_ns) == 0:
            raise TrajectoryRefusedError(Refusal.NO_POINTS, 'the trajectory has no points')
        shape = (len(self.times_ns), len(self.joint_names))
        set_(self, 'positions', _finite('positions', self.positions, shape))
        for key in ('velocities', 'accelerations'):
            if getattr(self, key) is not None:
                set_(self, key, _finite(key, getattr(self, key), shape))
        if self.accelerations is not None and self.velocities is None:
            raise TrajectoryRefusedError(
                Refusal.ACCELERATION_ALONE, 'the points have accelerations but no velocities'
            )
        _check_times(self.times_ns)

    @property
    def derivatives(self) -> tuple[np.ndarray, ...]:
        """The arrays that are given: positions, velocities, accelerations."""
        arrays = (self.positions, self.velocities, self.accelerations)
        return tuple(a for a in arrays if a is not None)

    def prefixed(self, prefix: str) -> JointTrajectory:
        """Return the same trajectory for joints whose names begin with `prefix`."""
        if not prefix:
            return self
        names = tuple(prefix + name for name in self.joint_names)
        return dataclasses.replace(self, joint_names=names)


def _finite(name: str, value: npt.ArrayLike, shape: tuple[int, int]) -> np.ndarray:
    with refusing(Refusal.SIZE_MISMATCH):
        out = checks.array(name, value, shape, finite=False)
    with refusing(Refusal.NOT_FINITE):
        return checks.array(name, out, shape)


def _check_times(times_ns: np.ndarray) -> None:
    with refusing(Refusal.TIME_OUT_OF_RANGE):
        for k in (0, len(times_ns) - 1):
            checks.integer(f'times_ns[{k}]', int(times_ns[k]), 0, checks.MAX_STAMP)
    falling = np.flatnonzero(np.diff(times_ns) <= 0)
    if len(falling):
        k = int(falling[0])
        raise TrajectoryRefusedError(
            Refusal.TIMES_NOT_INCREASING,
            f'times_ns do not increase: [{k}] is {times_ns[k]}, [{k + 1}] is {times_ns[k + 1]}',
        )
