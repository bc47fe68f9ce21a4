"""Joint trajectories played by what was executed: where they begin, pause and end."""

import numpy as np
import pytest

from gae_arm.arm_control.command import Path
from gae_arm.arm_control.joint_motion import JointMotion
from gae_arm.arm_control.streaming import StreamSettings

MS = 1_000_000
START = 10**9
JOINTS = ('a', 'b')


def path(times_ms, points):
    return Path(np.array(times_ms, np.int64) * MS, np.array(points, np.float64))


def motion(way, start_ns=START, at_ns=START, position=(0.0, 0.0)):
    return JointMotion(JOINTS, way, start_ns, at_ns, np.array(position), StreamSettings())


def test_one_point_is_reached_from_where_the_arm_is():
    to_goal = motion(path([1000], [[0.5, -0.5]]), position=(0.1, 0.1))
    first = to_goal.tick(START, START, 0.0)
    np.testing.assert_allclose(first.position[0], [0.1, 0.1])
    assert first.times_ns[0] == START
    for k in range(1, 150):
        command = to_goal.tick(START + k * 10 * MS, START + k * 10 * MS, 1.0)
    np.testing.assert_allclose(command.position[0], [0.5, -0.5])
    assert to_goal.finished


def test_the_clock_of_the_motion_is_that_of_the_arm():
    straight = motion(path([0, 1000, 2000], [[0, 0], [1, 1], [2, 2]]))
    straight.tick(START, START, 0.0)
    now = straight.tick(START, START + 500 * MS, 0.5).position[0]
    np.testing.assert_allclose(now, 0.25)
    halted = straight.tick(START, START + 900 * MS, 0.0).position[0]
    np.testing.assert_allclose(halted, 0.25)


def test_what_has_passed_when_it_comes_is_left_out():
    late = motion(path([0, 1000], [[0, 0], [1, 1]]), START, START + 400 * MS)
    first = late.tick(START, START + 400 * MS, 0.0).position[0]
    np.testing.assert_allclose(first, 0.4)


@pytest.mark.parametrize('end', [0.3, 1.0, 3.0])
def test_it_slows_down_to_its_end_and_does_not_pass_it(end):
    steady = motion(path([0, end * 500, end * 1000], [[0, 0], [end / 2] * 2, [end] * 2]))
    positions = [
        steady.tick(START, START + k * 10 * MS, float(k > 0)).position[0, 0]
        for k in range(round(end * 100) + 60)
    ]
    speed = np.diff(positions) / 0.01
    assert positions[-1] == pytest.approx(end)
    assert (speed > -1e-9).all()
    assert np.abs(np.diff(speed)).max() < 1.01 * 0.01 / StreamSettings().slowing
    assert steady.finished
