"""Three real scenes: the table is a plane, it is where a table would be, nothing is behind us.

Run with -s to read the figures. The scenes are searched in GAE_RGBD_DATA, then in shared/data/rgbd
beside the checkout.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from gae_arm.core import geometry
from gae_arm.core.projection import project
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.planes import find_plane
from gae_arm.point_cloud.rgbd_files import load_rgbd
from gae_arm.point_cloud.sampling import LocalSampler
from gae_arm.point_cloud.workspace import WorkspaceSettings

BESIDE = Path(__file__).parents[3] / 'shared' / 'data' / 'rgbd'
DATA = Path(os.environ.get('GAE_RGBD_DATA', BESIDE))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f'no real scenes in {DATA}')

EVERYWHERE = WorkspaceSettings((-1e3,) * 3, (1e3,) * 3)
# Where an arm mounted to the table's edge can reach; the table may be below its base.
REACHABLE = WorkspaceSettings((0.2, -0.5, -0.4), (0.8, 0.5, 0.6))


def load(scene):
    files = (DATA / f'sample_{scene}_{name}' for name in ('rgb.png', 'depth.npy', 'camera.json'))
    return load_rgbd(*files)


@pytest.mark.parametrize('scene', [0, 3])
def test_the_table_of_the_droid_scenes(scene):
    """Camera and depth come from one source, the extrinsics from another: they must agree."""
    frame, T_base_camera = load(scene)
    points = CloudPipeline(REACHABLE).process(frame, T_base_camera).points
    table = find_plane(points, threshold=0.01, up=(0, 0, 1), max_tilt=np.radians(15))
    tilt = np.degrees(np.arccos(table.normal[2]))
    away = table.distance(T_base_camera[None, :3, 3])[0]
    print(
        f'\nscene {scene}: {table.inliers:.1%} of {len(points)} points within 10 mm of the table, '
        f'RMS {1000 * table.rms:.1f} mm, height {table.offset:.3f} m in the base frame, tilt '
        f'{tilt:.1f} degrees, camera {away:.3f} m above it'
    )
    assert table.inliers > 0.5
    assert table.rms < 0.004
    assert tilt < 5
    # A Panda's base stands on a table or up to a stool's height above the one it works on.
    assert -0.3 < table.offset < 0.02
    assert 0.3 < away < 1.0
    assert away == pytest.approx(T_base_camera[2, 3] - table.offset, abs=0.06)


def test_the_table_of_the_lab_scene():
    frame, T_base_camera = load(5)
    assert T_base_camera is None
    points = CloudPipeline(EVERYWHERE).process(frame, np.eye(4)).points
    table = find_plane(points)
    print(
        f'\nscene 5: {table.inliers:.1%} of {len(points)} points within 5 mm of the table, RMS '
        f'{1000 * table.rms:.1f} mm, camera {-table.offset:.3f} m above it'
    )
    assert table.inliers > 0.3
    assert table.rms < 0.002
    assert 0.3 < -table.offset < 0.7
    assert table.normal[1] < -0.8, 'up is against the image rows'


@pytest.mark.parametrize('scene', [0, 3, 5])
def test_every_point_is_before_the_camera_and_projects_onto_its_pixel(scene):
    frame, T_base_camera = load(scene)
    T = np.eye(4) if T_base_camera is None else T_base_camera
    cloud = CloudPipeline(EVERYWHERE).process(frame, T)
    optical = geometry.transform_points(geometry.invert(T), cloud.points.astype(np.float64))
    assert optical[:, 2].min() > 0.1
    assert cloud.valid == ((frame.depth > 0) & np.isfinite(frame.depth)).sum()
    v, u = np.divmod(cloud.pixels, frame.intrinsics.width)
    pixels = project(frame.intrinsics, optical)
    assert np.abs(pixels - np.stack([u, v], -1)).max() < 1e-2
    np.testing.assert_allclose(optical[:, 2], frame.depth.reshape(-1)[cloud.pixels], atol=1e-5)


@pytest.mark.parametrize('scene', [0, 3, 5])
def test_the_edge_filter_drops_little_and_what_hangs_in_the_air(scene):
    """Flying pixels are few; without them fewer points are far from their neighbours."""
    frame, _ = load(scene)
    loose = WorkspaceSettings((-1e3,) * 3, (1e3,) * 3, edge_angle=np.pi / 2)
    everything = CloudPipeline(loose).process(frame, np.eye(4))
    kept = CloudPipeline(EVERYWHERE).process(frame, np.eye(4))
    dropped = 1 - len(kept.pixels) / len(everything.pixels)
    print(f'\nscene {scene}: {dropped:.1%} of the points are dropped as flying pixels')
    assert 0.001 < dropped < 0.08
    assert set(kept.pixels) <= set(everything.pixels)


@pytest.mark.parametrize('scene', [0, 3])
def test_local_points_on_the_table(scene):
    frame, T_base_camera = load(scene)
    points = CloudPipeline(REACHABLE).process(frame, T_base_camera).points
    sample = LocalSampler(512, 0.15).sample(points, np.median(points, axis=0))
    assert sample.distinct == 512
    assert np.isfinite(sample.points).all()
