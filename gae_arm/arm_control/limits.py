"""What the governor allows: settings, checked where they are made, and limits on the time grid."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from gae_arm.core import checks
from gae_arm.core.arm import ArmConfig, JointLimits
from gae_arm.core.errors import InvalidValueError

MAX_STOP_SECONDS = 2.0


@dataclass(frozen=True, eq=False)
class GovernorSettings(checks.Contract):
    """What the governor allows. Everything is on by default; 0.0 is a limit like any other.

    period: s, the time grid: spacing of the points that are sent, and of the ticks.
    look_ahead: s, motion that every message carries before its stop, for ticks that come late.
    velocity_scale, acceleration_scale, jerk_scale: shares of the arm's limits, 0 to 1.
    position_margin: rad kept from the arm's position limits.
    workspace_lower, workspace_upper: (3,) m, box of the end effector in the base frame.
    joint_state_age, cloud_age, chunk_age: s, oldest input that is used.
    clock_tolerance: s that a stamp may lie in the future.
    use_cloud: whether a cloud is needed, and obstacles are kept away from.
    stop_distance, slow_distance: m to the cloud, where the arm stands and where it starts to slow.
    self_distance, table_distance: m that links keep from each other and from the table.
    seam_jump: rad between what is commanded now and where a command starts, at most.
    ramp: s from standing, or from where something was near, to full speed.
    path_tolerance: rad that the arm may lag behind its command before the command is slowed.
    tracking_error: rad between the measured joint and what was commanded, at most.
    tracking_delay: s that the arm may take to carry a command out.
    """

    period: float = 0.01
    look_ahead: float = 0.1
    velocity_scale: float = 0.5
    acceleration_scale: float = 1.0
    jerk_scale: float = 1.0
    position_margin: float = 0.0
    workspace_lower: np.ndarray = field(default_factory=lambda: np.array([-1.0, -1.0, 0.0]))
    workspace_upper: np.ndarray = field(default_factory=lambda: np.array([1.0, 1.0, 1.5]))
    joint_state_age: float = 0.1
    cloud_age: float = 0.25
    chunk_age: float = 0.3
    clock_tolerance: float = 0.05
    use_cloud: bool = True
    stop_distance: float = 0.02
    slow_distance: float = 0.10
    self_distance: float = 0.01
    table_distance: float = 0.0
    seam_jump: float = 0.1
    ramp: float = 0.25
    path_tolerance: float = 0.02
    tracking_error: float = 0.1
    tracking_delay: float = 0.15

    def __post_init__(self) -> None:
        """Validate; raise InvalidValueError with the value."""
        for key in ('workspace_lower', 'workspace_upper'):
            object.__setattr__(self, key, checks.array(key, getattr(self, key), (3,)))
        for key, (low, high) in RANGES.items():
            object.__setattr__(self, key, checks.number(key, getattr(self, key), low, high))
        if not isinstance(self.use_cloud, bool):
            raise InvalidValueError(f'use_cloud is neither true nor false: {self.use_cloud!r}')
        for below, above in ORDERED:
            least, most = np.asarray(getattr(self, below)), np.asarray(getattr(self, above))
            if not (least < most).all():
                raise InvalidValueError(
                    f'{below} {least.tolist()} is not below {above} {most.tolist()}'
                )

    @property
    def step_ns(self) -> int:
        """The grid's spacing in nanoseconds."""
        return round(self.period * 1e9)

    @property
    def look_ahead_steps(self) -> int:
        """Steps of the grid that every message carries before its stop, at least 1."""
        return max(1, round(self.look_ahead / self.period))


RANGES = {
    'period': (1e-3, 0.05),
    'look_ahead': (1e-3, 0.5),
    'velocity_scale': (0.0, 1.0),
    'acceleration_scale': (0.0, 1.0),
    'jerk_scale': (0.0, 1.0),
    'position_margin': (0.0, 1.0),
    'joint_state_age': (1e-3, 10.0),
    'cloud_age': (1e-3, 10.0),
    'chunk_age': (1e-3, 10.0),
    'clock_tolerance': (0.0, 1.0),
    'stop_distance': (0.0, 1.0),
    'slow_distance': (0.0, 2.0),
    'self_distance': (0.0, 1.0),
    'table_distance': (0.0, 1.0),
    'seam_jump': (1e-3, 1.0),
    'ramp': (0.0, 5.0),
    'path_tolerance': (1e-4, 1.0),
    'tracking_error': (1e-3, 1.0),
    'tracking_delay': (0.0, 1.0),
}
ORDERED = (
    ('workspace_lower', 'workspace_upper'),
    ('stop_distance', 'slow_distance'),
    ('path_tolerance', 'seam_jump'),
)


def limited_arm(arm: ArmConfig, settings: GovernorSettings) -> ArmConfig:
    """Return the arm with the limits that the governor keeps: give this one to the IK as well.

    Raises InvalidValueError if the margin leaves no range, or leaves the home pose outside.
    """
    limits = arm.limits
    changed = dataclasses.replace(
        limits,
        lower=limits.lower + settings.position_margin,
        upper=limits.upper - settings.position_margin,
        velocity=limits.velocity * settings.velocity_scale,
        acceleration=limits.acceleration * settings.acceleration_scale,
        jerk=limits.jerk * settings.jerk_scale,
    )
    return dataclasses.replace(arm, limits=changed)


def limit_table(arm: ArmConfig) -> np.ndarray:
    """Return float64 (5, N): lower, upper, velocity, acceleration, jerk, as the kernels take them.

    A joint with a velocity, acceleration or jerk limit of 0.0 must not move: all three are 0 then.
    Raises InvalidValueError for a joint that needs more than 2 s to stop from its full speed: with
    such limits no stop deserves the name.
    """
    limits = arm.limits
    out = np.stack([limits.lower, limits.upper, limits.velocity, limits.acceleration, limits.jerk])
    out[2:, (out[2:] == 0).any(axis=0)] = 0.0
    seconds = stopping_seconds(limits)
    slowest = int(seconds.argmax())
    if seconds[slowest] > MAX_STOP_SECONDS:
        velocity, acceleration, jerk = out[2:, slowest]
        raise InvalidValueError(
            f'joint {arm.joints[slowest]!r} needs {seconds[slowest]:.3g} s to stop from '
            f'{velocity:.3g} rad/s with {acceleration:.3g} rad/s^2 and {jerk:.3g} rad/s^3; '
            f'at most {MAX_STOP_SECONDS:.3g} s is allowed'
        )
    return out


def stopping_seconds(limits: JointLimits) -> np.ndarray:
    """Return (N,): the shortest stop from full speed, s; 0 for joints that must not move.

    With velocity V, acceleration A and jerk J: V/A + A/J, or 2 sqrt(V/J) where A is not reached.
    """
    V, A, J = limits.velocity, limits.acceleration, limits.jerk
    moves = (V > 0) & (A > 0) & (J > 0)
    V, A, J = (np.where(moves, x, 1.0) for x in (V, A, J))
    seconds = np.where(V * J > A * A, V / A + A / J, 2 * np.sqrt(V / J))
    return np.where(moves, seconds, 0.0)
