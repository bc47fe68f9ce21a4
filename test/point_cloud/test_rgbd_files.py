"""Colour, depth and camera files: every accepted form, and every refusal with its file."""

import json

import numpy as np
import pytest
from PIL import Image

from gae_arm.core.errors import ConfigError
from gae_arm.point_cloud.ply import write_ply
from gae_arm.point_cloud.rgbd_files import load_rgbd, read_camera, read_color, read_depth

K = [[60.0, 0, 4], [0, 61, 3], [0, 0, 1]]
FLAT_K = [60.0, 0, 4, 0, 61, 3, 0, 0, 1]
D = [0.1, 0.01, 0, 0, 0]
OURS = {'intrinsics': K, 'distortion_model': 'plumb_bob', 'distortion': D}
ECHO = {'width': 8, 'height': 6, 'distortion_model': 'plumb_bob', 'd': D, 'k': FLAT_K}
CALIBRATION = {
    'image_width': 8,
    'image_height': 6,
    'camera_matrix': {'rows': 3, 'cols': 3, 'data': FLAT_K},
    'distortion_model': 'plumb_bob',
    'distortion_coefficients': {'rows': 1, 'cols': 5, 'data': D},
}
POSE = [[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]


def written(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.mark.parametrize('form', [OURS, ECHO, CALIBRATION])
def test_three_forms_of_camera_files(tmp_path, form):
    path = written(tmp_path / 'camera.yaml', form)
    intrinsics, pose = read_camera(path, (8, 6))
    np.testing.assert_array_equal(intrinsics.K, K)
    np.testing.assert_array_equal(intrinsics.distortion, D)
    assert (intrinsics.width, intrinsics.height, pose) == (8, 6, None)
    _, pose = read_camera(written(path, {**form, 'extrinsics': POSE}), (8, 6))
    np.testing.assert_array_equal(pose, POSE)


def test_what_ros2_topic_echo_prints(tmp_path):
    text = 'height: 6\nwidth: 8\ndistortion_model: plumb_bob\nd:\n- 0.0\n- 0.0\n- 0.0\n- 0.0\nk:\n'
    text += '\n'.join(f'- {v}' for v in FLAT_K) + '\nr: [1, 0]\n---\n'
    intrinsics, _ = read_camera(written(tmp_path / 'info.yaml', text), (8, 6))
    np.testing.assert_array_equal(intrinsics.K, K)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ({**ECHO, 'width': 640}, r'describes 640x6 images, not 8x6'),
        ({'focal': 3}, r"has none of \['intrinsics', 'k', 'camera_matrix'\]; it has: \['focal'\]"),
        ('[1, 2]', r'it has: \[1, 2\]'),
        ('a: [', 'cannot be read'),
        ('', 'it has: None'),
        ({'intrinsics': [[0, 0, 0]] * 3}, 'K has focal lengths 0.0, 0.0, not > 0'),
        ({'intrinsics': [1, 2]}, 'cannot reshape array of size 2'),
        ({'intrinsics': 'wide'}, 'could not convert'),
        ({**OURS, 'distortion_model': 'fov'}, "distortion model 'fov' is unknown; there are"),
        ({**OURS, 'distortion': [1, 2]}, "'plumb_bob' has 2 coefficients"),
        ({**OURS, 'extrinsics': np.diag([2, 1, 1, 1]).tolist()}, 'extrinsics is not a rotation'),
        ({**OURS, 'extrinsics': [1, 2, 3]}, 'cannot reshape array of size 3'),
    ],
)
def test_bad_camera_files(tmp_path, content, message):
    path = written(tmp_path / 'camera.json', content)
    with pytest.raises(ConfigError, match=message) as caught:
        read_camera(path, (8, 6))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ('stored', 'expected'),
    [
        (np.array([[0, 1000]], np.uint16), np.uint16),
        (np.array([[0, 1000]], np.int32), np.uint16),
        (np.array([[0.5, np.nan]], np.float64), np.float32),
    ],
)
def test_depth_in_numpy_files(tmp_path, stored, expected):
    np.save(tmp_path / 'd.npy', stored)
    depth = read_depth(tmp_path / 'd.npy')
    assert depth.dtype == expected
    np.testing.assert_array_equal(depth, stored)


def test_depth_in_16_bit_images(tmp_path):
    stored = np.array([[0, 1000, 65535]], np.uint16)
    Image.fromarray(stored).save(tmp_path / 'd.png')
    depth = read_depth(tmp_path / 'd.png')
    assert depth.dtype == np.uint16
    np.testing.assert_array_equal(depth, stored)


@pytest.mark.parametrize(
    ('stored', 'message'),
    [
        (np.zeros((2, 3, 1)), r'is float64 \(2, 3, 1\), expected'),
        (np.zeros((2, 3), np.uint8), r'is uint8 \(2, 3\), expected'),
        (np.zeros((2, 3), complex), 'is complex128'),
        (np.full((2, 3), -5, np.int16), 'has values from -5 to -5 mm'),
        (np.full((2, 3), 70000, np.int32), 'has values from 70000 to 70000 mm'),
    ],
)
def test_bad_depth(tmp_path, stored, message):
    np.save(tmp_path / 'd.npy', stored)
    with pytest.raises(ConfigError, match=message):
        read_depth(tmp_path / 'd.npy')


def test_files_that_are_none(tmp_path):
    (tmp_path / 'a.npy').write_bytes(b'no')
    np.save(tmp_path / 'evil.npy', np.array([[{}]], object), allow_pickle=True)
    for name in ('a.npy', 'evil.npy', 'missing.npy', 'missing.png'):
        with pytest.raises(ConfigError, match=rf'depth image .*{name} cannot be read'):
            read_depth(tmp_path / name)
    with pytest.raises(ConfigError, match=r'colour image .*a.npy cannot be read'):
        read_color(tmp_path / 'a.npy')
    with pytest.raises(ConfigError, match=r'camera description .* cannot be read'):
        read_camera(tmp_path / 'missing.json', (8, 6))


def test_colour_and_depth_of_different_sizes(tmp_path):
    Image.new('RGB', (16, 12)).save(tmp_path / 'c.png')
    np.save(tmp_path / 'd.npy', np.ones((6, 8)))
    with pytest.raises(ValueError, match=r'color is uint8 \(12, 16, 3\), expected uint8 \(6, 8, 3'):
        load_rgbd(tmp_path / 'c.png', tmp_path / 'd.npy', written(tmp_path / 'c.json', OURS))


@pytest.mark.parametrize('colored', [False, True])
def test_ply_files(tmp_path, colored):
    points = np.arange(6, dtype=np.float32).reshape(2, 3)
    colors = np.array([[1, 2, 3], [4, 5, 6]], np.uint8) if colored else None
    write_ply(tmp_path / 'c.ply', points, colors)
    header, _, body = (tmp_path / 'c.ply').read_bytes().partition(b'end_header\n')
    assert header.startswith(b'ply\nformat binary_little_endian 1.0\nelement vertex 2\n')
    assert header.count(b'property float') == 3
    assert header.count(b'property uchar') == (3 if colored else 0)
    rows = np.frombuffer(body, np.uint8).reshape(2, -1)
    np.testing.assert_array_equal(rows[:, :12].copy().view('<f4'), points)
    if colored:
        np.testing.assert_array_equal(rows[:, 12:], colors)


def test_ply_where_nothing_can_be_written(tmp_path):
    with pytest.raises(ConfigError, match='cannot be written'):
        write_ply(tmp_path / 'no' / 'c.ply', np.zeros((1, 3), np.float32))
