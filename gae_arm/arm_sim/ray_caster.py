"""A quick picture of a scene: an analytic ray caster for boxes, cylinders and spheres.

About as fast as it takes to sample a scene, without OpenGL, and the same on every machine. It draws
what training a planner needs: colour with textures, shadows and two lights, depth, and which object
each pixel shows. It knows no meshes: robots are left out or stand in as simple shapes.

Rays are tested against a bounding sphere of each object, then of each part, then the part itself in
its own frame (slabs; quadric and caps). Pixels where two objects meet are sampled five times.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from gae_arm.arm_sim.ray_kernel import FAR, depth_kernel, draw_kernel
from gae_arm.core.camera import CameraIntrinsics

NEAR = 1e-3
CORNERS = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))


@dataclass(frozen=True, eq=False)
class Lighting:
    """Two lights that shine in parallel, one of them with shadows, and light from everywhere.

    to_light, to_fill: unit vectors (3,) towards the lights, base frame. key, fill, ambient, head
    (from the camera): RGB (3,) that a white surface sends back when it faces them.
    """

    to_light: np.ndarray
    to_fill: np.ndarray
    key: np.ndarray
    fill: np.ndarray
    ambient: np.ndarray
    head: np.ndarray
    shadows: bool = True

    def packed(self) -> np.ndarray:
        """Return all numbers (19,) in the order of the fields."""
        rows = (self.to_light, self.to_fill, self.key, self.fill, self.ambient, self.head)
        return np.concatenate([*rows, [float(self.shadows)]])


@dataclass(frozen=True, eq=False)
class Background:
    """Table, floor and sky.

    table: (5,) x0, x1, y0, y1, z of its top, metres, base frame. repeat: textures along a metre.
    floor_height: z of the floor. table_color, floor_color, sky_color: RGB (3,).
    """

    table: np.ndarray
    table_color: np.ndarray
    table_texture: int
    repeat: float
    turn: float
    floor_height: float
    floor_color: np.ndarray
    sky_color: np.ndarray

    def packed(self) -> np.ndarray:
        """Return all numbers (18,): table, colours, texture, repeat, turn, floor height."""
        numbers = [self.table_texture, self.repeat, self.turn, self.floor_height]
        colors = (self.table_color, self.floor_color, self.sky_color)
        return np.concatenate([self.table, *colors, numbers])


@dataclass(frozen=True, eq=False)
class Drawing:
    """What the ray caster returns.

    rgb: uint8 (H, W, 3). depth: float32 (H, W), metres along the optical axis, 0 where nothing is.
    label: int16 (H, W), index of the object, GROUND or SKY.
    """

    rgb: np.ndarray
    depth: np.ndarray
    label: np.ndarray


def draw(
    parts: np.ndarray,
    counts: np.ndarray,
    background: Background,
    lighting: Lighting,
    textures: np.ndarray,
    intrinsics: CameraIntrinsics,
    T_base_camera: np.ndarray,
) -> Drawing:
    """Draw objects given by their parts (N, PART_COLUMNS), base frame, metres.

    counts: int (M,), how many parts each of the M objects has, in order; their sum is N.
    textures: uint8 (K, S, S), grey images that shade colours; texture indices point into it.
    intrinsics: without distortion.
    """
    height, width = intrinsics.height, intrinsics.width
    rgb = np.empty((height, width, 3), np.uint8)
    depth = np.empty((height, width), np.float32)
    label = np.empty((height, width), np.int16)
    ends = np.cumsum(counts).astype(np.int64)
    spheres = _bounds(parts, counts, ends)
    axes = _across(lighting.to_light)
    draw_kernel(
        np.ascontiguousarray(parts, np.float64),
        ends,
        _rectangles(spheres, intrinsics, T_base_camera),
        np.column_stack([spheres[:, :3] @ axes.T, spheres[:, 3]]),
        background.packed(),
        np.concatenate([lighting.packed(), axes.reshape(-1)]),
        textures,
        np.array([intrinsics.K[0, 0], intrinsics.K[1, 1], intrinsics.K[0, 2], intrinsics.K[1, 2]]),
        np.ascontiguousarray(T_base_camera, np.float64),
        rgb,
        depth,
        label,
    )
    return Drawing(rgb, depth, label)


def cast_depth(
    parts: np.ndarray,
    counts: np.ndarray,
    table: np.ndarray,
    floor_height: float,
    intrinsics: CameraIntrinsics,
    T_base_camera: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return depth and label of what `draw` would draw, several times as fast, without edges.

    Arguments, depth and label: as those of `draw`, `Background` and `Drawing`.
    """
    shape = (intrinsics.height, intrinsics.width)
    depth, label = np.empty(shape, np.float32), np.empty(shape, np.int16)
    ends = np.cumsum(counts).astype(np.int64)
    K = intrinsics.K
    depth_kernel(
        np.ascontiguousarray(parts, np.float64),
        ends,
        _rectangles(_bounds(parts, counts, ends), intrinsics, T_base_camera),
        np.append(table, floor_height),
        np.array([K[0, 0], K[1, 1], K[0, 2], K[1, 2]]),
        np.ascontiguousarray(T_base_camera, np.float64),
        depth,
        label,
    )
    return depth, label


def _bounds(parts: np.ndarray, counts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return a bounding sphere (M, 4) of each object."""
    out = np.zeros((len(ends), 4))
    for i, (start, end) in enumerate(zip(ends - counts, ends, strict=True)):
        centers, radii = parts[start:end, 1:4], parts[start:end, 20]
        out[i, :3] = ((centers - radii[:, None]).min(0) + (centers + radii[:, None]).max(0)) / 2
        out[i, 3] = (np.linalg.norm(centers - out[i, :3], axis=1) + radii).max()
    return out


def _across(direction: np.ndarray) -> np.ndarray:
    """Return a rotation (3, 3) whose third row is a unit vector (3,)."""
    helper = np.eye(3)[np.argmin(np.abs(direction))]
    first = np.cross(helper, direction)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(direction, first), direction])


def _rectangles(
    spheres: np.ndarray, intrinsics: CameraIntrinsics, T_base_camera: np.ndarray
) -> np.ndarray:
    """Return (M, 4): first and last column and row of the image that the spheres may cover.

    Those of the cubes around them; all of the image for one that reaches behind the camera.
    """
    K, rotation = intrinsics.K, T_base_camera[:3, :3]
    centers = (spheres[:, :3] - T_base_camera[:3, 3]) @ rotation
    corners = centers[:, None] + spheres[:, 3, None, None] * CORNERS
    ahead = corners[..., 2].min(1) > NEAR
    z = np.where(ahead[:, None], corners[..., 2], 1.0)
    u = corners[..., 0] / z * K[0, 0] + K[0, 2]
    v = corners[..., 1] / z * K[1, 1] + K[1, 2]
    out = np.stack([u.min(1) - 1, u.max(1) + 1, v.min(1) - 1, v.max(1) + 1], -1)
    out[~ahead] = (-FAR, FAR, -FAR, FAR)
    return out
