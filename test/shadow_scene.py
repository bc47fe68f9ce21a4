"""A scene as a depth camera would see it, computed: a table with a red box on it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from gae_arm.core.geometry import look_at

WIDTH, HEIGHT, FOCAL = 160, 120, 150.0
BOX = np.array([[0.48, -0.13, 0.0], [0.53, -0.08, 0.05]])
"""Corners of the box, m, from the table's surface."""
T_BASE_CAMERA = look_at((0.95, 0.0, 0.75), (0.45, 0.0, 0.12))


def write_scene(folder: Path, name: str = 'made', table: float = 0.0, known: bool = True) -> None:
    """Write the four files of a scene whose table is at z = `table`, m, base frame."""
    K = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]])
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    rays = np.stack([(u - K[0, 2]) / FOCAL, (v - K[1, 2]) / FOCAL, np.ones(u.shape)], -1)
    T = T_BASE_CAMERA.copy()
    T[2, 3] += table
    ways = rays @ T[:3, :3].T
    depth = (table - T[2, 3]) / ways[..., 2]
    corners = BOX + np.array([0, 0, table])
    enters, leaves = np.sort((corners[:, None, None] - T[:3, 3]) / (ways + 1e-12), axis=0)
    near, far = enters.max(-1), leaves.min(-1)
    box = (near < far) & (near > 0)
    depth = np.where(box, near, depth)
    # A camera's noise: a picture without any shows nothing.
    noise = np.random.default_rng(0).integers(0, 12, (HEIGHT, WIDTH, 1))
    color = np.where(box[..., None], [200, 30, 30], [150, 120, 90]) + noise
    Image.fromarray(color.astype(np.uint8)).save(folder / f'{name}_rgb.png')
    np.save(folder / f'{name}_depth.npy', depth.astype(np.float32))
    pose = T.tolist() if known else None
    (folder / f'{name}_camera.json').write_text(
        json.dumps({'intrinsics': K.tolist(), 'extrinsics': pose})
    )
    (folder / f'{name}_instruction.txt').write_text('put the red box to the left\n')


def place(point: np.ndarray, table: float = 0.0) -> list[int]:
    """Return where a point (3,), m, from the table's surface, is in the image, thousandths."""
    T = T_BASE_CAMERA.copy()
    T[2, 3] += table
    x, y, z = np.linalg.inv(T)[:3] @ [*point[:2], point[2] + table, 1.0]
    u, v = FOCAL * x / z + WIDTH / 2, FOCAL * y / z + HEIGHT / 2
    return [round(1000 * (u + 0.5) / WIDTH), round(1000 * (v + 0.5) / HEIGHT)]


def answer(path: Path, goal: tuple[float, float], table: float = 0.0) -> Path:
    """Write a model's answer: take the box by its top, put it down at a place x, y, m."""
    top, target = place(np.array([0.505, -0.105, 0.05]), table), place(np.array([*goal, 0]), table)
    waypoints = [
        {'point': top, 'up': 0.1, 'gripper': 'open'},
        {'point': top, 'gripper': 'close'},
        {'point': top, 'up': 0.15},
        {'point': target, 'up': 0.15},
        {'point': target, 'up': 0.05, 'gripper': 'open'},
        {'point': target, 'up': 0.15},
    ]
    anchors = [{'label': 'red box', 'point': top}, {'label': 'left', 'point': target}]
    path.write_text(json.dumps({'status': 'plan', 'anchors': anchors, 'waypoints': waypoints}))
    return path
