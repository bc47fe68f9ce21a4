"""The rules that a motion keeps beside the joints' limits: workspace box, bodies, live cloud."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from gae_arm.arm_control.clearance import Rule
from gae_arm.arm_control.cloud_distance import obstacle_points, without_strays
from gae_arm.core import checks
from gae_arm.core.motion import HaltReason

WALL = 0.005
"""m from the faces of the workspace box, where the arm comes to a stand."""
COMPANY_RADIUS = 0.02
"""m about a point, where others confirm that something is there."""
NO_SPHERES = np.zeros((0, 4))
FACES = ('-x', '-y', '-z', '+x', '+y', '+z')


class WorkspaceRule(Rule):
    """Some points of the arm stay in a box of the base frame.

    points: maps joint positions (N,) to points (P, 3), m; the end effector, the elbow.
    lower, upper: (3,), m. reach: (N,), m/rad, by which none of the points moves more.
    """

    reason = HaltReason.WORKSPACE_LIMIT
    slack = WALL
    budget = 20

    def __init__(
        self,
        points: Callable[[np.ndarray], np.ndarray],
        lower: npt.ArrayLike,
        upper: npt.ArrayLike,
        reach: npt.ArrayLike,
    ) -> None:
        self._points = points
        self._lower = checks.array('workspace_lower', lower, (3,))
        self._upper = checks.array('workspace_upper', upper, (3,))
        self.reach = np.tile(checks.array('reach', reach, (None,)), (len(FACES), 1))

    def margins(self, q: np.ndarray) -> np.ndarray:
        """Return the metres (6,) that the outermost points have left before each face.

        Each face by itself: who is outside one of them must not leave through another one.
        """
        points = self._points(q)
        ahead = [(points - self._lower).min(axis=0), (self._upper - points).min(axis=0)]
        return np.concatenate(ahead) - WALL

    def sentence(self, k: int, margin: float) -> str:
        """Say how far from the box's wall the arm is."""
        box = f'the workspace {self._lower.tolist()} to {self._upper.tolist()} m'
        distance = margin + WALL
        if distance < 0:
            return f'{-distance:.3f} m beyond the {FACES[k]} wall of {box}'
        return f'{distance:.3f} m from the {FACES[k]} wall of {box}'


class DistanceRule(Rule):
    """Pairs of bodies stay apart: links of the arm, or links and table.

    reason: what a breach is called. distances: maps joint positions (N,) to K distances, m,
    negative in contact. names: of the K pairs. reach: (K, N), m/rad. keep: m between them.
    """

    slack = 0.01

    def __init__(
        self,
        reason: HaltReason,
        distances: Callable[[np.ndarray], np.ndarray],
        names: Sequence[tuple[str, str]],
        reach: npt.ArrayLike,
        keep: float,
    ) -> None:
        self.reason = reason
        self.reach = checks.array('reach', reach, (len(names), None))
        self._distances = distances
        self._names = tuple(names)
        self._keep = checks.number('keep', keep, 0.0)

    def margins(self, q: np.ndarray) -> np.ndarray:
        """Return the distances beyond what is to be kept, (K,), m."""
        return self._distances(q) - self._keep

    def sentence(self, k: int, margin: float) -> str:
        """Say what is how near, and how near it may be."""
        first, second = self._names[k]
        distance = margin + self._keep
        return f'{first} is {distance:.3f} m from {second}, at least {self._keep:g} m is kept'


class ObstacleRule(Rule):
    """The arm keeps away from the live cloud, except from where it is meant to grasp.

    distance: maps joint positions (N,) and points, float64 (M, 3), base frame, to m. stop, slow: m,
    where the arm stands, and where it starts to slow down. reach: (N,), m/rad. floor: m, points up
    to this height are no obstacles: the table has a rule of its own. company: a point with fewer
    others about it is a stray reading, no obstacle; see `without_strays`.
    """

    reason = HaltReason.OBSTACLE_NEAR

    def __init__(
        self,
        distance: Callable[[np.ndarray, np.ndarray], float],
        stop: float,
        slow: float,
        reach: npt.ArrayLike,
        floor: float = -np.inf,
        company: int = 0,
    ) -> None:
        self._distance = distance
        self._floor = floor
        self._company = company
        self._stop = checks.number('stop_distance', stop, 0.0)
        self.slow = checks.number('slow_distance', slow, stop) - self._stop
        self.slack = self._stop
        self.reach = checks.array('reach', reach, (None,))[None]
        self._points = np.zeros((0, 3))

    def see(self, points: np.ndarray, exempt: np.ndarray) -> None:
        """Take a new cloud (M, 3), base frame; exempt: (G, 4) spheres x, y, z, radius, m.

        Points inside these spheres, around what is grasped or carried, are no obstacles. Points
        that are not finite are none either: a driver's mark for "no measurement".
        """
        # Always new C-ordered arrays: the kernels are compiled once for each memory layout.
        above = obstacle_points(np.array(points, np.float64, order='C'), NO_SPHERES, self._floor)
        solid = without_strays(above, COMPANY_RADIUS, self._company)
        self._points = obstacle_points(solid, np.array(exempt, np.float64, order='C'), self._floor)

    def margins(self, q: np.ndarray) -> np.ndarray:
        """Return the distance (1,) beyond `stop` to the nearest point; inf without points."""
        if not len(self._points):
            return np.array([np.inf])
        return np.array([self._distance(q, self._points) - self._stop])

    def sentence(self, k: int, margin: float) -> str:
        """Say how near the nearest point is."""
        return (
            f'an obstacle is {margin + self._stop:.3f} m away; the arm slows down below '
            f'{self._stop + self.slow:g} m and stands at {self._stop:g} m'
        )
