"""Where an uncalibrated camera stands: the table tells it, not a wall and not the ceiling."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from gae_arm.commands.plan_level import level_camera
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.geometry import transform_points
from gae_arm.point_cloud.rgbd_files import load_rgbd
from vla_planner.errors import PlannerError

BESIDE = Path(__file__).parents[3] / 'shared' / 'data' / 'rgbd'
DATA = Path(os.environ.get('GAE_RGBD_DATA', BESIDE))
WIDTH, HEIGHT, FOCAL = 320, 240, 220.0
K = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]])
CAMERA = CameraIntrinsics(WIDTH, HEIGHT, K)


def up_of(down):
    """The world's up in the frame of a camera that looks so many degrees down."""
    pitch = np.radians(down)
    return np.array([0, -np.cos(pitch), -np.sin(pitch)])


def room(down, table=None, wall=None, ceiling=None):
    """What a camera sees of a table so far below it, a wall ahead, a ceiling above, m."""
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    rays = np.stack([(u - WIDTH / 2) / FOCAL, (v - HEIGHT / 2) / FOCAL, np.ones(u.shape)], -1)
    up = up_of(down)
    ahead = np.array([0, up[2], -up[1]])
    surfaces = [(-up, table), (ahead, wall), (up, ceiling)]
    depth = np.full(u.shape, np.inf)
    for normal, away in surfaces:
        if away is not None:
            slope = np.maximum(rays @ normal, 1e-6)
            depth = np.minimum(depth, away / slope)
    depth[depth > 10] = 0
    color = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    return CameraFrame(1, 'camera', CAMERA, depth.astype(np.float32), color)


@pytest.mark.parametrize('down', [10, 25, 45, 65, 88])
def test_the_table_tells_what_is_level(down):
    level = level_camera(room(down, table=0.5), table_height=-0.03)
    T = level.T_base_camera
    np.testing.assert_allclose(T[2, :3], up_of(down), atol=1e-3)
    assert T[2, 3] == pytest.approx(0.5 - 0.03, abs=1e-3)
    assert np.degrees(level.down) == pytest.approx(down, abs=0.1)
    middle = transform_points(T, np.array([[0, 0, 0.5 / np.sin(np.radians(down))]]))
    np.testing.assert_allclose(middle, [[0.49, 0, -0.03]], atol=5e-3)


def test_a_wall_with_more_points_is_not_the_table():
    frame = room(25, table=0.5, wall=0.8)
    level = level_camera(frame)
    np.testing.assert_allclose(level.T_base_camera[2, :3], up_of(25), atol=1e-3)
    assert level.height == pytest.approx(0.5, abs=1e-3)


def test_a_ceiling_with_more_points_is_not_the_table():
    frame = room(12, table=1.3, wall=2.5, ceiling=0.15)
    level = level_camera(frame)
    np.testing.assert_allclose(level.T_base_camera[2, :3], up_of(12), atol=1e-3)
    assert level.height == pytest.approx(1.3, abs=1e-3)


@pytest.mark.parametrize('scene', [room(30, wall=0.8), room(30, wall=0.9, ceiling=0.1)])
def test_a_wall_alone_is_refused(scene):
    with pytest.raises(PlannerError, match='no table is seen below the camera'):
        level_camera(scene)


@pytest.mark.skipif(not DATA.is_dir(), reason=f'no real scenes in {DATA}')
@pytest.mark.parametrize('scene', [0, 3])
def test_real_scenes_with_a_wall_behind_the_table(scene):
    names = ('rgb.png', 'depth.npy', 'camera.json')
    frame, T = load_rgbd(*(DATA / f'sample_{scene}_{name}' for name in names))
    up = level_camera(frame).T_base_camera[2, :3]
    assert np.degrees(np.arccos(up @ T[2, :3])) < 5
