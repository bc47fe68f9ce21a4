"""The contract of an episode: what it takes and what it refuses."""

import dataclasses

import numpy as np
import pytest
from made_episodes import episode

from gae_arm.core.errors import InvalidValueError
from gae_arm.demonstrations.episode import CameraTrack, CloudTrack


@pytest.fixture(scope='module')
def good():
    return episode()


def test_facts(good):
    assert good.steps == len(good.stamps_ns) == 127
    assert good.seconds == pytest.approx(6.3)
    np.testing.assert_allclose(good.T_base_ee()[5, :3, 3], good.position[5])
    np.testing.assert_allclose(good.T_base_ee()[5, :3, 2], [0, 0, -1], atol=1e-12)
    assert good == dataclasses.replace(good)
    assert good != dataclasses.replace(good, seed=1)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'arm': ''}, 'arm is empty'),
        ({'stamps_ns': np.zeros(127, np.int64)}, 'stamps_ns do not increase at 1: 0, 0'),
        ({'position': np.zeros((126, 3))}, r'position has shape \(126, 3\), expected \(127, 3\)'),
        ({'gripper': np.full(127, 1.5)}, 'gripper leaves 0 to 1: 1.5 to 1.5'),
        ({'joint_names': ('a',)}, r'joint_position has shape \(127, 7\), expected \(127, 1\)'),
        ({'keyframes': [3, 3]}, r'keyframes are not increasing steps below 127: \[3, 3\]'),
        ({'keyframes': [127]}, r'keyframes are not increasing steps below 127: \[127\]'),
        ({'success': 1}, 'success is not true, false or unknown: 1'),
        ({'seed': -1}, 'seed is -1'),
        ({'action_orientation': np.ones((127, 4))}, 'action_orientation is not a unit quaternion'),
    ],
)
def test_refused(good, change, message):
    with pytest.raises(InvalidValueError, match=message):
        dataclasses.replace(good, **change)


def test_two_cameras_need_two_names(good):
    with pytest.raises(InvalidValueError, match="cameras has \\['camera'\\] more than once"):
        dataclasses.replace(good, cameras=good.cameras * 2)
    with pytest.raises(
        InvalidValueError, match="camera 'top' is unknown; there are: \\['camera'\\]"
    ):
        good.camera('top')


def test_a_camera_gives_frames(good):
    frame = good.camera('camera').frame(2)
    assert frame.stamp_ns == good.cameras[0].stamps_ns[2]
    assert (frame.depth == good.cameras[0].depth[2]).all()
    blind = dataclasses.replace(good.cameras[0], intrinsics=None)
    with pytest.raises(InvalidValueError, match="camera 'camera' has no intrinsics"):
        blind.frame(0)


def test_a_camera_refuses_what_does_not_fit(good):
    camera = good.cameras[0]
    with pytest.raises(InvalidValueError, match='has neither colour nor depth'):
        CameraTrack('c', 'f', camera.stamps_ns)
    with pytest.raises(InvalidValueError, match=r'depth of camera .* is float64 .*expected uint16'):
        dataclasses.replace(camera, depth=camera.depth / 1000)
    with pytest.raises(InvalidValueError, match=r'expected uint8 \(4, 48, 64, 3\)'):
        dataclasses.replace(camera, stamps_ns=camera.stamps_ns[:4])
    poses = camera.T_base_camera.copy()
    poses[3, 0, 0] = 7
    with pytest.raises(InvalidValueError, match=r'T_base_camera\[3\] is not a rotation'):
        dataclasses.replace(camera, T_base_camera=poses)


def test_clouds_of_any_size():
    clouds = [np.ones((3, 3)), np.empty((0, 3)), np.full((2, 3), 0.5)]
    track = CloudTrack.of([0, 1, 5], clouds)
    assert track.points.dtype == np.float16
    for i, cloud in enumerate(clouds):
        np.testing.assert_array_equal(track.cloud(i), cloud)
    with pytest.raises(InvalidValueError, match=r'starts do not run from 0 to 5: \[0, 3, 3, 4\]'):
        CloudTrack(track.stamps_ns, [0, 3, 3, 4], track.points)
    with pytest.raises(InvalidValueError, match='points are float64, expected float16 or float32'):
        CloudTrack(track.stamps_ns, track.starts, track.points.astype(float))


def test_the_said_rounding_of_float16_holds():
    values = np.random.default_rng(0).uniform(-2, 2, 100_000)
    error = np.abs(values.astype(np.float16).astype(float) - values)
    assert error[np.abs(values) < 1].max() <= 0.00025
    assert error.max() <= 0.0005
