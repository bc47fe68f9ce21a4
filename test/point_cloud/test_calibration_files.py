"""Recordings and extrinsics on disk: round trips, and what is refused."""

import dataclasses

import numpy as np
import pytest
import yaml
from calibration_rig import CHARUCO, LINK, PANDA, VGA, hand_pose, random_pose, state

from gae_arm.commands.benches.board_rig import apart
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.geometry import quaternion_to_matrix
from gae_arm.point_cloud.calibration.extrinsics import (
    Extrinsics,
    load_extrinsics,
    save_extrinsics,
)
from gae_arm.point_cloud.calibration.recording import (
    RecordingWriter,
    hand_poses,
    load_recording,
)

DEPTH = np.zeros((480, 640), np.uint16)
LENS = dataclasses.replace(
    VGA, distortion_model='plumb_bob', distortion=[0.1, -0.2, 0.001, 0.002, 0.05]
)


def frame(seed=0, stamp_ns=0, intrinsics=LENS, name='eye'):
    color = np.random.default_rng(seed).integers(0, 256, (480, 640, 3), np.uint8)
    return CameraFrame(stamp_ns, name, intrinsics, DEPTH, color)


def write(folder, count=3, board=CHARUCO):
    writer = RecordingWriter(folder, 'eye', LENS, board)
    for i in range(count):
        writer.add(frame(i, i * 10**9), state(PANDA.home + 0.1 * i, i * 10**9))
    return writer.recording


@pytest.mark.parametrize('board', [CHARUCO, None])
def test_a_recording_comes_back_as_it_was_written(tmp_path, board):
    written = write(tmp_path / 'new' / 'folder', board=board)
    read = load_recording(tmp_path / 'new' / 'folder')
    assert read == written
    assert read.intrinsics == LENS
    for i, view in enumerate(read.views):
        np.testing.assert_array_equal(view.read(), frame(i).color)
        assert view.stamp_ns == i * 10**9


def test_every_view_is_on_disk_at_once(tmp_path):
    writer = RecordingWriter(tmp_path, 'eye', LENS, None)
    writer.add(frame(), state(PANDA.home))
    assert len(load_recording(tmp_path).views) == 1


def test_hand_poses_come_from_the_recorded_joints(tmp_path):
    views = write(tmp_path).views
    poses = hand_poses(PANDA, LINK, views)
    for i, pose in enumerate(poses):
        np.testing.assert_allclose(pose, hand_pose(PANDA.home + 0.1 * i), atol=1e-12)
    flange = hand_poses(PANDA, 'panda_link8', views)
    assert apart(poses[0], flange[0])[0] > 50
    assert hand_poses(PANDA, LINK, []).shape == (0, 4, 4)


def test_unknown_links_and_missing_joints_are_named(tmp_path):
    views = write(tmp_path).views
    with pytest.raises(InvalidValueError, match=r"link 'tip' is unknown; there are: .*panda_hand"):
        hand_poses(PANDA, 'tip', views)
    lacking = dataclasses.replace(views[0], joints={'panda_joint1': 0.0})
    with pytest.raises(InvalidValueError, match=r"no position of \['panda_joint2', "):
        hand_poses(PANDA, LINK, [lacking])


@pytest.mark.parametrize(
    ('image', 'joints', 'message'),
    [
        (
            frame(stamp_ns=60_000_000),
            state(PANDA.home),
            'image and joint state are 0.060 s apart, at most 0.050 s are allowed',
        ),
        (
            frame(),
            state(PANDA.home, velocity=-0.05),
            'the arm moves: panda_joint1 at -0.050, at most 0.01 is allowed',
        ),
        (
            dataclasses.replace(frame(), color=None),
            state(PANDA.home),
            "the frame of 'eye' has no colour image",
        ),
    ],
)
def test_views_that_would_spoil_a_calibration_are_refused(tmp_path, image, joints, message):
    writer = RecordingWriter(tmp_path, 'eye', LENS, CHARUCO)
    with pytest.raises(InvalidValueError) as caught:
        writer.add(image, joints)
    assert str(caught.value) == message
    assert writer.recording.views == ()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('image', [frame(name='other'), frame(intrinsics=VGA)])
def test_a_recording_is_of_one_camera(tmp_path, image):
    writer = RecordingWriter(tmp_path, 'eye', LENS, CHARUCO)
    with pytest.raises(InvalidValueError, match=r"^the frame is of '\w+' with K .* of 'eye' with"):
        writer.add(image, state(PANDA.home))


