"""Bytes written by hand are what rclpy reads."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')

from nav_msgs.msg import Path
from rclpy.serialization import deserialize_message
from trajectory_msgs.msg import JointTrajectory as JointTrajectoryMsg

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.trajectory import JointTrajectory
from gae_arm.ros.cdr import path_to_bytes, trajectory_to_bytes
from gae_arm.ros.trajectory_msgs import trajectory_from_msg

STAMP = 1_234_567_890_123_456_789


def trajectory(names, count):
    random = np.random.default_rng(count)
    times = 10_000_000 * np.arange(count) * 150
    return JointTrajectory(names, STAMP, times, *random.normal(size=(3, count, len(names))))


# Lengths of the names decide where the first number lies.
@pytest.mark.parametrize('suffix', ['', '1', '12', '123', '1234', '12345', '123456', '1234567'])
@pytest.mark.parametrize('joints', [1, 6, 7])
@pytest.mark.parametrize('count', [1, 2, 31])
def test_a_trajectory_is_read_back_as_it_was(suffix, joints, count):
    wanted = trajectory(tuple(f'joint{i}{suffix}' for i in range(joints)), count)
    data = trajectory_to_bytes(wanted)
    assert trajectory_from_msg(deserialize_message(data, JointTrajectoryMsg)) == wanted


def test_a_trajectory_without_accelerations_is_not_written():
    bare = JointTrajectory(('a',), 0, [1], [[0.0]])
    with pytest.raises(InvalidValueError, match=r'^the trajectory has no velocities or no acc'):
        trajectory_to_bytes(bare)


@pytest.mark.parametrize(
    'frame', ['b', 'ba', 'bas', 'base', 'base_', 'base_l', 'base_li', 'base_lin']
)
@pytest.mark.parametrize('count', [1, 2, 5])
def test_a_path_is_read_back_as_it_was(frame, count):
    random = np.random.default_rng(0)
    stamps = STAMP + 100_000_000 * np.arange(count)
    position, orientation = random.normal(size=(count, 3)), random.normal(size=(count, 4))
    data = path_to_bytes(frame, stamps, position, orientation)
    msg = deserialize_message(data, Path)
    assert msg.header.frame_id == frame
    assert msg.header.stamp == msg.poses[-1].header.stamp
    for k, one in enumerate(msg.poses):
        p, q = one.pose.position, one.pose.orientation
        assert one.header.frame_id == frame
        assert one.header.stamp.sec * 10**9 + one.header.stamp.nanosec == stamps[k]
        assert [p.x, p.y, p.z] == position[k].tolist()
        assert [q.x, q.y, q.z, q.w] == orientation[k].tolist()
