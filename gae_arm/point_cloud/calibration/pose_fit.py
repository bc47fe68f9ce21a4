"""The most likely poses of camera and board, given what N views and the hand's joints say.

Each view i gives T_i, the hand's pose in the base, and B_i = T_camera_board. The unknowns are X,
the pose of the camera, and Y, the pose of the board:

    eye-to-hand   X = T_base_camera   Y = T_link_board    B_i = X^-1 T_i Y
    eye-in-hand   X = T_link_camera   Y = T_base_board    B_i = X^-1 T_i^-1 Y

Both B_i and T_i are noisy. To first order the noise of T_i adds to that of B_i through the adjoint
of T_board_link, so that each view has one covariance (6, 6), and least squares weighted by its
inverse is maximum likelihood (after Strobl and Hirzinger 2006, "Optimal hand-eye calibration").
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from gae_arm.core.geometry import (
    adjoint,
    invert,
    matrix_to_rotation_vector,
    rotation_vector_to_matrix,
    transform,
)

EYE_TO_HAND, EYE_IN_HAND = 'eye-to-hand', 'eye-in-hand'
MODES = (EYE_TO_HAND, EYE_IN_HAND)
MAX_STEPS = 50
CONVERGED = 1e-10
# Of the chi-squared distribution with 6 degrees of freedom: median, and the 1 - 1e-5 quantile.
TYPICAL_DISTANCE, LARGEST_DISTANCE = 5.35, 32.9
CAUCHY = 12.0


@dataclass(frozen=True, eq=False)
class Views:
    """N views.

    mode: one of MODES. T_base_link, T_camera_board: float64 (N, 4, 4). board_covariance: float64
    (N, 6, 6), of T_camera_board, twist (v, w) in the board's frame, m^2 and rad^2.
    link_covariance: float64 (6, 6), of T_base_link, twist in the link's frame.
    """

    mode: str
    T_base_link: np.ndarray
    T_camera_board: np.ndarray
    board_covariance: np.ndarray
    link_covariance: np.ndarray

    def __len__(self) -> int:
        return len(self.T_base_link)

    @property
    def hands(self) -> np.ndarray:
        """A_i (N, 4, 4) of A_i X B_i = Y."""
        return invert(self.T_base_link) if self.mode == EYE_TO_HAND else self.T_base_link

    def select(self, rows: np.ndarray) -> Views:
        """Return some of the views; rows: indices (M,) or bool (N,)."""
        names = ('T_base_link', 'T_camera_board', 'board_covariance')
        return dataclasses.replace(self, **{name: getattr(self, name)[rows] for name in names})

    def scaled(self, scale: float) -> Views:
        """Return the views as if the board were `scale` times as large."""
        T = self.T_camera_board.copy()
        T[:, :3, 3] *= scale
        return dataclasses.replace(self, T_camera_board=T)

    def predict(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Return the T_camera_board (N, 4, 4) that camera and board at X and Y should give."""
        return invert(X) @ invert(self.hands) @ Y

    def residuals(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Return (N, 6), m and rad: from the board as seen to that predicted, in its frame."""
        D = invert(self.T_camera_board) @ self.predict(X, Y)
        return np.concatenate([D[:, :3, 3], matrix_to_rotation_vector(D[:, :3, :3])], -1)

    def information(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Return (N, 6, 6): the inverse covariance of each view's residual."""
        T_link_board = Y if self.mode == EYE_TO_HAND else X @ self.predict(X, Y)
        to_board = adjoint(invert(T_link_board))
        moved = to_board @ self.link_covariance @ np.swapaxes(to_board, -1, -2)
        return np.linalg.inv(self.board_covariance + moved)

    def distances(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Return (N,): squared Mahalanobis distance of each view; about 6 where the model holds."""
        r = self.residuals(X, Y)
        return np.einsum('ni,nij,nj->n', r, self.information(X, Y), r)


@dataclass(frozen=True, eq=False)
class Fit:
    """The result.

    X, Y: (4, 4). inliers: bool (N,), views that agree with the others and were used. covariance:
    float64 (12, 12), of the twists of X in the camera's and of Y in the board's frame, grown where
    the views differ by more than their own covariances say. noise: by which factor they do.
    scale, scale_deviation: how large the board seems, 1.0 as stated, and the standard deviation of
    that number: the hand measures the board by its motion.
    """

    X: np.ndarray
    Y: np.ndarray
    inliers: np.ndarray
    covariance: np.ndarray
    noise: float
    scale: float
    scale_deviation: float


def fit(views: Views, X: np.ndarray, Y: np.ndarray) -> Fit:
    """Return the most likely poses, starting from X and Y, and which views agree with them.

    First all views with Cauchy weights, which a few wrong ones cannot pull away; then only those
    whose distance has more than a chance of 1e-5, the noise being as large as the median view's.
    """
    estimate = _minimise(views, _Estimate(X, Y), robust=True)
    inliers = np.zeros(len(views), bool)
    for _ in range(len(views)):
        agreeing = _agreeing(views, estimate)
        if (agreeing == inliers).all():
            break
        inliers = agreeing
        estimate = _minimise(views.select(inliers), estimate)
    return _report(views, inliers, estimate)


@dataclass(frozen=True, eq=False)
class _Estimate:
    X: np.ndarray
    Y: np.ndarray
    scale: float = 1.0
    information: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros((12, 12)))

    def moved(self, step: np.ndarray) -> _Estimate:
        """Return the estimate after twists of X and Y, (12,), and a change of the scale, (13,)."""
        scale = self.scale + (step[12] if len(step) > 12 else 0.0)
        return _Estimate(_moved(self.X, step[:6]), _moved(self.Y, step[6:12]), scale)


def _agreeing(views: Views, estimate: _Estimate) -> np.ndarray:
    distances = views.distances(estimate.X, estimate.Y)
    scale = max(1.0, float(np.median(distances)) / TYPICAL_DISTANCE)
    return distances <= LARGEST_DISTANCE * scale


def _report(views: Views, inliers: np.ndarray, estimate: _Estimate) -> Fit:
    used = views.select(inliers)
    freedom = max(6 * len(used) - 12, 1)
    noise = float(np.sqrt(used.distances(estimate.X, estimate.Y).sum() / freedom))
    grown = max(1.0, noise) ** 2
    scaled = _minimise(used, estimate, free_scale=True)
    scale_variance = np.linalg.pinv(scaled.information)[12, 12] * grown
    return Fit(
        estimate.X,
        estimate.Y,
        inliers,
        np.linalg.pinv(estimate.information) * grown,
        noise,
        scaled.scale,
        float(np.sqrt(scale_variance)),
    )


def _minimise(
    views: Views, start: _Estimate, robust: bool = False, free_scale: bool = False
) -> _Estimate:
    """Gauss-Newton steps until they vanish; covariances and weights are renewed at every step."""
    estimate = start
    for _ in range(MAX_STEPS):
        J, r = _linearise(views, estimate)
        J = J if free_scale else J[..., :12]
        W = views.information(estimate.X, estimate.Y)
        if robust:
            distances = np.einsum('ni,nij,nj->n', r, W, r)
            W = W / (1 + distances / CAUCHY)[:, None, None]
        information = np.einsum('nia,nij,njb->ab', J, W, J)
        step = -np.linalg.pinv(information) @ np.einsum('nia,nij,nj->a', J, W, r)
        estimate = dataclasses.replace(estimate.moved(step), information=information)
        if np.abs(step).max() < CONVERGED:
            break
    return estimate


def _linearise(views: Views, at: _Estimate) -> tuple[np.ndarray, np.ndarray]:
    """Return J (N, 6, 13), residuals by the twists of X and Y and by the scale, and r (N, 6)."""
    scaled = views.scaled(at.scale)
    J = np.zeros((len(views), 6, 13))
    J[:, :, :6] = -adjoint(invert(scaled.predict(at.X, at.Y)))
    J[:, :, 6:12] = np.eye(6)
    T = views.T_camera_board
    J[:, :3, 12:] = -np.swapaxes(T[:, :3, :3], -1, -2) @ T[:, :3, 3:]
    return J, scaled.residuals(at.X, at.Y)


def _moved(T: np.ndarray, twist: np.ndarray) -> np.ndarray:
    return T @ transform(rotation_vector_to_matrix(twist[3:]), twist[:3])
