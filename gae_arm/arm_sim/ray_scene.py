"""Scenes for the ray caster: objects as rows of numbers, table and light in its terms."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from gae_arm.arm_sim import ray_caster, ray_kernel
from gae_arm.arm_sim.ray_caster import Background, Lighting
from gae_arm.arm_sim.ray_kernel import PART_COLUMNS
from gae_arm.arm_sim.scene import Part, Scene, SceneObject
from gae_arm.arm_sim.surroundings import Surroundings
from gae_arm.arm_sim.textures import TEXTURES, texture_image
from gae_arm.arm_sim.world import TABLE_CENTER, TABLE_HEIGHT, TABLE_SIZE
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.geometry import quaternion_to_matrix, transform

KINDS = {
    'box': ray_kernel.BOX,
    'cylinder': ray_kernel.CYLINDER,
    'sphere': ray_kernel.SPHERE,
}
# What `world` sets beside the surroundings: the camera's headlight and the second light.
HEADLIGHT = 0.28
FILL_LIGHT, FILL_DIRECTION = (0.18, 0.19, 0.20), (0.3, -0.7, -1.0)
FLOOR_COLOR, SKY_COLOR = (0.34, 0.35, 0.37), (0.64, 0.68, 0.72)
TABLE_REPEAT = 1.5


def part_rows(item: SceneObject) -> np.ndarray:
    """Return the parts of an object (N, PART_COLUMNS) in its own frame."""
    rows = np.empty((len(item.parts), PART_COLUMNS))
    rows[:, 1:4] = [part.position for part in item.parts]
    turns = quaternion_to_matrix([part.orientation for part in item.parts])
    rows[:, 4:13] = turns.reshape(-1, 9)
    rows[:, 16:19] = [part.color for part in item.parts]
    for row, part in zip(rows, item.parts, strict=True):
        row[0], row[19] = KINDS[part.shape], TEXTURES.index(part.texture)
        row[13:16], row[20] = _extent(part)
    return rows


def _extent(part: Part) -> tuple[tuple[float, float, float], float]:
    """Return half the extents of a part, metres, and the radius of the sphere around it."""
    a, *more = part.size.tolist()
    if part.shape == 'sphere':
        return (a, a, a), a
    if part.shape == 'cylinder':
        return (a, a, more[0] / 2), math.hypot(a, more[0] / 2)
    b, c = more
    return (a / 2, b / 2, c / 2), math.hypot(a, b, c) / 2


def placed(rows: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return parts moved by T (4, 4)."""
    out = rows.copy()
    out[:, 1:4] = rows[:, 1:4] @ T[:3, :3].T + T[:3, 3]
    out[:, 4:13] = (T[:3, :3] @ rows[:, 4:13].reshape(-1, 3, 3)).reshape(-1, 9)
    return out


@cache
def texture_stack() -> np.ndarray:
    """Return the images of all textures, uint8 (len(TEXTURES), S, S), in the order of TEXTURES."""
    return np.ascontiguousarray([texture_image(name)[..., 0] for name in TEXTURES])


def background(surroundings: Surroundings) -> Background:
    """Return table, floor and sky."""
    (x, y), (width, depth, _) = TABLE_CENTER, TABLE_SIZE
    edges = [x - width / 2, x + width / 2, y - depth / 2, y + depth / 2]
    return Background(
        table=np.array([*edges, surroundings.table_height]),
        table_color=surroundings.table_color,
        table_texture=TEXTURES.index(surroundings.table_texture),
        repeat=TABLE_REPEAT,
        turn=0.0,
        floor_height=-TABLE_HEIGHT,
        floor_color=np.array(FLOOR_COLOR),
        sky_color=np.array(SKY_COLOR),
    )


def lighting(surroundings: Surroundings, shadows: bool = True) -> Lighting:
    """Return the lights."""
    towards = -surroundings.light_direction
    fill = -np.array(FILL_DIRECTION)
    return Lighting(
        to_light=towards / np.linalg.norm(towards),
        to_fill=fill / np.linalg.norm(fill),
        key=surroundings.light_color,
        fill=np.array(FILL_LIGHT),
        ambient=np.repeat(surroundings.ambient, 3),
        head=np.repeat(HEADLIGHT, 3),
        shadows=shadows,
    )


def draw_scene(
    scene: Scene,
    intrinsics: CameraIntrinsics,
    T_base_camera: np.ndarray,
    shadows: bool = True,
) -> ray_caster.Drawing:
    """Draw a scene; labels are indices into its objects."""
    rows = [rows_in_place(item) for item in scene.objects]
    return ray_caster.draw(
        np.concatenate(rows) if rows else np.zeros((0, PART_COLUMNS)),
        np.array([len(row) for row in rows], dtype=np.int64),
        background(scene.surroundings),
        lighting(scene.surroundings, shadows),
        texture_stack(),
        intrinsics,
        T_base_camera,
    )


def rows_in_place(item: SceneObject) -> np.ndarray:
    """Return the parts of an object in the base frame: what slides, as far as it starts."""
    rotation = quaternion_to_matrix(item.orientation)
    along = item.start * item.axis if item.motion == 'slide' else np.zeros(3)
    T = transform(rotation, item.position + rotation @ along)
    return placed(part_rows(item), T)
