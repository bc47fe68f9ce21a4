"""The script knows a way for every task, and each arm can go it."""

import numpy as np
import pytest

from gae_arm.arm_sim.tasks.registry import TASKS, find_task
from gae_arm.arm_sim.tasks.steps import Lift, Put, Slide
from gae_arm.arm_sim.tasks.truth import observe_truth
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.demonstrations.script import Script
from gae_arm.demonstrations.ways import grouped


@pytest.mark.parametrize('arm', ['panda', 'ur5', 'xarm7'])
@pytest.mark.parametrize('task', TASKS)
def test_the_first_plan_of_every_task_is_a_handful_of_waypoints(task, arm):
    config = load_arm(arm_file(arm))
    instance = find_task(task).sample(3)
    simulation = instance.simulate(config)
    script = Script(config, instance)
    way = script.keyframes(script.groups[0], observe_truth(simulation), config.home, True)
    assert 2 <= len(way) <= 6
    for keyframe in way:
        assert keyframe.T_base_ee[2, 3] > instance.table_height
        waypoint = keyframe.waypoint()
        np.testing.assert_allclose(np.linalg.norm(waypoint.orientation), 1.0)


def test_what_is_lifted_is_put_down_by_the_same_plan():
    put = Put('cube', 'bowl', np.eye(4))
    drawer = Slide('drawer', np.array([-1.0, 0, 0]), 0.1)
    steps = (drawer, Lift('cube'), put, drawer, Lift('cube'))
    assert [len(group) for group in grouped(steps)] == [1, 2, 1, 1]
