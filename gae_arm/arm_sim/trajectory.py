"""What the arm's trajectory controller does with a command: check it, replace the old, follow it.

The rules are those of ros2_control's joint_trajectory_controller, branch jazzy (4.42), with its
default parameters, for a command on its topic. Where the simulated one is stricter, the refusal
says so below. The real one looks neither at NaN nor at limits: such a command reaches the drives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from gae_arm.arm_sim.trajectory_spline import TrajectorySpline
from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import ArmState

MAX_POINTS = 10_000
MAX_TIME_NS = (2**31 - 1) * 10**9 + 999_999_999
# As in the real controller, which compares with the epsilon of a 32-bit float.
ZERO_VELOCITY = float(np.finfo(np.float32).eps)


class Refusal(Enum):
    """Why a trajectory is refused; those marked (ours) the real controller lets through."""

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
def _refusing(reason: Refusal) -> Iterator[None]:
    """Give an error of the shared checks its reason."""
    try:
        yield
    except InvalidValueError as error:
        raise TrajectoryRefusedError(reason, str(error)) from error


@dataclass(frozen=True, eq=False)
class JointTrajectory(checks.Contract):
    """What joints shall do from a moment on; content of trajectory_msgs/JointTrajectory.

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
        with _refusing(Refusal.WRONG_JOINTS):
            set_(self, 'joint_names', checks.names('joint_names', self.joint_names))
        with _refusing(Refusal.TIME_OUT_OF_RANGE):
            checks.stamp('stamp_ns', self.stamp_ns)
        with _refusing(Refusal.SIZE_MISMATCH):
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


def _finite(name: str, value: npt.ArrayLike, shape: tuple[int, int]) -> np.ndarray:
    with _refusing(Refusal.SIZE_MISMATCH):
        out = checks.array(name, value, shape, finite=False)
    with _refusing(Refusal.NOT_FINITE):
        return checks.array(name, out, shape)


def _check_times(times_ns: np.ndarray) -> None:
    with _refusing(Refusal.TIME_OUT_OF_RANGE):
        for k in (0, len(times_ns) - 1):
            checks.integer(f'times_ns[{k}]', int(times_ns[k]), 0, MAX_TIME_NS)
    falling = np.flatnonzero(np.diff(times_ns) <= 0)
    if len(falling):
        k = int(falling[0])
        raise TrajectoryRefusedError(
            Refusal.TIMES_NOT_INCREASING,
            f'times_ns do not increase: [{k}] is {times_ns[k]}, [{k + 1}] is {times_ns[k + 1]}',
        )


@dataclass(frozen=True)
class TrajectoryProgress:
    """How far the active trajectory is.

    state: MOVING until the time of the last point, then HOLDING.
    progress: share of its time that has passed since it was accepted, 0.0 to 1.0.
    remaining_ns: time to its last point, nanoseconds.
    """

    state: ArmState
    progress: float
    remaining_ns: int


