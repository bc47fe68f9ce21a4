"""Hand-eye calibration: where the camera stands, from views of a board and the hand's poses.

OpenCV's closed-form solvers, and the one of Park and Martin on random subsets, give a start that
some wrong views cannot spoil; `pose_fit` refines the best of them on all views that agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import GaeError, MissingDependencyError
from gae_arm.core.geometry import matrix_to_rotation_vector, transform
from gae_arm.core.settings import Settings, setting
from gae_arm.point_cloud.calibration.board import BoardSighting
from gae_arm.point_cloud.calibration.pose_fit import EYE_TO_HAND, MODES, Fit, Views, fit

if not hasattr(cv2, 'calibrateHandEye'):
    raise MissingDependencyError(
        f'OpenCV {cv2.__version__} lacks calibrateHandEye (5.0.0 left it out of its Python part); '
        'install one that has it: pip install opencv-python-headless==4.14.0.94'
    )

SOLVERS = {
    'tsai': cv2.CALIB_HAND_EYE_TSAI,
    'park': cv2.CALIB_HAND_EYE_PARK,
    'horaud': cv2.CALIB_HAND_EYE_HORAUD,
    'andreff': cv2.CALIB_HAND_EYE_ANDREFF,
    'daniilidis': cv2.CALIB_HAND_EYE_DANIILIDIS,
}
SUBSETS, SUBSET_SIZE = 50, 4
# A rotation by one radian counts as much as this shift, metres, where solutions are compared.
LEVER = 0.3
CHECK = 'are the mode, the link, the board and the joint positions those of the recording?'
MIN_PIXEL_NOISE = 0.05


class CalibrationError(GaeError):
    """The views do not determine where the camera stands; the message says why."""


@dataclass(frozen=True)
class HandEyeSettings(Settings):
    """How noisy the hand is, and what is refused."""

    position_noise: float = setting(
        0.0005, "standard deviation of the hand's position, m", low=1e-6, high=0.1
    )
    rotation_noise: float = setting(
        math.radians(0.05), "standard deviation of the hand's rotation, rad", low=1e-6, high=0.1
    )
    min_views: int = setting(6, 'fewest views of the board', low=3, high=1000)
    min_turn: float = setting(
        math.radians(6), 'least rotation of the hand about a second axis, rad', low=0.0, high=3.0
    )
    max_disagreement: float = setting(
        0.05, 'largest distance of the median view from what the others say, m', low=1e-3, high=1.0
    )
    max_outliers: float = setting(
        0.34, 'largest share of views that may disagree with the others', low=0.0, high=0.5
    )
    max_position_deviation: float = setting(
        0.005, "largest standard deviation of the camera's position, m", low=0.0, high=1.0
    )
    max_rotation_deviation: float = setting(
        math.radians(0.5),
        "largest standard deviation of the camera's rotation, rad",
        low=0.0,
        high=1.0,
    )


@dataclass(frozen=True, eq=False)
class HandEyeResult(checks.Contract):
    """Where the camera stands.

    mode: 'eye-to-hand' or 'eye-in-hand'.
    T_parent_camera: (4, 4), optical frame in the base, or in the hand's link if the eye is there.
    T_other_board: (4, 4), the board in the hand's link, or in the base if the eye is in the hand.
    position_residuals (N,), metres, and rotation_residuals (N,), radians: per view, between the
        board as seen and as the hand's pose predicts it.
    inliers: bool (N,), the views that agree and were used.
    position_deviation, rotation_deviation: standard deviations of the camera's pose as the views
        determine it, metres and radians. What all views share (a wrong joint offset or focal
        length) is not in them.
    noise: how much larger the residuals are than the settings and the images' sharpness say.
    board_scale, board_scale_deviation: size of the board as it seems; 1.0 as stated.
    solvers: root mean square residuals (m, rad) of each closed-form solver on all views.
    """

    mode: str
    T_parent_camera: np.ndarray
    T_other_board: np.ndarray
    position_residuals: np.ndarray
    rotation_residuals: np.ndarray
    inliers: np.ndarray
    position_deviation: float
    rotation_deviation: float
    noise: float
    board_scale: float
    board_scale_deviation: float
    solvers: dict[str, tuple[float, float]]

    @property
    def position_rms(self) -> float:
        """Root mean square position residual of the views used, metres."""
        return _rms(self.position_residuals[self.inliers])

    @property
    def rotation_rms(self) -> float:
        """Root mean square rotation residual of the views used, radians."""
        return _rms(self.rotation_residuals[self.inliers])


def calibrate(
    mode: str,
    T_base_link: np.ndarray,
    sightings: Sequence[BoardSighting],
    settings: HandEyeSettings | None = None,
) -> HandEyeResult:
    """Return where the camera stands.

    T_base_link: (N, 4, 4), the hand's link that carries the board (eye-to-hand) or the camera
    (eye-in-hand), one per sighting. Raises CalibrationError with the reason when the views are too
    few, turn the hand too little, disagree, or leave the camera's pose uncertain.
    """
    config = settings or HandEyeSettings()
    checks.known('mode', mode, MODES)
    poses = checks.array('T_base_link', T_base_link, (len(sightings), 4, 4))
    if len(sightings) < config.min_views:
        raise CalibrationError(
            f'{len(sightings)} views of the board, at least {config.min_views} are needed; '
            '15 to 25 are good'
        )
    views = _views(mode, poses, sightings, config)
    _check_motion(views, config)
    solutions = {name: _solve(views, name) for name in SOLVERS}
    known = {name: found for name, found in solutions.items() if found is not None}
    candidates = [*known.values(), *_subset_solutions(views)]
    if not candidates:
        raise CalibrationError(f'no solver found a solution from {len(views)} views')
    best = min(candidates, key=lambda solution: solution.disagreement)
    if best.disagreement > config.max_disagreement:
        raise CalibrationError(
            f'the views contradict each other: half of them put the board more than '
            f'{1e3 * best.disagreement:.0f} mm from where another one does; {CHECK}'
        )
    result = fit(views, best.X, best.Y)
    _check_fit(result, config)
    return _result(views, result, known)


@dataclass(frozen=True, eq=False)
class _Solution:
    """X, Y: (4, 4). disagreement: of the views about Y, the median one, metres (see LEVER)."""

    X: np.ndarray
    Y: np.ndarray
    disagreement: float


def _views(
    mode: str, T_base_link: np.ndarray, sightings: Sequence[BoardSighting], config: HandEyeSettings
) -> Views:
    """Return the views with covariances.

    Corners are as noisy as the typical image says, or as their own image if that is worse.
    """
    errors = np.array([s.error for s in sightings])
    noise = np.maximum(errors, max(MIN_PIXEL_NOISE, float(np.median(errors))))
    information = np.array([s.information for s in sightings])
    return Views(
        mode,
        T_base_link,
        np.array([s.T_camera_board for s in sightings]),
        noise[:, None, None] ** 2 * np.linalg.inv(information),
        np.diag([config.position_noise**2] * 3 + [config.rotation_noise**2] * 3),
    )


def _check_motion(views: Views, config: HandEyeSettings) -> None:
    """Refuse hands that turn about one axis only: nothing shows where along it the camera is.

    The rotations between all pairs of views have principal axes; the second largest counts.
    """
    R = views.hands[:, :3, :3]
    i, j = np.triu_indices(len(views), 1)
    turns = matrix_to_rotation_vector(np.swapaxes(R[i], -1, -2) @ R[j])
    values, axes = np.linalg.eigh(turns.T @ turns / len(turns))
    largest, second = (math.sqrt(max(value, 0.0)) for value in values[:0:-1])
    if second < config.min_turn:
        frame = "the base's" if views.mode == EYE_TO_HAND else "the hand's"
        raise CalibrationError(
            f'the hand turns by {math.degrees(largest):.1f} degrees (root mean square between two '
            f'views) about the axis {axes[:, 2].round(2).tolist()} in {frame} frame, but by '
            f'{math.degrees(second):.1f} about any other, at least '
            f'{math.degrees(config.min_turn):.1f} are needed: tilt it in more directions, by 20 to '
            '40 degrees'
        )


def _solve(views: Views, solver: str, rows: slice | np.ndarray = slice(None)) -> _Solution | None:
    """Return what one of OpenCV's solvers makes of these rows of the views, None if it fails."""
    hands, boards = views.hands[rows], views.T_camera_board[rows]
    try:
        # By keyword: the fifth argument in order is an output, and the method stays Tsai's.
        R, t = cv2.calibrateHandEye(
            list(hands[:, :3, :3]),
            list(hands[:, :3, 3]),
            list(boards[:, :3, :3]),
            list(boards[:, :3, 3]),
            method=SOLVERS[solver],
        )
    except cv2.error:
        return None
    if not (np.isfinite(R).all() and np.isfinite(t).all()):
        return None
    u, _, vt = np.linalg.svd(R)
    X = transform(u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt, t[:, 0])
    return _with_board(views, X)


