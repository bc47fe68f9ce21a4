"""One page about an RGB-D image: colour, depth, and the cloud from three sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from gae_arm.core import geometry
from gae_arm.core.camera import CameraFrame
from gae_arm.point_cloud import picture
from gae_arm.point_cloud.picture import BACKGROUND, FAINT, View, label
from gae_arm.point_cloud.planes import Plane

SIZE = (1600, 930)
GAP = 12
TITLE = 26
LINE = 22
LEFT = 520
BIG = (SIZE[0] - LEFT - 3 * GAP, 530)
SMALL = ((BIG[0] - GAP) // 2, SIZE[1] - BIG[1] - 2 * TITLE - 3 * GAP)
# Nine stops of the Turbo colour map (Mikhailov 2019).
TURBO = np.array(
    [
        [48, 18, 59],
        [70, 107, 227],
        [40, 188, 235],
        [50, 242, 152],
        [164, 252, 60],
        [237, 208, 58],
        [251, 128, 34],
        [210, 49, 5],
        [122, 4, 3],
    ]
)


def draw_sheet(
    frame: CameraFrame,
    points: np.ndarray,
    pixels: np.ndarray,
    T_base_camera: np.ndarray | None,
    facts: Sequence[str],
    plane: Plane | None = None,
) -> Image.Image:
    """Return the page.

    points (N, 3), pixels (N,): the cloud, base frame, or optical frame where T_base_camera is
    None; then the plane, if there is one, is drawn level. facts: lines of text.
    """
    page = Image.new('RGB', SIZE, BACKGROUND)
    metres = frame.depth * np.float32(0.001) if frame.depth.dtype == np.uint16 else frame.depth
    used = np.zeros(metres.size, np.bool_)
    used[pixels] = True
    height = (SIZE[1] - LINE * len(facts) - 5 * TITLE) // (1 if frame.color is None else 2)
    size = _fitted(metres.shape, (LEFT, height - TITLE))
    bottom = _draw_images(page, frame, metres, used.reshape(metres.shape), size)
    for i, fact in enumerate(facts):
        label(ImageDraw.Draw(page), (GAP, bottom + LINE * i), fact)
    if frame.color is None:
        colors = _turbo(metres.reshape(-1)[pixels], _limits(metres.reshape(-1)[pixels]))
    else:
        colors = frame.color.reshape(-1, 3)[pixels]
    footprints = 1.3 * metres.reshape(-1)[pixels] / frame.intrinsics.K[0, 0]
    if T_base_camera is None:
        T_world = T_world_camera = _level_world(plane)
    else:
        T_world, T_world_camera = np.eye(4), T_base_camera
    frame_name = 'optical frame of the camera' if T_base_camera is None else 'base frame of the arm'
    world = geometry.transform_points(T_world, points)
    _draw_views(page, (world, colors, footprints), T_world, T_world_camera, frame_name)
    return page


def _fitted(shape: tuple[int, ...], room: tuple[int, int]) -> tuple[int, int]:
    """Return the largest (width, height) of an image (H, W) in a room (width, height)."""
    scale = min(room[0] / shape[1], room[1] / shape[0])
    return max(int(shape[1] * scale), 1), max(int(shape[0] * scale), 1)


def _draw_images(
    page: Image.Image,
    frame: CameraFrame,
    metres: np.ndarray,
    used: np.ndarray,
    size: tuple[int, int],
) -> int:
    """Draw colour and depth, each of `size`, on the left; return the row below them."""
    draw = ImageDraw.Draw(page)
    y = GAP
    gray = np.full((*metres.shape, 3), 60, np.uint8)
    if frame.color is not None:
        label(draw, (GAP, y), 'colour')
        page.paste(Image.fromarray(frame.color).resize(size), (GAP, y + TITLE))
        y += TITLE + size[1] + GAP
        gray = np.repeat(frame.color.mean(-1, keepdims=True), 3, -1).astype(np.uint8)
    limits = _limits(metres[used])
    overlay = np.where(used[..., None], 0.35 * gray + 0.65 * _turbo(metres, limits), 0.4 * gray)
    overlay[~(metres > 0) | ~np.isfinite(metres)] = 0
    label(draw, (GAP, y), 'depth of the points used; grey: not used, black: no reading')
    page.paste(Image.fromarray(overlay.astype(np.uint8)).resize(size), (GAP, y + TITLE))
    y += TITLE + size[1] + GAP // 2
    bar = _turbo(np.linspace(0, 1, size[0])[None], (0, 1)).astype(np.uint8)
    page.paste(Image.fromarray(np.repeat(bar, 10, 0)), (GAP, y))
    label(draw, (GAP, y + 14), f'{limits[0]:.2f} m')
    label(draw, (GAP + size[0], y + 14), f'{limits[1]:.2f} m', anchor='ra')
    return y + 44


def _draw_views(
    page: Image.Image,
    cloud: tuple[np.ndarray, np.ndarray, np.ndarray],
    T_world_axes: np.ndarray,
    T_world_camera: np.ndarray,
    axes: str,
) -> None:
    """Draw the cloud, (points in the world, colours, footprints), and a frame's axes thrice."""
    world, colors, footprints = cloud
    box = _box(world)
    right = LEFT + 2 * GAP
    low = GAP + TITLE + BIG[1] + GAP
    panels = [
        (f'the cloud; axes: {axes}', (right, GAP), _orbit(box, T_world_camera, BIG)),
        ('from above', (right, low), picture.orthographic('x', 'y', box, SMALL)),
        (
            'from the side',
            (right + SMALL[0] + GAP, low),
            picture.orthographic('x', 'z', box, SMALL),
        ),
    ]
    for title, (x, y), view in panels:
        label(ImageDraw.Draw(page), (x, y), title)
        panel = picture.draw_cloud(view, world, colors, footprints)
        picture.draw_axes(panel, view, 0.2 if view.perspective else 0.15, T_world_axes)
        if not view.perspective:
            picture.draw_scale_bar(panel, view)
        ImageDraw.Draw(panel).rectangle([0, 0, view.size[0] - 1, view.size[1] - 1], None, FAINT)
        page.paste(panel, (x, y + TITLE))