class TrajectoryExecutor:
    """Follows one trajectory at a time; an accepted one replaces the one before at once.

    joint_names: the J joints of the controller, in the order of all arrays here.
    lower, upper: (J,), position limits, rad or m; -inf and inf for a joint without.
    position: (J,), where to hold until the first trajectory.
    interpolate_from_desired_state, allow_nonzero_velocity_at_trajectory_end: as the controller's
        parameters of these names. By default a trajectory starts from the *measured* state; who
        streams pieces of a longer motion wants True, which goes on from the last desired one.
    max_points: longest trajectory that is accepted.

    Angles of continuous joints are not wrapped around. `accept` and `hold` belong to one thread;
    `sample` and `progress` may be called from others meanwhile.
    """

    def __init__(
        self,
        joint_names: Sequence[str],
        lower: npt.ArrayLike,
        upper: npt.ArrayLike,
        position: npt.ArrayLike,
        *,
        interpolate_from_desired_state: bool = False,
        allow_nonzero_velocity_at_trajectory_end: bool = False,
        max_points: int = MAX_POINTS,
    ) -> None:
        self.joint_names = checks.names('joint_names', joint_names)
        self._shape = (len(self.joint_names),)
        self._lower = checks.array('lower', lower, self._shape, finite=False)
        self._upper = checks.array('upper', upper, self._shape, finite=False)
        self._from_desired = interpolate_from_desired_state
        self._nonzero_end = allow_nonzero_velocity_at_trajectory_end
        self._max_points = checks.integer('max_points', max_points, 1, 2**31)
        self.hold(position)

    def hold(self, position: npt.ArrayLike) -> None:
        """Forget the trajectory and stand at `position` (J,), as the controller does on abort."""
        self._spline = TrajectorySpline(
            [0], [checks.array('position', position, self._shape)[None]]
        )

    def accept(
        self,
        trajectory: JointTrajectory,
        now_ns: int,
        position: npt.ArrayLike,
        velocity: npt.ArrayLike,
    ) -> None:
        """Follow `trajectory` from now on; `position`, `velocity` (J,) are the measured state.

        The way to a first point in the future starts at once, also when the trajectory's stamp is
        in the future. If the time of the first point has passed (time 0 and stamp 0, for one), the
        controller jumps into the trajectory without a transition: so does this one.

        Raises TrajectoryRefusedError; then the trajectory before goes on.
        """
        order = self._check(trajectory)
        start_ns = trajectory.stamp_ns or now_ns
        times_ns = [start_ns + t for t in trajectory.times_ns.tolist()]
        if times_ns[-1] < now_ns:
            raise TrajectoryRefusedError(
                Refusal.ENDS_IN_PAST,
                f'the trajectory ends {now_ns - times_ns[-1]} ns before now ({now_ns} ns)',
            )
        points = [array[:, order] for array in trajectory.derivatives]
        if now_ns < times_ns[0]:
            times_ns.insert(0, now_ns)
            state = self._state(now_ns, position, velocity)
            points = [np.vstack(pair) for pair in zip(state, points, strict=False)]
        with _refusing(Refusal.NOT_FINITE):
            self._spline = TrajectorySpline(times_ns, points)

    def sample(self, now_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the desired position (J,) and velocity (J,) at `now_ns`; 1 kHz and more."""
        return self._spline.sample(now_ns)

    def progress(self, now_ns: int) -> TrajectoryProgress:
        """Return how far the active trajectory is, for a status message."""
        spline = self._spline
        remaining_ns = max(spline.end_ns - now_ns, 0)
        if remaining_ns == 0:
            return TrajectoryProgress(ArmState.HOLDING, 1.0, 0)
        share = 1 - remaining_ns / (spline.end_ns - spline.begin_ns)
        return TrajectoryProgress(ArmState.MOVING, max(share, 0.0), remaining_ns)

    def _state(
        self, now_ns: int, position: npt.ArrayLike, velocity: npt.ArrayLike
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return where the way to the first point starts: position, velocity, acceleration."""
        if self._from_desired:
            return *self._spline.sample(now_ns), self._spline.acceleration(now_ns)
        return (
            checks.array('position', position, self._shape),
            checks.array('velocity', velocity, self._shape),
            np.zeros(self._shape),  # No acceleration is measured; the controller takes 0 too.
        )

    def _check(self, trajectory: JointTrajectory) -> list[int]:
        """Refuse what this controller cannot do; return the columns in its own joint order."""
        if len(trajectory.times_ns) > self._max_points:
            raise TrajectoryRefusedError(
                Refusal.TOO_MANY_POINTS,
                f'{len(trajectory.times_ns)} points, at most {self._max_points} are accepted',
            )
        order = self._order(trajectory.joint_names)
        if trajectory.velocities is not None and not self._nonzero_end:
            self._check_end(trajectory.velocities[-1, order])
        self._check_limits(trajectory.positions[:, order])
        return order

    def _order(self, names: tuple[str, ...]) -> list[int]:
        unknown = [name for name in names if name not in self.joint_names]
        missing = [name for name in self.joint_names if name not in names]
        if unknown or missing:
            problem = f'unknown joints {unknown}' if unknown else f'missing joints {missing}'
            raise TrajectoryRefusedError(
                Refusal.WRONG_JOINTS, f'{problem}; all are needed: {list(self.joint_names)}'
            )
        return [names.index(name) for name in self.joint_names]

    def _check_end(self, velocity: np.ndarray) -> None:
        j = int(np.abs(velocity).argmax())
        if abs(velocity[j]) > ZERO_VELOCITY:
            raise TrajectoryRefusedError(
                Refusal.NONZERO_END_VELOCITY,
                f'joint {self.joint_names[j]!r} ends with velocity {velocity[j]}, expected 0',
            )

    def _check_limits(self, positions: np.ndarray) -> None:
        outside = np.argwhere((positions < self._lower) | (positions > self._upper))
        if len(outside):
            k, j = (int(i) for i in outside[0])
            raise TrajectoryRefusedError(
                Refusal.OUTSIDE_LIMITS,
                f'joint {self.joint_names[j]!r} is {positions[k, j]} at point {k}, '
                f'limits are {self._lower[j]} to {self._upper[j]}',
            )
