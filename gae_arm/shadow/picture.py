"""One page about a shadow run: the doings in the photograph, and in the cloud from three sides."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from gae_arm.core import geometry, projection
from gae_arm.core.arm import ArmConfig
from gae_arm.core.collision_geometry import collision_triangles
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_transform import positions
from gae_arm.core.urdf import load_urdf
from gae_arm.point_cloud.picture import (
    BACKGROUND,
    INK,
    View,
    draw_axes,
    draw_cloud,
    draw_scale_bar,
    label,
    orthographic,
    perspective,
)
from gae_arm.shadow.imagined_arm import ShadowRun
from gae_arm.shadow.scenes import RgbdScene
from gae_arm.shadow.surroundings import VOXEL, Surroundings
from gae_arm.viewer import palette
from gae_arm.viewer.gripper_glyph import glyph

WIDTH, GAP, LINE, VIEW_HEIGHT = 1600, 12, 20, 460
IMAGE_WIDTH = 960
ARM_POINTS, ARM_EDGE = 6000, 0.008
SHOWN_GRIPPERS = 8

Pixels = Callable[[np.ndarray], np.ndarray]


def draw_shadow(
    scene: RgbdScene,
    arm: ArmConfig,
    around: Surroundings,
    plan: WaypointPlan | None,
    run: ShadowRun | None,
    facts: Sequence[str],
) -> Image.Image:
    """Return the page. plan: in the base frame; run: what came of it; None where there is none."""
    photo = _photograph(scene, plan, run)
    views = _views(arm, around, plan, run)
    page = Image.new('RGB', (WIDTH, photo.height + views.height + 3 * GAP), BACKGROUND)
    page.paste(photo, (GAP, GAP))
    draw = ImageDraw.Draw(page)
    for i, fact in enumerate(facts):
        label(draw, (IMAGE_WIDTH + 2 * GAP, GAP + LINE * i), fact, INK)
    page.paste(views, (0, photo.height + 2 * GAP))
    return page


def _photograph(scene: RgbdScene, plan: WaypointPlan | None, run: ShadowRun | None) -> Image.Image:
    color, camera = scene.frame.color, scene.frame.intrinsics
    assert color is not None
    assert scene.T_base_camera is not None
    scale = IMAGE_WIDTH / camera.width
    image = Image.fromarray(color).resize((IMAGE_WIDTH, round(camera.height * scale)))
    T_camera_base = geometry.invert(scene.T_base_camera)

    def pixels(points: np.ndarray) -> np.ndarray:
        seen = geometry.transform_points(T_camera_base, points)
        return (projection.project(camera, seen) + 0.5) * scale

    _draw_doings(image, pixels, plan, run)
    draw = ImageDraw.Draw(image)
    for anchor in plan.anchors if plan is not None else ():
        u, v = (anchor.pixel + 0.5) * scale
        draw.line([u - 9, v, u + 9, v], palette.ANCHOR, 3)
        draw.line([u, v - 9, u, v + 9], palette.ANCHOR, 3)
        label(draw, (u + 12, v + 8), anchor.label, palette.ANCHOR)
    return image


def _views(
    arm: ArmConfig, around: Surroundings, plan: WaypointPlan | None, run: ShadowRun | None
) -> Image.Image:
    """Return the cloud, the arm at the start and the end, from three sides."""
    points, colors = [around.points], [around.colors]
    if run is not None and run.joints:
        for index, color in ((0, palette.UNCHANGED), (-1, palette.ROBOT)):
            body = _body(arm, run.joints[index], run.openings[index])
            points.append(body)
            colors.append(np.tile(np.array(color, np.uint8), (len(body), 1)))
    cloud, tints = np.concatenate(points), np.concatenate(colors)
    edges = np.full(len(cloud), VOXEL)
    edges[len(around.points) :] = ARM_EDGE
    size = ((WIDTH - 4 * GAP) // 3, VIEW_HEIGHT)
    box = np.array([[-0.2, -0.6, around.table - 0.02], [0.9, 0.6, around.table + 1.0]])
    middle = np.array([0.4, 0.0, around.table + 0.2])
    views = [perspective(middle + np.array([1.1, 0.9, 0.7]), middle, size, 1.3)]
    views += [orthographic('x', up, box, size) for up in 'zy']
    row = Image.new('RGB', (WIDTH, VIEW_HEIGHT), BACKGROUND)
    for i, view in enumerate(views):
        panel = draw_cloud(view, cloud, tints, edges)
        draw_axes(panel, view, 0.15, np.eye(4))
        if not view.perspective:
            draw_scale_bar(panel, view)
        _draw_doings(panel, _flat(view), plan, run)
        row.paste(panel, (GAP + i * (size[0] + GAP), 0))
    return row


def _flat(view: View) -> Pixels:
    return lambda points: view.project(points)[:, :2]


def _draw_doings(
    image: Image.Image, pixels: Pixels, plan: WaypointPlan | None, run: ShadowRun | None
) -> None:
    """Draw guide, path, grippers along it, and numbered waypoints."""
    draw = ImageDraw.Draw(image)
    if run is not None and len(run.guide):
        _line(draw, pixels(run.guide), palette.GUIDE, 3)
    if run is not None and run.poses:
        _line(draw, pixels(np.array(run.poses)[:, :3, 3]), palette.EXECUTED, 2)
        for k in np.linspace(0, len(run.poses) - 1, SHOWN_GRIPPERS).astype(int):
            color = palette.gripper(run.openings[k])
            corners = geometry.transform_points(run.poses[k], glyph(run.openings[k]).reshape(-1, 3))
            for segment in pixels(corners).reshape(-1, 2, 2):
                _line(draw, segment, color, 2)
    if plan is None:
        return
    for number, (waypoint, at) in enumerate(
        zip(plan.waypoints, pixels(positions(plan)), strict=True)
    ):
        if np.isfinite(at).all():
            color = palette.gripper(waypoint.gripper)
            draw.ellipse([*(at - 6), *(at + 6)], None, color, 3)
            label(draw, at + np.array([9, -9]), str(number), color, 'lm')


def _line(draw: ImageDraw.ImageDraw, pixels: np.ndarray, color: palette.RGB, width: int) -> None:
    for start, end in itertools.pairwise(pixels):
        if np.isfinite([start, end]).all():
            draw.line([*start, *end], color, width)


def _body(arm: ArmConfig, q: np.ndarray, opening: float) -> np.ndarray:
    """Return points (P, 3), m, base frame, on the arm's surface; the same at every call."""
    urdf = load_urdf(arm)
    tree, triangles = KinematicTree(urdf), collision_triangles(urdf)
    joints = zip(
        (*arm.joints, *arm.gripper.joints), (*q, *arm.gripper.positions(opening)), strict=True
    )
    state = dict.fromkeys(tree.joints, 0.0) | dict(joints)
    links = tree.link_transforms(state, arm.base_frame)
    corners = np.concatenate(
        [
            geometry.transform_points(links[tree.links.index(link)], t.reshape(-1, 3))
            for link, t in triangles.items()
        ]
    ).reshape(-1, 3, 3)
    sides = corners[:, 1:] - corners[:, :1]
    area = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1)
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(corners), ARM_POINTS, p=area / area.sum())
    shares = rng.dirichlet(np.ones(3), ARM_POINTS)
    return np.einsum('pk,pkx->px', shares, corners[chosen]).astype(np.float32)
