"""What the governor allows: settings, checked where they are made, and limits on the time grid."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from gae_arm.core.arm import ArmConfig, JointLimits
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.settings import Settings, setting

MAX_STOP_SECONDS = 2.0


@dataclass(frozen=True)
class GovernorSettings(Settings):
    """What the governor allows. Everything is on by default; 0.0 is a limit like any other."""

    period: float = setting(
        0.01,
        'time grid: spacing of the ticks, and of the points that are sent, s',
        low=1e-3,
        high=0.05,
    )
    look_ahead: float = setting(
        0.1, 'motion that every message carries before its stop, s', low=1e-3, high=0.5
    )
    velocity_scale: float = setting(0.5, "share of the arm's velocity limits", low=0.0, high=1.0)
    acceleration_scale: float = setting(
        1.0, "share of the arm's acceleration limits", low=0.0, high=1.0
    )
    jerk_scale: float = setting(1.0, "share of the arm's jerk limits", low=0.0, high=1.0)
    position_margin: float = setting(
        0.0, "kept from the arm's position limits, rad", low=0.0, high=1.0
    )
    workspace_lower: tuple[float, ...] = setting(
        (-1.0, -1.0, 0.0), 'lower corner of the box for the end effector, base frame, m', length=3
    )
    workspace_upper: tuple[float, ...] = setting(
        (1.0, 1.0, 1.5), 'upper corner of the box for the end effector, base frame, m', length=3
    )
    joint_state_age: float = setting(0.1, 'oldest joint state that is used, s', low=1e-3, high=10.0)
    cloud_age: float = setting(0.25, 'oldest cloud that is used, s', low=1e-3, high=10.0)
    chunk_age: float = setting(0.3, 'oldest chunk that is used, s', low=1e-3, high=10.0)
    clock_tolerance: float = setting(
        0.05, 'what a stamp may lie in the future, s', low=0.0, high=1.0
    )
    use_cloud: bool = setting(True, 'keep away from obstacles; then a cloud is needed to move')
    stop_distance: float = setting(
        0.02, 'distance to the cloud at which the arm stands, m', low=0.0, high=1.0
    )
    slow_distance: float = setting(
        0.10, 'distance to the cloud at which the arm begins to slow down, m', low=0.0, high=2.0
    )
    obstacle_company: int = setting(
        8,
        'other points within 2 cm or a little more, without which a point is a stray reading; 0: '
        'every point is an obstacle',
        low=0,
        high=1000,
    )
    self_distance: float = setting(
        0.01, 'distance that links keep from each other, m', low=0.0, high=1.0
    )
    table_distance: float = setting(
        0.0, 'distance that links keep from the table, m', low=0.0, high=1.0
    )
    seam_jump: float = setting(
        0.1, 'between the commanded joint and where a command starts, rad', low=1e-3, high=1.0
    )
    ramp: float = setting(
        0.25, 'from standing, or from where something was near, to full speed, s', low=0.0, high=5.0
    )
    path_tolerance: float = setting(
        0.02, 'lag behind a command from which on the command waits, rad', low=1e-4, high=1.0
    )
    tracking_error: float = setting(
        0.1, 'between a measured joint and what was commanded, rad', low=1e-3, high=1.0
    )
    tracking_delay: float = setting(
        0.15, 'time that the arm may take to carry a command out, s', low=0.0, high=0.5
    )

    def __post_init__(self) -> None:
        """Check every field and how they fit together."""
        super().__post_init__()
        for below, above in ORDERED:
            least, most = np.array(getattr(self, below)), np.array(getattr(self, above))
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
