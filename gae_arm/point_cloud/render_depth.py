"""The depth image that a perfect camera would see of triangles: for tests, benches and checks."""

from __future__ import annotations

import numpy as np

from gae_arm.core import checks, geometry
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.jit import kernel

NEAR = 0.01
# A pixel's centre on an edge belongs to the triangle, however its coordinates were rounded.
EDGE = -1e-9


def render_depth(
    triangles: np.ndarray, T_camera_frame: np.ndarray, intrinsics: CameraIntrinsics
) -> np.ndarray:
    """Return float32 (H, W), metres along the optical axis, 0 where nothing is.

    triangles: (T, 3, 3), metres, in a frame that T_camera_frame (4, 4) maps to the optical one.
    Pinhole: distortion is ignored. Triangles that reach nearer than 1 cm to the image plane are
    left out.
    """
    corners = checks.array('triangles', triangles, (None, 3, 3))
    T = geometry.rigid('T_camera_frame', T_camera_frame)
    inverse = np.zeros((intrinsics.height, intrinsics.width))
    owner = np.zeros(inverse.shape, np.int32)
    draw(corners, np.zeros(len(corners), np.int64), T[None, :3], intrinsics.K[:2], inverse, owner)
    depth = np.zeros(inverse.shape, np.float32)
    return np.divide(1, inverse, out=depth, where=inverse > 0, casting='same_kind')


@kernel
def draw(triangles, link, T, K, inverse, owner):  # type: ignore
    """Write 1 / depth over smaller ones, (H, W), and the number of the triangle seen, int32 (H, W).

    triangles: (T, 3, 3), in the frames of links. link: int64 (T,), row in T: (L, 3, 4), from the
    links' frames to the optical one. K: (2, 3). 1 / z is affine in the image, so that a triangle's
    edge functions interpolate it exactly.
    """
    height, width = inverse.shape
    u, v, w = np.empty(3), np.empty(3), np.empty(3)
    for i in range(len(triangles)):
        M, visible = T[link[i]], True
        for k in range(3):
            a, b, c = triangles[i, k, 0], triangles[i, k, 1], triangles[i, k, 2]
            x = M[0, 0] * a + M[0, 1] * b + M[0, 2] * c + M[0, 3]
            y = M[1, 0] * a + M[1, 1] * b + M[1, 2] * c + M[1, 3]
            z = M[2, 0] * a + M[2, 1] * b + M[2, 2] * c + M[2, 3]
            visible &= z > NEAR
            w[k] = 1 / z
            u[k] = w[k] * (K[0, 0] * x + K[0, 1] * y) + K[0, 2]
            v[k] = w[k] * K[1, 1] * y + K[1, 2]
        area = (u[1] - u[0]) * (v[2] - v[0]) - (u[2] - u[0]) * (v[1] - v[0])
        if not visible or area == 0:
            continue
        first_u = max(int(np.ceil(min(u[0], u[1], u[2]) + EDGE)), 0)
        last_u = min(int(np.floor(max(u[0], u[1], u[2]) - EDGE)), width - 1)
        first_v = max(int(np.ceil(min(v[0], v[1], v[2]) + EDGE)), 0)
        last_v = min(int(np.floor(max(v[0], v[1], v[2]) - EDGE)), height - 1)
        scale = 1 / area
        for row in range(first_v, last_v + 1):
            for column in range(first_u, last_u + 1):
                x0, x1, x2 = u[0] - column, u[1] - column, u[2] - column
                y0, y1, y2 = v[0] - row, v[1] - row, v[2] - row
                a = scale * (x1 * y2 - x2 * y1)
                b = scale * (x2 * y0 - x0 * y2)
                c = 1 - a - b
                if a >= EDGE and b >= EDGE and c >= EDGE:
                    nearness = a * w[0] + b * w[1] + c * w[2]
                    if nearness > inverse[row, column]:
                        inverse[row, column] = nearness
                        owner[row, column] = i
