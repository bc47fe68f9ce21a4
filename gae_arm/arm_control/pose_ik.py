"""Inverse kinematics of a pose: joint positions that put the end effector there.

Levenberg-Marquardt with the joint limits as bounds of every step (damping as in Nielsen 1999,
"Damping parameter in Marquardt's method"), from a seed and then from fixed scattered ones. It
minimises |dp|^2 + (weight * angle)^2, so that for a pose out of reach it ends at a nearest one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gae_arm.arm_control.box_qp import solve_box_qp
from gae_arm.arm_control.kinematics import Kinematics, pose_error
from gae_arm.core import checks, geometry

FIRST_DAMPING, LEAST_DAMPING = 1e-2, 1e-9
LEAST_GAIN = 1e-4
"""A step that would lower the cost by less than this share ends the search from a seed."""


@dataclass(frozen=True)
class PoseIkSettings:
    """How near and how long to search.

    position_tolerance: m; orientation_tolerance: rad; a pose within both is reached.
    orientation_weight: metres that one radian counts as. iterations: steps from one seed.
    restarts: scattered seeds that are tried after the given one.
    """

    position_tolerance: float = 1e-5
    orientation_tolerance: float = 1e-4
    orientation_weight: float = 0.2
    iterations: int = 100
    restarts: int = 20

    def __post_init__(self) -> None:
        """Validate."""
        for key in ('position_tolerance', 'orientation_tolerance'):
            checks.number(key, getattr(self, key), 1e-9, 1.0)
        checks.number('orientation_weight', self.orientation_weight, 1e-3, 1e3)
        checks.integer('iterations', self.iterations, 1, 10_000)
        checks.integer('restarts', self.restarts, 0, 10_000)


@dataclass(frozen=True, eq=False)
class IkSolution(checks.Contract):
    """Joint positions and how near they bring the end effector.

    q: float64 (N,), rad, within the limits. position_error, orientation_error: m, rad, from the
    target. reached: both within tolerance.
    """

    q: np.ndarray
    position_error: float
    orientation_error: float
    reached: bool


class PoseIk:
    """Solves for poses of one arm; the same call gives the same answer."""

    def __init__(self, kinematics: Kinematics, settings: PoseIkSettings | None = None) -> None:
        self.kinematics = kinematics
        self.settings = settings or PoseIkSettings()
        self._weights = np.repeat([1.0, self.settings.orientation_weight], 3)
        self._seeds = _scattered_seeds(kinematics, self.settings.restarts)
        # A cost below this is within both tolerances, whatever its parts.
        self._goal = (
            min(
                self.settings.position_tolerance,
                self.settings.orientation_weight * self.settings.orientation_tolerance,
            )
            ** 2
        )

    def solve(
        self,
        q_seed: npt.ArrayLike,
        T_target: npt.ArrayLike,
        accept: Callable[[np.ndarray], bool] | None = None,
    ) -> IkSolution:
        """Return the first solution found from q_seed and then the scattered seeds, or the nearest.

        q_seed: (N,) rad; moved into the limits; revolute joints take no full turn more from it than
        they must. T_target: T_base_ee. accept: a test of q (N,), collision-free for example; where
        a search ends at a q that fails it, that q does not count; where all fail, the answer is
        q_seed. Raises InvalidValueError for NaN, a wrong shape or a matrix that is not a pose.
        """
        limits = self.kinematics.arm.limits
        seed = np.clip(self.kinematics.checked(q_seed), limits.lower, limits.upper)
        T_target = geometry.rigid('T_target', T_target)
        best, best_cost = seed, np.inf
        for start in (seed, *self._seeds):
            q, cost = self._descend(start, T_target)
            if cost < best_cost:
                q = self._with_fewest_turns(q, seed)
                if accept is None or accept(q):
                    best, best_cost = q, cost
            if best_cost <= self._goal:
                break
        return self._solution(best, T_target)

    def _solution(self, q: np.ndarray, T_target: np.ndarray) -> IkSolution:
        settings = self.settings
        error = pose_error(self.kinematics.evaluate(q)[0], T_target)
        position, orientation = (float(np.linalg.norm(part)) for part in (error[:3], error[3:]))
        within = (
            position <= settings.position_tolerance
            and orientation <= settings.orientation_tolerance
        )
        return IkSolution(q, position, orientation, within)

    def _descend(self, q: np.ndarray, T_target: np.ndarray) -> tuple[np.ndarray, float]:
        """Return where the search from q ends, and the cost there."""
        limits = self.kinematics.arm.limits
        error, J = self._residual(q, T_target)
        cost = float(error @ error)
        damping, growth = FIRST_DAMPING, 2.0
        for _ in range(self.settings.iterations):
            if cost <= self._goal:
                break
            H, g = J.T @ J, -J.T @ error
            damped = H + damping * np.eye(len(q))
            step = solve_box_qp(damped, g, limits.lower - q, limits.upper - q)
            expected = -float(2.0 * (g @ step) + step @ H @ step)
            if expected < LEAST_GAIN * cost:
                break
            q_next = np.clip(q + step, limits.lower, limits.upper)
            error_next, J_next = self._residual(q_next, T_target)
            cost_next = float(error_next @ error_next)
            gain = (cost - cost_next) / expected
            if gain > 0.0:
                q, error, J, cost = q_next, error_next, J_next, cost_next
                damping = max(damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), LEAST_DAMPING)
                growth = 2.0
            else:
                damping, growth = damping * growth, 2.0 * growth
        return q, cost

    def _residual(self, q: np.ndarray, T_target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the weighted pose error (6,) and the weighted Jacobian (6, N)."""
        T, J = self.kinematics.evaluate(q)
        return self._weights * pose_error(T, T_target), self._weights[:, None] * J

    def _with_fewest_turns(self, q: np.ndarray, q_seed: np.ndarray) -> np.ndarray:
        limits = self.kinematics.arm.limits
        turned = q - 2 * np.pi * np.round((q - q_seed) / (2 * np.pi)) * self.kinematics.revolute
        inside = (turned >= limits.lower) & (turned <= limits.upper)
        return np.where(inside, turned, q)


def _scattered_seeds(kinematics: Kinematics, count: int) -> np.ndarray:
    """Return (count, N) positions, the same ones every time, within half a turn of mid-range."""
    limits = kinematics.arm.limits
    middle, half = (limits.lower + limits.upper) / 2, (limits.upper - limits.lower) / 2
    half = np.where(kinematics.revolute, np.minimum(half, np.pi), half)
    scatter = np.random.default_rng(0).uniform(-1.0, 1.0, (count, kinematics.n))
    return middle + half * scatter
