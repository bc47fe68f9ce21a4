"""Differential inverse kinematics: one joint velocity per tick towards a target pose.

Each step solves the quadratic program over dq, the joint velocity (N,):

    minimise   |W (J dq - twist)|^2 + damping |dq|^2 + sum_i singular_i (v_i . dq)^2
               + posture_weight |Z (dq - dq_posture)|^2
    subject to lower <= dq <= upper

twist: what removes the pose error, plus the feedforward. W weighs radians against metres. damping
grows with the square of the pose error (Sugihara 2011, "Solvability-unconcerned inverse kinematics
by the Levenberg-Marquardt method"): it keeps an arm calm whose target is out of reach. v_i: right
singular vectors of W J; those with a small singular value are damped (Maciejewski and Klein 1988,
"Numerical filtering for the operation of robotic manipulators through kinematically singular
configurations"), as much as the twist along them asks for. Z projects on the null space of W J, so
that the posture costs the end effector nothing. The bounds keep the velocity limits and leave room
to brake before the position limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gae_arm.arm_control.box_qp import solve_box_qp
from gae_arm.arm_control.ik_kernel import Program, Weights, program
from gae_arm.arm_control.kinematics import Kinematics, pose_error
from gae_arm.core import checks, geometry
from gae_arm.core.settings import Settings, setting


@dataclass(frozen=True)
class IkSettings(Settings):
    """How the end effector is drawn to its target."""

    gain: float = setting(1.0, 'share of the pose error that one step removes', low=0.0, high=1.0)
    linear_speed: float = setting(
        1.0, 'the correction (not the feedforward) is slowed to it, m/s', low=0.0, high=1000.0
    )
    angular_speed: float = setting(
        3.0, 'the correction (not the feedforward) is slowed to it, rad/s', low=0.0, high=1000.0
    )
    orientation_weight: float = setting(
        0.2, 'metres that one radian of error counts as', low=1e-3, high=10.0
    )
    singular_value: float = setting(
        0.05, 'of W J, m/rad; damping begins below it', low=1e-3, high=10.0
    )
    singular_speed: float = setting(
        2.0,
        'most that joints turn for a twist along a singular direction, rad/s',
        low=1e-3,
        high=30.0,
    )
    posture_gain: float = setting(
        0.3, "pull of the null space towards the arm's home, 1/s", low=0.0, high=100.0
    )
    posture_speed: float = setting(
        0.3, 'most that this pull turns a joint, rad/s', low=0.0, high=30.0
    )
    posture_weight: float = setting(
        1e-4,
        'of the pull against the twist where a limit makes them compete, m^2/rad^2',
        low=0.0,
        high=1.0,
    )


@dataclass(frozen=True, eq=False)
class IkStep(checks.Contract):
    """One step's answer.

    q_dot: float64 (N,), rad/s; q + dt q_dot keeps the limits. position_error, orientation_error:
    m, rad, at q, before the step. manipulability: sqrt(det(J J^T)) at q. limited_by: what kept
    the step from the wanted twist: 'JOINT position', 'JOINT velocity', 'speed', 'singularity'.
    """

    q_dot: np.ndarray
    position_error: float
    orientation_error: float
    manipulability: float
    limited_by: tuple[str, ...]


class DifferentialIk:
    """Differential IK of one arm; keeps no state from step to step."""

    def __init__(self, kinematics: Kinematics, settings: IkSettings | None = None) -> None:
        self.kinematics = kinematics
        self.settings = settings or IkSettings()
        arm, weights = kinematics.arm, self.settings
        self._weights = Weights(
            orientation=float(weights.orientation_weight),
            singular_value=float(weights.singular_value),
            singular_speed=float(weights.singular_speed),
            posture_gain=float(weights.posture_gain),
            posture_speed=float(weights.posture_speed),
            posture=float(weights.posture_weight),
        )
        limits = arm.limits
        self._home = arm.home.copy()
        self._limits = np.stack([limits.lower, limits.upper, limits.velocity, limits.acceleration])

    def step(
        self,
        q: npt.ArrayLike,
        T_target: npt.ArrayLike,
        dt: float,
        twist_feedforward: npt.ArrayLike | None = None,
    ) -> IkStep:
        """Return the joint velocity to hold for dt seconds.

        q: (N,) rad. T_target: T_base_ee wanted after dt. twist_feedforward: [v; w] (6,) of the
        target, m/s and rad/s along the base frame's axes; give it with T_target at the *present*
        time. A q outside the limits is led back. Raises InvalidValueError for a NaN, a wrong shape,
        a matrix that is not a pose, or a dt outside 1e-4 to 1 s.
        """
        q = self.kinematics.checked(q)
        T_target = geometry.rigid('T_target', T_target)
        dt = checks.number('dt', dt, 1e-4, 1.0)
        T, J = self.kinematics.evaluate(q)
        error = pose_error(T, T_target)
        position_error, orientation_error = (math.hypot(*part) for part in (error[:3], error[3:]))
        slowing = self._slowing(position_error, orientation_error, dt)
        twist = (self.settings.gain / (dt * slowing)) * error
        if twist_feedforward is not None:
            twist += checks.array('twist_feedforward', twist_feedforward, (6,))
        found = program(q, J, error, twist, dt, self._weights, self._home, self._limits)
        q_dot, limited_by = self._solution(found)
        if slowing > 1.0:
            limited_by += ('speed',)
        if found.least < self.settings.singular_value:
            limited_by += ('singularity',)
        manipulability = found.product / self.settings.orientation_weight**3
        return IkStep(q_dot, position_error, orientation_error, manipulability, limited_by)

    def _slowing(self, position_error: float, orientation_error: float, dt: float) -> float:
        """Return by how much the correction must be slowed to keep to its speeds, at least 1."""
        settings = self.settings
        speeds = (settings.gain / dt * error for error in (position_error, orientation_error))
        limits = (settings.linear_speed, settings.angular_speed)
        return max(1.0, *(_ratio(s, limit) for s, limit in zip(speeds, limits, strict=True)))

    def _solution(self, found: Program) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return the optimum (N,) and the names of the limits that it leans on."""
        if found.free:
            return found.solution, ()
        H, g, lower, upper = found[:4]
        q_dot = solve_box_qp(H, g, lower, upper)
        return q_dot, self._active_limits(q_dot, lower, upper, push=-(H @ q_dot + g))

    def _active_limits(
        self, q_dot: np.ndarray, lower: np.ndarray, upper: np.ndarray, push: np.ndarray
    ) -> tuple[str, ...]:
        """Return the names of the limits that push, (N,), the cost's downward slope, leans on."""
        held_up = (q_dot > upper - 1e-9) & (push > 1e-9)
        held_down = (q_dot < lower + 1e-9) & (push < -1e-9)
        active = held_up | held_down
        if not active.any():
            return ()
        arm = self.kinematics.arm
        fast = np.abs(q_dot) > arm.limits.velocity - 1e-9
        return tuple(
            f'{arm.joints[j]} {"velocity" if fast[j] else "position"}'
            for j in np.flatnonzero(active)
        )


def _ratio(speed: float, limit: float) -> float:
    if speed == 0.0:
        return 0.0
    return speed / limit if limit > 0.0 else math.inf
