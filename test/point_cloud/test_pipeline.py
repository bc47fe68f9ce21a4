"""Depth image to workspace cloud: geometry, crops, edges, voxels, table, and every bad input."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import EVERYWHERE, T_BASE_CAMERA, frame, intrinsics, random_depth, random_pose

from gae_arm.core import geometry
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.projection import project
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.workspace import WorkspaceSettings

BOX = WorkspaceSettings((0.0, -0.5, -0.05), (0.8, 0.5, 0.5), edge_angle=np.pi / 2)
LENSES = [
    {},
    {'distortion_model': 'plumb_bob', 'distortion': [-0.2, 0.05, 1e-3, -1e-3, 0.0]},
    {'distortion_model': 'equidistant', 'distortion': [0.02, -0.01, 0.0, 0.0]},
]


def cloud_of(depth, settings_=EVERYWHERE, T=T_BASE_CAMERA, **lens):
    return CloudPipeline(settings_).process(frame(depth, **lens), T)


def plain_numpy(depth, T):
    """Every pixel with a reading, deprojected without distortion."""
    K = intrinsics(*depth.shape[::-1]).K
    z = depth * (0.001 if depth.dtype == np.uint16 else 1.0)
    v, u = np.nonzero((z > 0) & np.isfinite(z))
    z = z[v, u]
    return (
        np.stack([(u - K[0, 2]) / K[0, 0] * z, (v - K[1, 2]) / K[1, 1] * z, z], -1) @ T[:3, :3].T
        + T[:3, 3]
    )


@pytest.mark.parametrize('dtype', [np.uint16, np.float32])
def test_equals_plain_numpy(dtype):
    depth = random_depth()
    depth[5:9, 7:20] = 0
    depth = depth if dtype == np.uint16 else (0.001 * depth).astype(np.float32)
    cloud = cloud_of(depth)
    assert cloud.points.dtype == np.float32
    np.testing.assert_allclose(cloud.points, plain_numpy(depth, T_BASE_CAMERA), atol=2e-6)
    assert (cloud.total, cloud.valid) == (48 * 64, 48 * 64 - 4 * 13)


@pytest.mark.parametrize('lens', LENSES)
@settings(deadline=None, max_examples=20)
@given(st.integers(0, 999))
def test_projecting_the_cloud_gives_its_pixels_and_depths(lens, seed):
    depth, T = random_depth(seed), random_pose(seed)
    cloud = cloud_of(depth, T=T, **lens)
    assert len(cloud.points) == depth.size
    optical = geometry.transform_points(geometry.invert(T), cloud.points.astype(np.float64))
    pixels = project(intrinsics(**lens), optical)
    v, u = np.divmod(cloud.pixels, 64)
    np.testing.assert_allclose(pixels, np.stack([u, v], -1), atol=1e-3)
    np.testing.assert_allclose(optical[:, 2], 0.001 * depth.reshape(-1), atol=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 999))
def test_moving_the_camera_moves_the_cloud(seed):
    depth, moved = random_depth(seed), random_pose(seed + 1)
    cloud, there = cloud_of(depth), cloud_of(depth, T=moved @ T_BASE_CAMERA)
    expected = geometry.transform_points(moved, cloud.points.astype(np.float64))
    np.testing.assert_allclose(there.points, expected, atol=3e-6)


@pytest.mark.parametrize('dtype', [np.uint16, np.float32])
def test_the_crop_box_keeps_exactly_what_is_inside(dtype):
    depth = random_depth(3)
    depth = depth if dtype == np.uint16 else (0.001 * depth).astype(np.float32)
    everything = plain_numpy(depth, T_BASE_CAMERA)
    margin = np.minimum(everything - BOX.crop_min, BOX.crop_max - everything).min(1)
    assert 100 < (margin > 0).sum() < 0.9 * depth.size
    kept = np.zeros(depth.size, bool)
    kept[cloud_of(depth, BOX).pixels] = True
    # On the border itself rounding decides.
    np.testing.assert_array_equal(kept[np.abs(margin) > 1e-6], margin[np.abs(margin) > 1e-6] > 0)


def test_a_camera_inside_of_the_box():
    box = dataclasses.replace(EVERYWHERE, crop_min=(-1, -1, -1), crop_max=(1, 1, 0.9))
    depth = np.array([[500, 899, 900, 901, 1500]], np.uint16)
    cloud = CloudPipeline(box).process(frame(depth), np.eye(4))
    assert cloud.pixels.tolist() == [0, 1, 2]


def test_range_limits_are_inclusive():
    limits = dataclasses.replace(EVERYWHERE, range_min=0.5, range_max=1.0)
    depth = np.array([[499, 500, 1000, 1001, 0, 65535]], np.uint16)
    assert cloud_of(depth, limits).pixels.tolist() == [1, 2]
    metres = np.array([[0.4999, 0.5, 1.0, 1.0001, np.nan, np.inf, -1]], np.float32)
    assert cloud_of(metres, limits).pixels.tolist() == [1, 2]


@pytest.mark.parametrize(
    ('depth', 'valid'),
    [
        (np.zeros((6, 8), np.uint16), 0),
        (np.zeros((6, 8), np.float32), 0),
        (np.full((6, 8), np.nan, np.float32), 0),
        (np.full((6, 8), np.inf, np.float32), 0),
        (np.full((6, 8), -1, np.float32), 0),
        (np.full((6, 8), 65535, np.uint16), 48),
    ],
)
def test_depth_without_a_usable_reading_makes_an_empty_cloud(depth, valid):
    settings_ = dataclasses.replace(BOX, voxel_size=0.01, remove_table=True, edge_angle=1.4)
    cloud = cloud_of(depth, settings_)
    assert cloud.points.shape == (0, 3)
    assert cloud.pixels.shape == (0,)
    assert (cloud.valid, cloud.table) == (valid, None)


def test_no_point_is_nan_and_none_is_behind_the_camera():
    depth = (0.001 * random_depth()).astype(np.float32)
    depth[::2, ::3], depth[1::4, ::5], depth[::7, 1::4] = np.nan, np.inf, -0.5
    cloud = cloud_of(depth)
    assert np.isfinite(cloud.points).all()
    optical = geometry.transform_points(geometry.invert(T_BASE_CAMERA), cloud.points)
    assert optical[:, 2].min() > 0.4


def test_pixels_outside_of_the_lens_are_never_used():
    lens = {'distortion_model': 'plumb_bob', 'distortion': [-1.2, 0, 0, 0]}
    cloud = cloud_of(np.full((48, 64), 1000, np.uint16), **lens)
    assert 0 < len(cloud.points) < 48 * 64
    assert np.isfinite(cloud.points).all()
    assert 48 * 64 // 2 + 32 in cloud.pixels
    assert 0 not in cloud.pixels


WALL, OBJECT, STRICT = 40, 8, dataclasses.replace(EVERYWHERE, edge_angle=1.0)


def edge_depth(between, dtype=np.uint16):
    """A wall at 900 mm, flying pixels, an object at 500 mm, a hole, the wall again."""
    row = [900] * WALL + between + [500] * OBJECT + [0] + [900] * WALL
    depth = np.tile(np.array(row, np.uint16), (len(row), 1))
    return depth if dtype == np.uint16 else (0.001 * depth).astype(np.float32)


def kept_of(depth):
    kept = np.zeros(depth.size, bool)
    kept[cloud_of(depth, STRICT).pixels] = True
    return kept.reshape(depth.shape)


@pytest.mark.parametrize('dtype', [np.uint16, np.float32])
@pytest.mark.parametrize('between', [[], [700], [800, 600], [820, 720, 600]])
def test_flying_pixels_go_and_objects_keep_their_outline(between, dtype):
    depth = edge_depth(between, dtype)
    expected = depth > 0
    # The flying pixels and the last one of the wall go; a hole is no edge.
    expected[:, WALL - 1 : WALL + len(between)] = False
    np.testing.assert_array_equal(kept_of(depth), expected)
    np.testing.assert_array_equal(kept_of(np.ascontiguousarray(depth.T)), expected.T)
    assert len(cloud_of(depth).pixels) == (depth > 0).sum(), 'pi/2 keeps all'


@pytest.mark.parametrize('angle', [0.5, 1.0, 1.3])
def test_a_slanted_surface_survives_up_to_the_edge_angle(angle):
    """A plane z = 1 + x tan(a): its lines of sight over neighbours are inclined by about a."""
    camera = intrinsics(640, 4)
    x = (np.arange(640) - camera.K[0, 2]) / camera.K[0, 0]
    near_axis = slice(300, 340)

    def kept(slope):
        depth = np.tile(1 / (1 - x * np.tan(slope)), (4, 1)).astype(np.float32)
        limits = dataclasses.replace(EVERYWHERE, edge_angle=angle)
        keep = np.zeros(depth.size, bool)
        keep[CloudPipeline(limits).process(frame(depth), np.eye(4)).pixels] = True
        return keep.reshape(depth.shape)[:, near_axis]

    assert kept(angle - 0.05).all()
    assert not kept(angle + 0.05).any()


def test_voxels_keep_the_first_point_of_each():
    voxels = dataclasses.replace(BOX, voxel_size=0.02)
    depth = random_depth(3)
    pipeline = CloudPipeline(voxels)
    everything = cloud_of(depth, BOX)
    cells = np.floor((everything.points - np.float32(BOX.crop_min)) / np.float32(0.02)).astype(int)
    _, first = np.unique(cells, axis=0, return_index=True)
    for _ in range(2):
        thinned = pipeline.process(frame(depth), T_BASE_CAMERA)
        np.testing.assert_array_equal(thinned.points, everything.points[np.sort(first)])
        np.testing.assert_array_equal(thinned.pixels, everything.pixels[np.sort(first)])


def table_depth(T, objects=()):
    """What a camera sees of the plane z = 0, uint16, with some rectangles raised."""
    camera = intrinsics(160, 120)
    v, u = np.indices((120, 160))
    rays = np.stack([(u - camera.K[0, 2]), (v - camera.K[1, 2]), camera.K[0, 0] + 0 * u], -1)
    rays = rays / camera.K[0, 0]
    down = rays @ T[2, :3]
    depth = np.where(down < 0, -T[2, 3] / np.minimum(down, -1e-9), 0)
    for rows, columns, share in objects:
        depth[rows, columns] *= share
    return np.round(1000 * np.where(depth < 3, depth, 0)).astype(np.uint16)


def test_the_table_is_removed_and_the_object_stays():
    depth = table_depth(T_BASE_CAMERA, [(slice(60, 70), slice(70, 80), 0.9)])
    settings_ = WorkspaceSettings(remove_table=True, table_clearance=0.015)
    cloud = cloud_of(depth, settings_)
    assert cloud.table is not None
    np.testing.assert_allclose(cloud.table.normal, [0, 0, 1], atol=2e-3)
    assert abs(cloud.table.offset) < 2e-3
    v, u = np.divmod(cloud.pixels, 160)
    assert (v.min(), v.max(), u.min(), u.max()) == (60, 69, 70, 79)
    assert len(cloud.pixels) == 100


def test_a_wall_is_no_table():
    cloud = cloud_of(
        np.full((48, 64), 1000, np.uint16), dataclasses.replace(BOX, remove_table=True)
    )
    assert cloud.table is None
    assert len(cloud.points) > 0


def test_tables_follow_every_change():
    """One pipeline through changes of pose, type, camera and back equals fresh ones."""
    pipeline = CloudPipeline(BOX)
    u16, f32 = random_depth(1), (0.001 * random_depth(2)).astype(np.float32)
    large, other = random_depth(3, (60, 80)), random_pose(5)
    fisheye = {'distortion_model': 'equidistant', 'distortion': np.zeros(4)}
    steps = [
        (frame(u16), T_BASE_CAMERA),
        (frame(f32), T_BASE_CAMERA),
        (frame(f32), other),
        (frame(large), other),
        (frame(u16), T_BASE_CAMERA),
        (frame(u16, **fisheye), T_BASE_CAMERA),
        (frame(u16), T_BASE_CAMERA),
    ]
    for image, T in steps:
        fresh = CloudPipeline(BOX).process(image, T)
        np.testing.assert_array_equal(pipeline.process(image, T).points, fresh.points)


def test_the_ray_table_is_rebuilt_only_for_another_camera(monkeypatch):
    from gae_arm.point_cloud import pipeline as module

    built = []
    original = module.RayTable.of
    monkeypatch.setattr(module.RayTable, 'of', lambda i: built.append(i) or original(i))
    pipeline = CloudPipeline(BOX)
    pipeline.process(frame(random_depth()), T_BASE_CAMERA)
    pipeline.process(frame(random_depth(1)), random_pose())
    assert len(built) == 1
    pipeline.process(frame(random_depth(1, (50, 64))), random_pose())
    assert len(built) == 2


def test_a_strided_or_writable_image_is_no_matter():
    depth = np.zeros((48, 70), np.uint16)
    depth[:, :64] = random_depth()
    np.testing.assert_array_equal(cloud_of(depth[:, :64]).points, cloud_of(random_depth()).points)


@pytest.mark.parametrize(
    ('T', 'message'),
    [
        (1.1 * np.eye(4), 'last row'),
        (np.diag([1.1, 1, 1, 1]), 'T_base_camera is not a rotation'),
        (np.diag([-1.0, 1, 1, 1]), 'T_base_camera is not a rotation: .* det = -1'),
        (np.full((4, 4), np.nan), r'T_base_camera\[0, 0\] is not finite'),
        (np.eye(3), r'T_base_camera has shape \(3, 3\), expected \(4, 4\)'),
    ],
)
def test_extrinsics_that_are_no_pose(T, message):
    pipeline = CloudPipeline(BOX)
    expected = pipeline.process(frame(random_depth()), T_BASE_CAMERA).points.copy()
    for _ in range(2):
        with pytest.raises(InvalidValueError, match=message):
            pipeline.process(frame(random_depth()), T)
    again = pipeline.process(frame(random_depth()), T_BASE_CAMERA)
    np.testing.assert_array_equal(again.points, expected)


def test_a_bad_pose_with_another_camera_leaves_nothing_half_done():
    pipeline = CloudPipeline(BOX)
    small, large = frame(random_depth()), frame(random_depth(1, (60, 80)))
    pipeline.process(small, T_BASE_CAMERA)
    with pytest.raises(InvalidValueError, match='is not a rotation'):
        pipeline.process(large, np.diag([2.0, 1, 1, 1]))
    for image in (small, large):
        fresh = CloudPipeline(BOX).process(image, T_BASE_CAMERA)
        again = pipeline.process(image, T_BASE_CAMERA)
        np.testing.assert_array_equal(again.points, fresh.points)


def test_a_camera_of_zeros_or_of_another_size_makes_no_frame():
    with pytest.raises(InvalidValueError, match=r'K has focal lengths 0.0, 0.0, not > 0'):
        dataclasses.replace(intrinsics(), K=np.zeros((3, 3)))
    with pytest.raises(InvalidValueError, match=r'depth has shape \(6, 8\), intrinsics say'):
        CameraFrame(0, 'camera', intrinsics(), np.zeros((6, 8), np.uint16))


def test_two_million_pixels():
    cloud = cloud_of(np.full((1250, 1600), 1000, np.uint16))
    assert cloud.points.shape == (2_000_000, 3)
    assert np.isfinite(cloud.points).all()


def test_the_stamp_travels_along():
    assert CloudPipeline(BOX).process(frame(random_depth(), 42), np.eye(4)).stamp_ns == 42


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'crop_min': (0, 0, 2)}, r'crop_min \[0.0, 0.0, 2.0\] is not below crop_max'),
        ({'crop_min': (0, 0)}, 'crop_min has 2 values, expected 3'),
        ({'range_min': 3.0}, r'range_min 3.0 is not below range_max 3.0'),
        ({'range_max': float('inf')}, 'range_max is not finite'),
        ({'edge_angle': 2.0}, 'edge_angle is 2.0, allowed is 0.0 to 1.57'),
        ({'voxel_size': -0.1}, 'voxel_size is -0.1'),
        ({'voxel_size': 1e-4}, 'voxel_size 0.0001 makes 3.74e.12 voxels of the workspace, at most'),
        ({'robot_margin': float('nan')}, 'robot_margin is not finite'),
    ],
)
def test_settings_are_checked(values, message):
    with pytest.raises(InvalidValueError, match=message):
        WorkspaceSettings(**values)
