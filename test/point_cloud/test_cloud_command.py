"""`gae cloud` on a made scene: what it prints, what it writes, how it fails."""

import json

import numpy as np
import pytest
from PIL import Image
from scenes import T_BASE_CAMERA, intrinsics

from gae_arm.commands.main import main
from gae_arm.core import geometry
from gae_arm.core.collision_geometry import box
from gae_arm.point_cloud.render_depth import render_depth


@pytest.fixture
def files(tmp_path):
    """A table with a red block on it, 160x120; colour, depth and camera."""
    camera, T = intrinsics(160, 120), geometry.invert(T_BASE_CAMERA)
    table = box([1.2, 1.2, 0.02]) + np.array([0.4, 0, -0.06])
    block = box([0.1, 0.1, 0.1]) + np.array([0.4, 0, 0])
    depth = render_depth(np.concatenate([table, block]), T, camera)
    red = render_depth(block, T, camera) == depth
    color = np.where(red[..., None], np.uint8([200, 20, 20]), np.uint8([90, 90, 90]))
    Image.fromarray(color).save(tmp_path / 'color.png')
    np.save(tmp_path / 'depth.npy', np.round(1000 * depth).astype(np.uint16))
    description = {'intrinsics': camera.K.tolist(), 'extrinsics': T_BASE_CAMERA.tolist()}
    (tmp_path / 'camera.json').write_text(json.dumps(description))
    return tmp_path


def run(files, *options):
    names = [str(files / name) for name in ('color.png', 'depth.npy', 'camera.json')]
    return main(['cloud', *names, *options])


def test_the_facts(files, capsys):
    assert run(files) == 0
    printed = capsys.readouterr().out
    assert 'of 19,200 pixels have a reading' in printed
    assert 'plane at z = -0.050 m, 0.0 degrees off level' in printed
    assert 'plane to camera: 0.850 m' in printed


def test_without_extrinsics_nothing_is_said_about_height(files, capsys):
    (files / 'camera.json').write_text(json.dumps({'intrinsics': intrinsics(160, 120).K.tolist()}))
    assert run(files, '--view', str(files / 'v.png')) == 0
    printed = capsys.readouterr().out
    assert 'plane to camera: 0.850 m' in printed
    assert 'level' not in printed


def test_view_and_ply(files):
    assert run(files, '--view', str(files / 'v.png'), '--ply', str(files / 'c.ply')) == 0
    page = np.asarray(Image.open(files / 'v.png')).astype(int)
    assert page.shape == (930, 1600, 3)
    red = (page[..., 0] > 150) & (page[..., 1] < 80) & (page[..., 2] < 80)
    # The block is red in the colour image, in the large view and in both small ones.
    for part in (red[:400, :520], red[:560, 545:], red[570:, 545:1060], red[570:, 1080:]):
        assert part.sum() > 100
    header = (files / 'c.ply').read_bytes()[:200].decode(errors='replace')
    assert 'property uchar red' in header


def test_crop_and_voxels_and_range(files, capsys):
    crop = ['--crop', '0.3', '-0.1', '-0.04', '0.5', '0.1', '0.2']
    assert run(files, *crop, '--voxel', '0.02', '--range', '0.2', '1.5', '--keep-edges') == 0
    printed = capsys.readouterr().out
    assert 'z from -0.0' in printed
    assert 'to 0.050 m' in printed
    points = int(printed.split(' points used')[0].split('\n')[-1].replace(',', ''))
    assert 20 < points < 150


def test_an_image_without_any_reading(files, capsys):
    np.save(files / 'depth.npy', np.zeros((120, 160), np.uint16))
    assert run(files, '--view', str(files / 'v.png'), '--ply', str(files / 'c.ply')) == 0
    assert capsys.readouterr().out.endswith('0 points used\nno plane found\n')


def test_outliers_go_with_open3d(files, capsys):
    pytest.importorskip('open3d', exc_type=ImportError)
    depth = np.load(files / 'depth.npy')
    depth[5, 5] = 300
    np.save(files / 'depth.npy', depth)
    run(files, '--keep-edges')
    assert 'depth 0.300' in capsys.readouterr().out
    run(files, '--keep-edges', '--clean')
    assert 'depth 0.300' not in capsys.readouterr().out


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--view', '/nowhere/v.png'], '/nowhere/v.png cannot be written'),
        (['--view', 'v.nothing'], 'v.nothing cannot be written: unknown file extension'),
        (['--ply', '/nowhere/c.ply'], '/nowhere/c.ply cannot be written'),
        (['--voxel', '-1'], 'voxel_size is -1.0'),
        (['--crop', '0', '0', '0', '0', '0', '0'], 'crop_min [0.0, 0.0, 0.0] is not below'),
    ],
)
def test_errors_are_sentences(files, capsys, options, message):
    assert run(files, *options) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith('error: ')
    assert message in printed.err
