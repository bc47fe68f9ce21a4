"""What the arm's trajectory controller does with a command: check it, replace the old, follow it.

The rules are those of ros2_control's joint_trajectory_controller, branch jazzy (4.42), with its
default parameters, for a command on its topic. Where the simulated one is stricter, the refusal
says so below. The real one looks neither at NaN nor at limits: such a command reaches the drives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gae_arm.arm_sim.trajectory_spline import TrajectorySpline
from gae_arm.core import checks
from gae_arm.core.motion import ArmState
from gae_arm.core.trajectory import (
    JointTrajectory,
    Refusal,
    TrajectoryRefusedError,
    refusing,
)

MAX_POINTS = 10_000
# As in the real controller, which compares with the epsilon of a 32-bit float.
ZERO_VELOCITY = float(np.finfo(np.float32).eps)


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
        with refusing(Refusal.NOT_FINITE):
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