def test_a_recording_is_never_overwritten(tmp_path):
    write(tmp_path)
    with pytest.raises(ConfigError, match='already holds a recording; choose another folder'):
        RecordingWriter(tmp_path, 'eye', LENS, CHARUCO)


def changed(folder, change):
    path = folder / 'recording.yaml'
    data = yaml.safe_load(path.read_text())
    change(data)
    path.write_text(yaml.safe_dump(data))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda d: d.update(format=2), 'format is 2, this program reads 1'),
        (lambda d: d['camera'].update(K=[1, 2]), r'K has shape \(2,\), expected \(9\)'),
        (lambda d: d['board'].update(marker=1.0), 'marker 1.0 is not below square 0.036'),
        (lambda d: d['views'][0].update(stamp_ns=-1), 'stamp_ns is -1'),
        (lambda d: d['views'][0]['joints'].update(a=float('nan')), 'joint a is not finite'),
        (lambda d: d.pop('camera'), "not a recording: KeyError\\('camera'\\)"),
        (lambda d: d['views'][0].update(extra=1), 'not a recording: TypeError'),
    ],
)
def test_malformed_recordings_say_where(tmp_path, change, message):
    write(tmp_path)
    changed(tmp_path, change)
    with pytest.raises(ConfigError, match=message) as caught:
        load_recording(tmp_path)
    assert str(caught.value).startswith(f'{tmp_path / "recording.yaml"}: ')


def test_what_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r'recording\.yaml cannot be read: .*No such file'):
        load_recording(tmp_path)
    (tmp_path / 'recording.yaml').write_text('[')
    with pytest.raises(ConfigError, match='cannot be read: while parsing'):
        load_recording(tmp_path)
    views = write(tmp_path / 'other').views
    views[1].image.write_bytes(b'no image')
    with pytest.raises(ConfigError, match=r'001\.png is missing or no image'):
        views[1].read()


# -- extrinsics

POSE = random_pose(np.random.default_rng(3), 1.0, 1.0)
EXTRINSICS = Extrinsics('panda_link0', 'camera_color_optical_frame', POSE)


def test_extrinsics_come_back_as_they_were_written(tmp_path):
    path = tmp_path / 'camera.yaml'
    save_extrinsics(path, EXTRINSICS, ('made by a test', 'residuals 1 mm'))
    read = load_extrinsics(path)
    assert (read.parent_frame, read.camera_frame) == ('panda_link0', 'camera_color_optical_frame')
    np.testing.assert_allclose(read.T_parent_camera, POSE, atol=1e-8)
    assert path.read_text().startswith('# made by a test\n# residuals 1 mm\n')


def test_the_file_is_parameters_for_every_node(tmp_path):
    path = tmp_path / 'camera.yaml'
    save_extrinsics(path, EXTRINSICS)
    parameters = yaml.safe_load(path.read_text())['/**']['ros__parameters']
    assert parameters['extrinsics'] == 'parameters'
    assert (parameters['camera_parent_frame'], parameters['camera_frame']) == (
        'panda_link0',
        'camera_color_optical_frame',
    )
    np.testing.assert_allclose(parameters['camera_xyz'], POSE[:3, 3], atol=1e-9)
    R = quaternion_to_matrix(parameters['camera_xyzw'])
    np.testing.assert_allclose(R, POSE[:3, :3], atol=1e-8)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (None, 'cannot be read'),
        ('{}', "expected parameters .* below '/\\*\\*: ros__parameters'"),
        (
            '/**: {ros__parameters: {camera_parent_frame: a, camera_frame: b, camera_xyz: [0, 0],'
            ' camera_xyzw: [0, 0, 0, 1]}}',
            r'camera_xyz has shape \(2,\)',
        ),
        (
            '/**: {ros__parameters: {camera_parent_frame: a, camera_frame: b, camera_xyz: [0, 0, 0]'
            ', camera_xyzw: [0, 0, 0, 2]}}',
            'camera_xyzw is not a unit quaternion',
        ),
        (
            "/**: {ros__parameters: {camera_parent_frame: '', camera_frame: b, camera_xyz: [0, 0, "
            '0], camera_xyzw: [0, 0, 0, 1]}}',
            'parent_frame is empty',
        ),
    ],
)
def test_malformed_extrinsics_say_where(tmp_path, text, message):
    path = tmp_path / 'camera.yaml'
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_extrinsics(path)
    assert str(path) in str(caught.value)


def test_extrinsics_are_rigid():
    with pytest.raises(InvalidValueError, match='T_parent_camera is not a rotation'):
        Extrinsics('a', 'b', np.diag([1.0, 1.0, 2.0, 1.0]))
