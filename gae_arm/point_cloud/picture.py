"""A cloud drawn as an image: points as squares of their true size, hidden ones hidden, no GPU.

World frames here are z-up; a view is a rigid T_view_world with z into the picture, x right, y down,
and a scale: pixels per radian (perspective) or pixels per metre (orthographic).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gae_arm.core import geometry
from gae_arm.core.jit import kernel

BACKGROUND = (22, 25, 31)
INK = (225, 228, 232)
FAINT = (96, 104, 116)
AXES = {'x': (235, 87, 87), 'y': (111, 207, 121), 'z': (86, 156, 245)}
SUPERSAMPLING = 2
SHADE = 6.0
ROUND_LENGTHS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class View:
    """How a world is looked at.

    T_view_world: (4, 4). scale: see the module. perspective: or orthographic. size: (width,
    height) of the picture, pixels.
    """

    T_view_world: np.ndarray
    scale: float
    perspective: bool
    size: tuple[int, int]

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return the pixels (N, 2) and distances, (N, 3), of points (N, 3)."""
        p = geometry.transform_points(self.T_view_world, np.asarray(points, np.float64))
        zoom = self.scale / np.maximum(p[:, 2:], 1e-6) if self.perspective else self.scale
        return np.concatenate([p[:, :2] * zoom + np.divide(self.size, 2), p[:, 2:]], 1)


def perspective(eye: np.ndarray, target: np.ndarray, size: tuple[int, int], width: float) -> View:
    """Return a view from `eye` at `target` that is `width` metres wide there."""
    scale = size[0] * float(np.linalg.norm(target - eye)) / width
    return View(geometry.invert(geometry.look_at(eye, target)), scale, True, size)


def orthographic(right: str, up: str, box: np.ndarray, size: tuple[int, int]) -> View:
    """Return a view onto two axes, such as right 'x' and up 'z', that holds box (2, 3), corners."""
    x, y = np.eye(3)['xyz'.index(right)], -np.eye(3)['xyz'.index(up)]
    R = np.stack([x, y, np.cross(x, y)])
    span = np.abs(R @ (box[1] - box[0]))
    scale = 0.92 * min(size[0] / span[0], size[1] / span[1])
    middle = R @ box.mean(0)
    return View(geometry.transform(R, [-middle[0], -middle[1], 10 - middle[2]]), scale, False, size)


def draw_cloud(
    view: View, points: np.ndarray, colors: np.ndarray, footprints: np.ndarray
) -> Image.Image:
    """Return the picture of points (N, 3), world frame, with colors uint8 (N, 3).

    footprints: (N,), edge of the square that each point stands for, metres.
    """
    width, height = (SUPERSAMPLING * n for n in view.size)
    image = np.empty((height, width, 3), np.uint8)
    image[:] = BACKGROUND
    depth = np.full((height, width), np.inf, np.float32)
    pixels = view.project(points)
    zoom = view.scale / np.maximum(pixels[:, 2], 1e-6) if view.perspective else view.scale
    halves = np.clip(footprints * zoom * SUPERSAMPLING / 2, 0.5, 12)
    ahead = pixels[:, 2] > 0.02
    pixels[:, :2] *= SUPERSAMPLING
    _splat(pixels[ahead], colors[ahead], halves[ahead], depth, image)
    return Image.fromarray(_shade(image, depth)).resize(view.size, Image.Resampling.BOX)


def draw_axes(picture: Image.Image, view: View, length: float, T_world_frame: np.ndarray) -> None:
    """Draw a frame's x, y and z axes, `length` metres long, with their names."""
    draw = ImageDraw.Draw(picture)
    tips = geometry.transform_points(T_world_frame, np.eye(4, 3, k=0) * length)[[3, 0, 1, 2]]
    pixels = view.project(tips)
    if view.perspective and (pixels[:, 2] < 0.02).any():
        return
    for i in np.argsort(-pixels[1:, 2]):
        name, color = list(AXES.items())[i]
        start, end = pixels[0, :2], pixels[i + 1, :2]
        if np.linalg.norm(end - start) > 4:
            draw.line([*start, *end], color, 3)
            label(draw, end + 9 * (end - start) / np.linalg.norm(end - start), name, color, 'mm')


def draw_scale_bar(picture: Image.Image, view: View) -> None:
    """Draw a bar of a round length, about a fifth of the width, in the lower right corner."""
    wanted = 0.2 * view.size[0] / view.scale
    length = max(n for n in ROUND_LENGTHS if n <= max(wanted, ROUND_LENGTHS[0]))
    draw = ImageDraw.Draw(picture)
    right, y = view.size[0] - 16, view.size[1] - 16
    left = right - length * view.scale
    draw.line([left, y, right, y], INK, 3)
    for x in (left, right):
        draw.line([x, y - 5, x, y + 5], INK, 2)
    text = f'{length:g} m' if length >= 1 else f'{100 * length:g} cm'
    label(draw, ((left + right) / 2, y - 12), text, INK, 'mm')


def label(draw: ImageDraw.ImageDraw, at, text: str, color=INK, anchor: str = 'la', size: int = 15):  # type: ignore
    """Write text with its anchor (as Pillow names them) at a pixel."""
    font = ImageFont.load_default(size)
    draw.text((float(at[0]), float(at[1])), text, color, font, anchor)


def _shade(image: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Darken what lies behind its neighbours: eye-dome lighting (Boucheny 2009)."""
    log = np.log2(np.where(np.isinf(depth), np.float32(1e3), depth))
    behind = np.zeros_like(log)
    for axis in (0, 1):
        for step in (-2, 2):
            behind += np.maximum(log - np.roll(log, step, axis), 0)
    light = np.exp(-SHADE * behind)
    light[np.isinf(depth)] = 1
    return (image * light[..., None]).astype(np.uint8)


@kernel
def _splat(pixels, colors, halves, depth, image):  # type: ignore
    """Draw squares at pixels (N, 3), (u, v, distance), nearest on top."""
    height, width = depth.shape
    for i in range(len(pixels)):
        u, v, z, h = pixels[i, 0], pixels[i, 1], np.float32(pixels[i, 2]), halves[i]
        for y in range(max(int(v - h + 0.5), 0), min(int(v + h + 0.5), height - 1) + 1):
            for x in range(max(int(u - h + 0.5), 0), min(int(u + h + 0.5), width - 1) + 1):
                if z < depth[y, x]:
                    depth[y, x] = z
                    for k in range(3):
                        image[y, x, k] = colors[i, k]
