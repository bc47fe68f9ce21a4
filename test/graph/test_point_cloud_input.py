"""The point-cloud node with a camera in the test's hand: unmoved by whatever it sends."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from graph import graph
from sensor_msgs.msg import CameraInfo, Image

from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.geometry import transform
from gae_arm.point_cloud.calibration.extrinsics import Extrinsics, save_extrinsics
from gae_arm.ros import topics
from gae_arm.ros.camera_msgs import frame_to_msgs
from gae_arm.ros.cloud_msgs import points_from_msg
from gae_arm.ros.stamps import time_to_msg

WIDTH, HEIGHT = 64, 48
AGAIN_NS = 2 * 10**9
K = np.array([[60.0, 0, 31.5], [0, 60.0, 23.5], [0, 0, 1]])
# One metre above the table, looking down: x of the image is x of the base.
LOOKING_DOWN = transform(np.diag([1.0, -1.0, -1.0]), [0.4, 0.0, 1.0])


class Camera:
    """A camera in the test's hand, and what the node makes of its images."""

    def __init__(self, probe):
        self.probe = probe
        self.depth = probe.publisher(topics.DEPTH)
        self.info = probe.publisher(topics.CAMERA_INFO)
        self.clouds = probe.listen(topics.POINTS)
        self.diagnostics = probe.listen(topics.DIAGNOSTICS)
        self.stamp_ns = 0

    def messages(self, depth, age_ns=0):
        self.stamp_ns = max(self.probe.now_ns() - age_ns, self.stamp_ns + 1 if not age_ns else 0)
        frame = CameraFrame(self.stamp_ns, 'camera', CameraIntrinsics(WIDTH, HEIGHT, K), depth)
        _, image, info = frame_to_msgs(frame)
        return image, info

    def send(self, image, info):
        self.info.publish(info)
        self.depth.publish(image)

    def report(self, key):
        """The newest diagnosis that has this key above zero."""

        def found():
            every = [
                s for m in self.diagnostics for s in m.status if s.name == 'point_cloud: cloud'
            ]
            return next((s for s in reversed(every) if _values(s).get(key, '0') != '0'), None)

        return self.probe.wait_for(found, f'{key} on /diagnostics')

    def shows_a_good_frame(self):
        """Show one again where none came of it: on a busy machine it was too old when it came."""
        before, shown_ns = len(self.clouds), 0

        def came():
            nonlocal shown_ns
            if self.probe.now_ns() - shown_ns > AGAIN_NS:
                shown_ns = self.probe.now_ns()
                self.send(*self.messages(np.full((HEIGHT, WIDTH), 1000, np.uint16)))
            return len(self.clouds) > before

        self.probe.wait_for(came, 'a cloud of a good frame')
        return points_from_msg(self.clouds[-1])


def _values(status: DiagnosticStatus) -> dict[str, str]:
    return {v.key: v.value for v in status.values}


@pytest.fixture(scope='module')
def alone(tmp_path_factory, own_domain):
    folder = tmp_path_factory.mktemp('alone')
    save_extrinsics(folder / 'camera.yaml', Extrinsics('panda_link0', 'camera', LOOKING_DOWN))
    words = ('mask_robot:=false', 'calibration_health:=false', f'camera:={folder}/camera.yaml')
    with graph(folder, 'point_cloud.launch.yaml', *words) as (_, probe):
        yield Camera(probe)


def test_a_plane_is_where_geometry_says(alone):
    points = alone.shows_a_good_frame()
    assert len(points) == WIDTH * HEIGHT
    np.testing.assert_allclose(points[:, 2], 0.0, atol=1e-4)
    np.testing.assert_allclose(points[:, 0].min(), 0.4 - 31.5 / 60, atol=1e-4)
    np.testing.assert_allclose(points[:, 1].max(), 23.5 / 60, atol=1e-4)


def broken(camera, kind) -> tuple[Image, CameraInfo]:
    good = np.full((HEIGHT, WIDTH), 1000, np.uint16)
    image, info = camera.messages(good, age_ns=10**9 if kind == 'old' else 0)
    if kind == 'encoding':
        image.encoding = 'bgr8'
    elif kind == 'truncated':
        image.data = array('B', image.data[:100])
    elif kind == 'K of zeros':
        info.k = np.zeros(9)
    elif kind == 'other size':
        info.width, info.height = 2 * WIDTH, 2 * HEIGHT
    elif kind == 'distortion':
        info.distortion_model, info.d = 'fisheye', array('d', [1.0, 2.0])
    elif kind == 'future':
        for msg in (image, info):
            msg.header.stamp = time_to_msg(camera.probe.now_ns() + 10**9)
    return image, info


@pytest.mark.parametrize(
    ('kind', 'cause', 'message'),
    [
        ('encoding', 'bad_frame', "depth encoding 'bgr8' is unknown; there are: "),
        ('truncated', 'bad_frame', '100 bytes of data; 48 rows of 64 elements of 2 bytes need'),
        ('K of zeros', 'bad_frame', 'K has focal lengths 0.0, 0.0, not > 0'),
        ('other size', 'bad_frame', 'depth has shape (48, 64), intrinsics say (96, 128)'),
        ('distortion', 'bad_frame', "distortion model 'fisheye' is unknown"),
        ('old', 'stale', 'allowed are 0.25 s'),
        ('future', 'clock', 'in the future: clocks differ'),
    ],
)
def test_a_bad_frame_is_counted_and_named_and_the_next_good_one_works(alone, kind, cause, message):
    alone.shows_a_good_frame()
    alone.diagnostics.clear()
    alone.send(*broken(alone, kind))
    status = alone.report(f'dropped_{cause}')
    assert message in status.message
    assert len(alone.shows_a_good_frame()) == WIDTH * HEIGHT


@pytest.mark.parametrize(
    'depth',
    [
        np.zeros((HEIGHT, WIDTH), np.uint16),
        np.full((HEIGHT, WIDTH), np.nan, np.float32),
        np.full((HEIGHT, WIDTH), np.inf, np.float32),
    ],
    ids=['zeros', 'NaN', 'inf'],
)
def test_an_image_without_any_depth_is_an_empty_cloud(alone, depth):
    before = len(alone.clouds)
    alone.send(*alone.messages(depth))
    alone.probe.wait_for(lambda: len(alone.clouds) > before, 'an empty cloud')
    assert points_from_msg(alone.clouds[-1]).shape == (0, 3)


def test_frames_that_stop_are_reported(alone):
    alone.shows_a_good_frame()
    alone.diagnostics.clear()

    def stale():
        return [s for m in alone.diagnostics for s in m.status if s.level == DiagnosticStatus.STALE]

    assert alone.probe.wait_for(stale, 'STALE on /diagnostics')[-1].message.startswith('no cloud: ')
