"""Between pixels and rays: the camera models of sensor_msgs/CameraInfo, forwards and backwards.

A ray is (x/z, y/z) in the optical frame (z forward, x right, y down); a pixel is (u right, v down)
with (0, 0) in the centre of the top-left one. `distort` maps rays of the ideal pinhole camera to
those of the real lens, `undistort` back. The formulas and the order of the coefficients are those
of OpenCV's calib3d (k1, k2, p1, p2, k3, k4, k5, k6, s1..s4, tau_x, tau_y) and, for `equidistant`,
of Kannala and Brandt 2006, "A generic camera model ...".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.geometry import rpy_to_matrix

NEWTON_STEPS = 30
CONVERGED = 1e-10
DIFFERENCE = 1e-7
SINGULAR = 1e-6


def distort(intrinsics: CameraIntrinsics, rays: npt.ArrayLike) -> np.ndarray:
    """Return the rays (..., 2) that the lens makes of ideal rays (..., 2)."""
    ideal = np.asarray(rays, dtype=np.float64)
    if intrinsics.distortion_model == 'equidistant':
        return _distort_equidistant(intrinsics.distortion, ideal)
    if not intrinsics.distortion.any():
        return ideal.copy()
    return _distort_rational(intrinsics.distortion, ideal)


def undistort(intrinsics: CameraIntrinsics, rays: npt.ArrayLike) -> np.ndarray:
    """Return the ideal rays (..., 2) of rays (..., 2) behind the lens: the inverse of `distort`.

    NaN where there is none: the ray lies 90 degrees or more off the axis, or outside of what the
    lens sees, where a calibration's polynomial folds back on itself.
    """
    real = np.asarray(rays, dtype=np.float64)
    if intrinsics.distortion_model == 'equidistant':
        return _undistort_equidistant(intrinsics.distortion, real)
    if not intrinsics.distortion.any():
        return real.copy()
    return _undistort_rational(intrinsics.distortion, real.reshape(-1, 2)).reshape(real.shape)


def project(intrinsics: CameraIntrinsics, points: npt.ArrayLike) -> np.ndarray:
    """Return the pixels (..., 2) of points (..., 3), metres, optical frame; NaN where z <= 0."""
    p = np.asarray(points, dtype=np.float64)
    z = np.where(p[..., 2:] > 0, p[..., 2:], np.nan)
    return distort(intrinsics, p[..., :2] / z) @ intrinsics.K[:2, :2].T + intrinsics.K[:2, 2]


def pixel_rays(intrinsics: CameraIntrinsics, pixels: npt.ArrayLike) -> np.ndarray:
    """Return the ideal rays (..., 2) of pixels (..., 2); NaN where the lens model has none."""
    offset = np.asarray(pixels, dtype=np.float64) - intrinsics.K[:2, 2]
    return undistort(intrinsics, offset @ np.linalg.inv(intrinsics.K[:2, :2]).T)


def deproject(
    intrinsics: CameraIntrinsics, pixels: npt.ArrayLike, depth: npt.ArrayLike
) -> np.ndarray:
    """Return the points (..., 3), metres, optical frame, of pixels (..., 2) at depths (...).

    Depth is measured along the optical axis, as depth cameras deliver it.
    """
    rays = pixel_rays(intrinsics, pixels)
    z = np.asarray(depth, dtype=np.float64)[..., None]
    return np.concatenate([rays * z, np.broadcast_to(z, (*rays.shape[:-1], 1))], -1)


def _distort_rational(distortion: np.ndarray, rays: np.ndarray) -> np.ndarray:
    d = np.zeros(14)
    d[: len(distortion)] = distortion
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4, tau_x, tau_y = d
    x, y = rays[..., 0], rays[..., 1]
    r2 = x * x + y * y
    radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    out = np.stack(
        [
            x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x) + r2 * (s1 + r2 * s2),
            y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y + r2 * (s3 + r2 * s4),
        ],
        -1,
    )
    return _tilt(out, tau_x, tau_y) if tau_x or tau_y else out


def _tilt(rays: np.ndarray, tau_x: float, tau_y: float) -> np.ndarray:
    """Project onto an image plane tilted by tau_x, tau_y radians (Louhichi et al. 2007)."""
    R = rpy_to_matrix(0, -tau_y, 0) @ rpy_to_matrix(-tau_x, 0, 0)
    tilted = np.array([[R[2, 2], 0, -R[0, 2]], [0, R[2, 2], -R[1, 2]], [0, 0, 1]]) @ R
    mapped = np.concatenate([rays, np.ones_like(rays[..., :1])], -1) @ tilted.T
    return mapped[..., :2] / mapped[..., 2:]


def _undistort_rational(distortion: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Newton's method with a difference Jacobian on all rays (N, 2) that have not converged."""
    out = np.full_like(target, np.nan)
    todo = np.arange(len(target))
    guess = target.copy()
    for _ in range(NEWTON_STEPS):
        value = _distort_rational(distortion, guess)
        error = value - target[todo]
        columns = [
            (_distort_rational(distortion, guess + step) - value) / DIFFERENCE
            for step in DIFFERENCE * np.eye(2)
        ]
        J = np.stack(columns, -1)
        determinant = J[:, 0, 0] * J[:, 1, 1] - J[:, 0, 1] * J[:, 1, 0]
        done = (np.abs(error).max(-1) < CONVERGED) & (determinant > 0)
        out[todo[done]] = guess[done]
        going = ~done & (determinant > SINGULAR)
        todo, J, error = todo[going], J[going], error[going]
        if not len(todo):
            break
        guess = guess[going] - np.linalg.solve(J, error[..., None])[..., 0]
    return out


def _distort_equidistant(distortion: np.ndarray, rays: np.ndarray) -> np.ndarray:
    r = np.linalg.norm(rays, axis=-1, keepdims=True)
    bent = _bend(distortion, np.arctan(r))[0]
    return rays * np.divide(bent, r, out=np.ones_like(r), where=r > 1e-12)


def _undistort_equidistant(distortion: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Newton's method on the angle to the optical axis."""
    r = np.linalg.norm(rays, axis=-1, keepdims=True)
    theta = np.minimum(r, np.pi / 2)
    for _ in range(NEWTON_STEPS):
        bent, slope = _bend(distortion, theta)
        theta = theta - np.divide(bent - r, slope, out=np.zeros_like(r), where=slope > SINGULAR)
    bent, slope = _bend(distortion, theta)
    seen = (np.abs(bent - r) < CONVERGED) & (slope > SINGULAR) & (theta >= 0) & (theta < np.pi / 2)
    ideal = np.tan(np.where(seen, theta, np.nan))
    return rays * np.divide(ideal, r, out=np.ones_like(r), where=(r > 1e-12) | ~seen)


def _bend(distortion: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distorted angle of `theta`, radians, and its derivative."""
    k1, k2, k3, k4 = distortion
    t2 = theta * theta
    bent = theta * (1 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))))
    slope = 1 + t2 * (3 * k1 + t2 * (5 * k2 + t2 * (7 * k3 + t2 * 9 * k4)))
    return bent, slope