def _with_board(views: Views, X: np.ndarray) -> _Solution:
    """Complete a solution by the Y = A X B of that view which the others agree with best."""
    Y = views.hands @ X @ views.T_camera_board
    shift = np.linalg.norm(Y[:, None, :3, 3] - Y[None, :, :3, 3], axis=-1)
    # |R - S| is sqrt(2) times the angle between two rotations, while that is small.
    turn = np.linalg.norm(Y[:, None, :3, :3] - Y[None, :, :3, :3], axis=(-2, -1)) / math.sqrt(2)
    disagreement = np.median(shift + LEVER * turn, axis=1)
    best = int(np.argmin(disagreement))
    return _Solution(X, Y[best], float(disagreement[best]))


def _subset_solutions(views: Views) -> Iterator[_Solution]:
    """Solve random small subsets: some of them hold no wrong view."""
    rng = np.random.default_rng(0)
    for _ in range(SUBSETS):
        rows = rng.choice(len(views), min(SUBSET_SIZE, len(views)), replace=False)
        solution = _solve(views, 'park', rows)
        if solution is not None:
            yield solution


def _check_fit(result: Fit, config: HandEyeSettings) -> None:
    outliers = int((~result.inliers).sum())
    if outliers > config.max_outliers * len(result.inliers):
        raise CalibrationError(
            f'{outliers} of {len(result.inliers)} views disagree with the others, at most '
            f'{config.max_outliers:.0%} may; {CHECK}'
        )
    position, rotation = _deviations(result)
    if position > config.max_position_deviation or rotation > config.max_rotation_deviation:
        raise CalibrationError(
            f'the camera is known to {1e3 * position:.1f} mm and {math.degrees(rotation):.2f} '
            f'degrees (standard deviation), allowed are {1e3 * config.max_position_deviation:.1f} '
            f'mm and {math.degrees(config.max_rotation_deviation):.2f} degrees: the residuals are '
            f'{result.noise:.1f} times the noise of hand and images; record more views that tilt '
            f'the board more, or: {CHECK}'
        )


def _deviations(result: Fit) -> tuple[float, float]:
    """Return the standard deviations of the camera's position, m, and rotation, rad."""
    variance = np.diag(result.covariance)
    return math.sqrt(variance[:3].sum()), math.sqrt(variance[3:6].sum())


def _result(views: Views, result: Fit, solutions: dict[str, _Solution]) -> HandEyeResult:
    residuals = views.residuals(result.X, result.Y)
    return HandEyeResult(
        views.mode,
        result.X,
        result.Y,
        np.linalg.norm(residuals[:, :3], axis=-1),
        np.linalg.norm(residuals[:, 3:], axis=-1),
        result.inliers,
        *_deviations(result),
        result.noise,
        result.scale,
        result.scale_deviation,
        {name: _rms_of(views, s.X, s.Y) for name, s in solutions.items()},
    )


def _rms_of(views: Views, X: np.ndarray, Y: np.ndarray) -> tuple[float, float]:
    residuals = views.residuals(X, Y)
    return _rms(np.linalg.norm(residuals[:, :3], axis=-1)), _rms(
        np.linalg.norm(residuals[:, 3:], axis=-1)
    )


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
