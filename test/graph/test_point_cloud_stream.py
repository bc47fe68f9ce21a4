"""The point-cloud node beside the simulator, on a real graph."""

from __future__ import annotations

import numpy as np
import pytest
from graph import graph

from gae_arm.ros import topics
from gae_arm.ros.cloud_msgs import points_from_msg
from gae_arm.ros.stamps import time_from_msg


@pytest.fixture(scope='module')
def simulated(tmp_path_factory, own_domain):
    with graph(tmp_path_factory.mktemp('cloud'), 'sim.launch.yaml', 'control:=false') as (_, probe):
        clouds = probe.listen(topics.POINTS)
        probe.wait_for(lambda: len(clouds) > 5, 'clouds', timeout=120.0)
        yield probe, clouds


def test_the_cloud_of_the_simulator_is_the_table_without_the_robot(simulated):
    _, clouds = simulated
    assert clouds[-1].header.frame_id == 'panda_link0'
    points = points_from_msg(clouds[-1])
    assert points.dtype == np.float32
    assert np.isfinite(points).all()
    near_table = np.abs(points[:, 2]) < 0.02
    assert near_table.mean() > 0.6
    assert abs(np.median(points[near_table, 2])) < 0.003
    # The hand hangs at 0.3 m and more over the table; without the mask thousands are there.
    assert ((points[:, 2] > 0.15) & (points[:, 0] > 0)).mean() < 0.01


def test_stamps_are_those_of_the_camera_and_fresh(simulated):
    probe, clouds = simulated
    depth = probe.listen(topics.DEPTH)
    probe.wait_for(lambda: len(depth) > 3, 'depth images')
    newest = time_from_msg(depth[-1].header.stamp)
    probe.wait_for(lambda: time_from_msg(clouds[-1].header.stamp) >= newest, 'their clouds')
    stamps = {time_from_msg(m.header.stamp) for m in clouds}
    assert {time_from_msg(m.header.stamp) for m in depth[:-1]} <= stamps


def test_a_cloud_in_colour_comes_to_who_looks(simulated):
    probe, _ = simulated
    view = probe.listen(topics.POINTS_VIEW)
    probe.wait_for(lambda: any('rgb' in {f.name for f in m.fields} for m in view), 'a colour cloud')
