"""One page about an episode: frames with the waypoints in them, the cloud, the course of things."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from gae_arm.core import geometry, projection
from gae_arm.demonstrations.episode import CameraTrack, Episode
from gae_arm.demonstrations.keyframes import keyframe_gripper
from gae_arm.point_cloud.picture import (
    AXES,
    BACKGROUND,
    FAINT,
    INK,
    View,
    draw_axes,
    draw_cloud,
    draw_scale_bar,
    label,
    orthographic,
    perspective,
)

WIDTH, GAP, TITLE, LINE = 1600, 12, 24, 20
FRAMES = 5
CLOUD_HEIGHT, COURSE_HEIGHT = 420, 190
OPEN, CLOSED, WAY = (120, 220, 120), (245, 150, 60), (255, 225, 90)
POINT_EDGE = 0.006


def draw_episode(episode: Episode, facts: Sequence[str]) -> Image.Image:
    """Return the page: as many rows of frames as there are cameras, then clouds, then the course.

    facts: lines of text. Waypoints are projected where the camera's K and pose are known.
    """
    rows = [_frames(episode, camera) for camera in episode.cameras]
    rows += [_clouds(episode), _course(episode)]
    head = LINE * (len(facts) + len(episode.notes)) + 2 * GAP
    page = Image.new('RGB', (WIDTH, head + sum(row.height + GAP for row in rows)), BACKGROUND)
    draw = ImageDraw.Draw(page)
    lines = [(fact, INK) for fact in facts] + [(note, FAINT) for note in episode.notes]
    for i, (line, color) in enumerate(lines):
        label(draw, (GAP, GAP + LINE * i), line, color)
    y = head
    for row in rows:
        page.paste(row, (0, y))
        y += row.height + GAP
    return page


def _frames(episode: Episode, camera: CameraTrack) -> Image.Image:
    """Return a row of frames, from the first to the last, colour above depth."""
    indices = np.unique(np.linspace(0, len(camera.stamps_ns) - 1, FRAMES).round().astype(int))
    width = (WIDTH - (FRAMES + 1) * GAP) // FRAMES
    height = max(width * camera.size[0] // camera.size[1], 1)
    kinds = [kind for kind in ('color', 'depth') if getattr(camera, kind) is not None]
    row = Image.new('RGB', (WIDTH, TITLE + len(kinds) * (height + GAP)), BACKGROUND)
    for column, i in enumerate(indices):
        x = GAP + column * (width + GAP)
        seconds = (camera.stamps_ns[i] - episode.stamps_ns[0]) / 1e9
        label(ImageDraw.Draw(row), (x, 0), f'{camera.name}, {seconds:.2f} s')
        for line, kind in enumerate(kinds):
            image = _colors(getattr(camera, kind)[i]).resize((width, height))
            _draw_plan(image, episode, camera, int(i))
            row.paste(image, (x, TITLE + line * (height + GAP)))
    return row


def _colors(image: np.ndarray) -> Image.Image:
    """Return a picture of colour, or of depth: near bright, far dark, no reading black."""
    if image.ndim == 3:
        return Image.fromarray(image)
    seen = image[image > 0]
    low, high = np.percentile(seen, [1, 99]) if seen.size else (0.0, 1.0)
    share = np.clip((image - low) / max(high - low, 1.0), 0, 1)
    gray = np.where(image > 0, 235 - 195 * share, 0).astype(np.uint8)
    return Image.fromarray(np.repeat(gray[..., None], 3, -1))


def _draw_plan(image: Image.Image, episode: Episode, camera: CameraTrack, i: int) -> None:
    """Draw the way and the waypoints into an image of frame i, where the camera is known."""
    intrinsics = camera.intrinsics
    if intrinsics is None or camera.T_base_camera is None:
        return
    T_camera_base = geometry.invert(camera.T_base_camera[i])
    scale = image.width / intrinsics.width

    def pixels(points: np.ndarray) -> np.ndarray:
        seen = geometry.transform_points(T_camera_base, points)
        return (projection.project(intrinsics, seen) + 0.5) * scale

    _draw_way(image, pixels(episode.position), episode, int(camera.stamps_ns[i]))


def _draw_way(image: Image.Image, pixels: np.ndarray, episode: Episode, now_ns: int | None) -> None:
    """Draw the steps' pixels (T, 2) as a line, waypoints with their numbers, and the step now."""
    draw = ImageDraw.Draw(image)
    for start, end in itertools.pairwise(pixels):
        if np.isfinite([start, end]).all():
            draw.line([*start, *end], WAY, 1)
    openings = keyframe_gripper(episode.action_gripper, episode.keyframes)
    for number, (step, opening) in enumerate(zip(episode.keyframes, openings, strict=True), 1):
        if np.isfinite(pixels[step]).all():
            u, v = pixels[step]
            color = OPEN if opening > 0.5 else CLOSED
            draw.ellipse([u - 5, v - 5, u + 5, v + 5], None, color, 2)
            label(draw, (u + 8, v), str(number), color, 'lm')
    if now_ns is not None:
        step = int(np.clip(np.searchsorted(episode.stamps_ns, now_ns), 0, episode.steps - 1))
        if np.isfinite(pixels[step]).all():
            u, v = pixels[step]
            draw.line([u - 6, v, u + 6, v], INK, 2)
            draw.line([u, v - 6, u, v + 6], INK, 2)


