"""The bench's rows and file; the peers get the same points as ours."""

import json

import numpy as np
import pytest

from gae_arm.commands.benches import cloud, cloud_peers, measure
from gae_arm.commands.benches.chart import draw_chart
from gae_arm.commands.benches.cloud_scene import BenchScene
from gae_arm.commands.main import main
from gae_arm.core.errors import ConfigError


@pytest.fixture(scope='module')
def scene():
    return BenchScene(160, 120)


def test_our_cloud_is_theirs_without_robot_and_edges(scene):
    theirs = cloud_peers.NumpyRoute(scene).cloud()
    ours = scene.pipeline.process(scene.frame, scene.T_base_camera).points
    kept = {tuple(np.round(p, 4)) for p in theirs.astype(np.float32)}
    found = sum(tuple(p) in kept for p in np.round(ours, 4))
    assert found > 0.97 * len(ours)
    assert 0.9 < len(ours) / len(theirs) <= 1.0


def test_open3d_gets_the_same_cloud(scene):
    o3d = pytest.importorskip('open3d', exc_type=ImportError)
    route = cloud_peers.Open3DRoute(scene, o3d)
    points = np.asarray(route.cloud().points)
    np.testing.assert_allclose(
        np.sort(points[:, 2]), np.sort(cloud_peers.NumpyRoute(scene).cloud()[:, 2]), atol=1e-4
    )
    local = route.local_samples()
    assert len(local) == 512
    assert np.abs(local - scene.center).max() <= scene.sampler.radius + 1e-6


def test_the_whole_path_returns_512_points_and_no_robot(scene):
    sample = scene.full_path()
    assert sample.distinct == 512
    links = scene.robot.link_transforms(scene.positions)
    assert not scene.robot.contains(scene.cloud().points, links).any()


def test_the_camera_moves_and_comes_back(scene):
    first = scene.cloud().points.copy()
    moved = scene.moving_camera().points
    assert moved.shape != first.shape or (moved != first).any()
    np.testing.assert_allclose(scene.moving_camera().points, first, atol=1e-6)


@pytest.mark.parametrize('codec', ['encoders', 'decoders'])
def test_the_other_codecs_agree(codec):
    from gae_arm.core.cloud_codec import encode

    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    expected = encode(points).data if codec == 'encoders' else points
    for run in getattr(cloud_peers, codec)(points).values():
        np.testing.assert_array_equal(run(), expected)


def test_peers_that_are_not_installed_are_named(monkeypatch):
    monkeypatch.setitem(cloud_peers.OPTIONAL, 'no_such_peer', 'pip install it')
    line = 'no_such_peer is not installed, its rows are left out (pip install it)'
    assert line in cloud_peers.left_out()


def test_rows_hold_medians_and_ratios():
    ticks = iter(range(1000))
    rows = list(measure.compare('a', lambda: next(ticks), {'b': lambda: None}, rounds=3, each=4))
    assert next(ticks) == 13, 'one run to warm up, 3 x 4 that count'
    (row,) = rows
    assert (row.n, row.peer, row.unit) == (12, 'b', 'ms')
    assert row.p50 <= row.p99
    assert row.ratio == row.peer_p50 / row.p50
    assert 'peer' not in measure.Row('a', 'ms', 1.0, 2.0, 3).as_dict()


def test_the_verb_writes_its_rows_and_the_chart(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cloud, 'SIZES', ((160, 120), (200, 150)))
    monkeypatch.setattr(cloud, 'STAGES_SIZE', (320, 240))
    monkeypatch.setattr(cloud, 'MESSAGE_POINTS', 100)
    monkeypatch.setattr(cloud, 'compare', lambda *a: measure.compare(*a[:3], rounds=1, each=2))
    files = ['--json', str(tmp_path / 'r.json'), '--plot', str(tmp_path / 'p.png')]
    assert main(['bench', 'cloud', *files, '--rounds', '1', '--seed', '3']) == 0
    results = json.loads((tmp_path / 'r.json').read_text())
    assert set(results) == {'command', 'commit', 'seed', 'machine', 'rows'}
    assert results['seed'] == 3
    assert {row['unit'] for row in results['rows']} == {'ms', 'mm'}
    names = [row['name'] for row in results['rows']]
    assert 'depth 160x120 to 512 local points' in names
    assert 'encode 100 points' in names
    ratios = {row['peer']: row['ratio'] for row in results['rows'] if row['unit'] == 'mm'}
    assert 0.9 < ratios['exact FPS'] < 1.1 < ratios['random']
    assert (tmp_path / 'p.png').stat().st_size > 5000
    assert 'bench cloud' in capsys.readouterr().out


def test_a_chart_that_cannot_be_written(tmp_path):
    with pytest.raises(ConfigError, match='cannot be written'):
        draw_chart(
            tmp_path / 'no' / 'c.png', 't', [(1, 'a'), (2, 'b')], 'ms', {'l': [(1, 1), (2, 9)]}
        )
