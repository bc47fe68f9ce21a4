"""The simulated camera on a real graph, beside the simulation in real time."""

from __future__ import annotations

import numpy as np
import pytest
from gae_msgs.srv import ResetScene
from graph import graph

from gae_arm.arm_sim.settings import ArmSimSettings
from gae_arm.core.arm import load_arm
from gae_arm.core.geometry import invert, matrix_to_quaternion, transform_points
from gae_arm.core.paths import arm_file
from gae_arm.ros import topics
from gae_arm.ros.stamps import time_from_msg

BASE = load_arm(arm_file('panda')).base_frame


@pytest.fixture(scope='module')
def camera(tmp_path_factory, own_domain):
    with graph(tmp_path_factory.mktemp('camera'), 'sim.launch.yaml', 'control:=false') as (
        _,
        probe,
    ):
        streams = [probe.listen(t) for t in (topics.COLOR, topics.DEPTH, topics.CAMERA_INFO)]
        probe.wait_for(lambda: all(len(s) > 3 for s in streams), 'images', timeout=90.0)
        yield probe, *streams


def test_colour_depth_and_info_are_of_one_stamp_frame_and_size(camera):
    _, color, depth, info = camera
    stamps = [{time_from_msg(m.header.stamp) for m in stream} for stream in (color, depth, info)]
    assert len(stamps[0] & stamps[1] & stamps[2]) >= 3
    for msg in (color[-1], depth[-1], info[-1]):
        assert msg.header.frame_id == 'camera_color_optical_frame'
        assert (msg.width, msg.height) == (320, 240)
    assert (color[-1].encoding, color[-1].step) == ('rgb8', 960)
    assert (depth[-1].encoding, depth[-1].step) == ('16UC1', 640)


def test_the_table_lies_at_height_zero_in_the_base_frame(camera):
    """Depth, K and the camera's pose on /tf_static agree: they put the table where it is."""
    _, _, depth, info = camera
    K = np.array(info[-1].k).reshape(3, 3)
    z = np.frombuffer(depth[-1].data, np.uint16).reshape(240, 320) / 1000
    v, u = np.nonzero(z)
    rays = np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones(len(u))], -1)
    points = transform_points(ArmSimSettings().camera().T_base_camera, rays * z[v, u][:, None])
    on_table = (points[:, 0] > 0.2) & (points[:, 0] < 0.8) & (np.abs(points[:, 1]) < 0.4)
    heights = points[on_table, 2]
    assert np.count_nonzero(on_table) > 10_000
    assert abs(np.median(heights)) < 0.003
    assert np.percentile(heights, 1) > -0.02


def test_tf_static_says_where_the_camera_stands(camera):
    probe, *_ = camera
    static = probe.listen(topics.TF_STATIC)

    def mount():
        every = [t for msg in static for t in msg.transforms]
        return next((t for t in every if t.child_frame_id == 'camera_color_optical_frame'), None)

    found = probe.wait_for(mount, 'the pose of the camera')
    T_base_camera = ArmSimSettings().camera().T_base_camera
    p, q = found.transform.translation, found.transform.rotation
    assert found.header.frame_id == BASE
    np.testing.assert_allclose([p.x, p.y, p.z], T_base_camera[:3, 3], atol=1e-9)
    expected = matrix_to_quaternion(T_base_camera[:3, :3])
    assert abs(np.dot([q.x, q.y, q.z, q.w], expected)) == pytest.approx(1.0, abs=1e-9)
    assert invert(T_base_camera)[2, 3] > 0.5


def test_a_new_scene_changes_the_picture(camera):
    probe, color, *_ = camera
    before = np.frombuffer(color[-1].data, np.uint8).astype(int)
    answer = probe.call(ResetScene, 'arm_sim/reset', ResetScene.Request(seed=12))
    assert answer.success
    count = len(color)
    probe.wait_for(lambda: len(color) > count + 2, 'images after the reset')
    after = np.frombuffer(color[-1].data, np.uint8).astype(int)
    assert (np.abs(after - before) > 40).sum() > 1000
