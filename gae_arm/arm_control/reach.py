"""Can the arm put its end effector there? Asked before motion, answered with the nearest pose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.pose_ik import PoseIk
from gae_arm.core import checks


@dataclass(frozen=True, eq=False)
class Reachability(checks.Contract):
    """Whether a pose can be reached, and what can.

    reachable: the nearest pose is the target within tolerance. nearest: float64 (4, 4), T_base_ee.
    q: float64 (N,), rad, joint positions there. position_error, orientation_error: m, rad, from
    the target to the nearest pose.
    """

    reachable: bool
    nearest: np.ndarray
    q: np.ndarray
    position_error: float
    orientation_error: float


class Reach:
    """Tells reachable poses of one arm from others.

    accept: a test of joint positions (N,), collision-free for example: a pose that is reached only
    where it fails is not reachable, and nearest is then the nearest of the accepted ones found.
    position_tolerance, orientation_tolerance: m, rad, by which a reachable pose may be missed.
    """

    def __init__(
        self,
        kinematics: Kinematics,
        accept: Callable[[np.ndarray], bool] | None = None,
        position_tolerance: float = 1e-3,
        orientation_tolerance: float = 1e-2,
    ) -> None:
        self.kinematics = kinematics
        self.accept = accept
        self.position_tolerance = checks.number('position_tolerance', position_tolerance, 1e-5)
        self.orientation_tolerance = checks.number(
            'orientation_tolerance', orientation_tolerance, 1e-4
        )
        self._ik = PoseIk(kinematics)

    def check(self, T_target: npt.ArrayLike, q_seed: npt.ArrayLike | None = None) -> Reachability:
        """Return whether T_base_ee can be reached within the joint limits, and the nearest pose.

        "Nearest" is least |dp|^2 + (0.2 m * angle)^2. q_seed: (N,) rad, where the search begins
        and the solution should be near; the arm's home if None. Raises InvalidValueError for NaN, a
        wrong shape or a matrix that is not a pose.
        """
        seed = self.kinematics.arm.home if q_seed is None else q_seed
        solution = self._ik.solve(seed, T_target, self.accept)
        return Reachability(
            reachable=solution.position_error <= self.position_tolerance
            and solution.orientation_error <= self.orientation_tolerance
            and (self.accept is None or self.accept(solution.q)),
            nearest=self.kinematics.forward(solution.q),
            q=solution.q,
            position_error=solution.position_error,
            orientation_error=solution.orientation_error,
        )