def _level_world(plane: Plane | None) -> np.ndarray:
    """Return T_world_optical of a camera whose place nobody knows: z up, x as the camera looks.

    Up is the plane's normal, unless the camera would look along it.
    """
    up = np.array([0.0, -1.0, 0.0]) if plane is None else plane.normal
    left = np.cross(up, [0.0, 0.0, 1.0])
    if np.linalg.norm(left) < 0.1:
        up, left = np.array([0.0, -1.0, 0.0]), np.array([-1.0, 0.0, 0.0])
    left = left / np.linalg.norm(left)
    return geometry.transform(np.stack([np.cross(left, up), left, up]), [0, 0, 0])


def _orbit(box: np.ndarray, T_world_camera: np.ndarray, size: tuple[int, int]) -> View:
    """Look at the box from the camera's side, but 35 degrees around and higher up."""
    middle, extent = box.mean(0), float(np.linalg.norm(box[1] - box[0]))
    away = T_world_camera[:3, 3] - middle
    around = geometry.rpy_to_matrix(0, 0, np.radians(35)) @ [away[0], away[1], 0]
    flat = np.linalg.norm(around)
    around = around / flat if flat > 1e-6 else np.array([1.0, 0.0, 0.0])
    eye = middle + 1.5 * extent * (np.cos(0.6) * around + np.sin(0.6) * np.array([0, 0, 1]))
    return picture.perspective(eye, middle, size, 0.95 * extent)


def _box(world: np.ndarray) -> np.ndarray:
    """Return corners (2, 3) that hold most points, however far the stray ones are."""
    if not len(world):
        return np.array([[-0.5, -0.5, -0.5], [0.5, 0.5, 0.5]])
    low, high = np.percentile(world[:: max(len(world) // 20000, 1)], [2, 98], axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 0.05)
    return np.array([middle - half, middle + half])


def _limits(depth: np.ndarray) -> tuple[float, float]:
    if not depth.size:
        return 0.0, 1.0
    low, high = np.percentile(depth[:: max(depth.size // 20000, 1)], [1, 99])
    return float(low), float(max(high, low + 1e-3))


def _turbo(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Return colours (..., 3), 0 to 255."""
    share = np.nan_to_num((values - limits[0]) / (limits[1] - limits[0]), posinf=1.0)
    position = np.clip(share, 0, 1) * (len(TURBO) - 1)
    stops = np.arange(len(TURBO))
    return np.stack([np.interp(position, stops, TURBO[:, k]) for k in range(3)], -1)