def _clouds(episode: Episode) -> Image.Image:
    """Return the first cloud from three sides with the way through it."""
    row = Image.new('RGB', (WIDTH, TITLE + CLOUD_HEIGHT), BACKGROUND)
    points = np.empty((0, 3), np.float32)
    title = 'no clouds in this episode: the way alone'
    if episode.clouds is not None and len(episode.clouds.stamps_ns):
        points = episode.clouds.cloud(0).astype(np.float32)
        title = f'first of {len(episode.clouds.stamps_ns)} clouds, {len(points):,} points'
    label(ImageDraw.Draw(row), (GAP, 0), f'{title}; base frame; green: open, orange: closed')
    size = ((WIDTH - 4 * GAP) // 3, CLOUD_HEIGHT)
    box = _box(np.concatenate([points, episode.position]))
    middle, extent = box.mean(0), float(np.linalg.norm(box[1] - box[0]))
    eye = middle + 1.6 * extent * np.array([0.75, -0.45, 0.55])
    views = [perspective(eye, middle, size, 1.1 * extent)]
    views += [orthographic('x', up, box, size) for up in 'yz']
    for i, view in enumerate(views):
        row.paste(_cloud_panel(episode, points, view), (GAP + i * (size[0] + GAP), TITLE))
    return row


def _cloud_panel(episode: Episode, points: np.ndarray, view: View) -> Image.Image:
    height = points[:, 2] if len(points) else np.zeros(0)
    low, high = (height.min(), height.max()) if len(points) else (0, 1)
    share = ((height - low) / max(high - low, 1e-6))[:, None]
    colors = ((1 - share) * [70, 107, 227] + share * [164, 252, 60]).astype(np.uint8)
    panel = draw_cloud(view, points, colors, np.full(len(points), POINT_EDGE))
    draw_axes(panel, view, 0.15, np.eye(4))
    if not view.perspective:
        draw_scale_bar(panel, view)
    _draw_way(panel, view.project(episode.position)[:, :2], episode, None)
    return panel


def _box(points: np.ndarray) -> np.ndarray:
    low, high = points.min(0), points.max(0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 0.05)
    return np.array([middle - half, middle + half])


def _course(episode: Episode) -> Image.Image:
    """Return a diagram over time: x, y, z, gripper measured and commanded, keyframes."""
    row = Image.new('RGB', (WIDTH, TITLE + COURSE_HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(row)
    left, right = GAP, WIDTH - 3 * GAP
    seconds = (episode.stamps_ns - episode.stamps_ns[0]) / 1e9
    x = left + seconds / seconds[-1] * (right - left)
    legend = [('x', AXES['x']), ('y', AXES['y']), ('z', AXES['z'])]
    legend += [('gripper', INK), ('gripper commanded', FAINT), ('keyframes', WAY)]
    for i, (name, color) in enumerate(legend):
        label(draw, (GAP + 150 * i, 0), name, color)
    for number, step in enumerate(episode.keyframes, 1):
        draw.line([x[step], TITLE, x[step], TITLE + COURSE_HEIGHT - LINE], WAY, 1)
        label(draw, (x[step] + 3, TITLE), str(number), WAY)
    box = _box(episode.position)
    curves = [
        (episode.action_gripper, FAINT, 0.0, 1.0),
        (episode.gripper, INK, 0.0, 1.0),
        *((episode.position[:, k], AXES['xyz'[k]], box[0].min(), box[1].max()) for k in range(3)),
    ]
    room = COURSE_HEIGHT - LINE - 8
    for values, color, low, high in curves:
        y = TITLE + 4 + room * (1 - (values - low) / (high - low))
        draw.line(list(np.stack([x, y], 1).ravel()), color, 2)
    for second in range(int(seconds[-1]) + 1):
        at = left + second / seconds[-1] * (right - left)
        label(draw, (at, TITLE + COURSE_HEIGHT - LINE), f'{second} s', FAINT, 'ma')
    label(draw, (right + 4, TITLE), f'{box[1].max():.2f} m', FAINT, 'ra')
    label(draw, (right + 4, TITLE + room - 8), f'{box[0].min():.2f} m', FAINT, 'ra')
    return row
