"""The simulated arm in a task: scene, camera and instruction are those of the seed."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from gae_msgs.srv import ResetScene
from graph import TIMEOUT, Probe

from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.commands.endurance.memory import private_megabytes
from gae_arm.ros import topics

MAIN = 'from gae_arm.arm_sim.node import main; main()'
FRAME = 'camera_color_optical_frame'


@pytest.fixture(scope='module')
def stacking(own_domain):
    words = ('-p', 'task:=stack_two', '-p', 'seed:=3', '-p', 'camera_rate:=5.0')
    process = subprocess.Popen([sys.executable, '-c', MAIN, '--ros-args', *words])
    try:
        with Probe('probe', lambda: process.poll() is None) as probe:
            info, static = probe.listen(topics.CAMERA_INFO), probe.listen(topics.TF_STATIC)
            probe.wait_for(lambda: info and static, 'the camera')
            yield probe, info, static, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 0


def camera_place(static):
    """Where the camera was said to be last, (3,), metres."""
    every = [t for msg in static for t in msg.transforms if t.child_frame_id == FRAME]
    p = every[-1].transform.translation
    return np.array([p.x, p.y, p.z])


def test_the_camera_is_that_of_the_seed(stacking):
    _, info, static, _ = stacking
    view = TASKS['stack_two'].sample(3).view
    np.testing.assert_allclose(camera_place(static), view.T_base_camera[:3, 3], atol=1e-9)
    np.testing.assert_allclose(np.reshape(info[-1].k, (3, 3)), view.intrinsics(320, 240).K)


def test_a_reset_draws_another_seed_with_its_camera_and_tells_the_instruction(stacking):
    probe, info, static, _ = stacking
    instance = TASKS['stack_two'].sample(8)
    answer = probe.call(ResetScene, 'arm_sim/reset', ResetScene.Request(seed=8))
    assert answer.success
    assert answer.message.startswith(instance.instruction)
    assert instance.targets[0] in answer.message
    K = instance.view.intrinsics(320, 240).K
    probe.wait_for(lambda: np.allclose(np.reshape(info[-1].k, (3, 3)), K), 'the new camera')
    place = instance.view.T_base_camera[:3, 3]
    probe.wait_for(lambda: np.allclose(camera_place(static), place), 'its pose')


def test_resets_give_back_the_memory_of_what_was_there_before(stacking):
    """Without `give_back` 26 MB are kept after so many, with it 6."""
    probe, info, _, pid = stacking
    grown = []
    for seed in range(20, 34):
        assert probe.call(ResetScene, 'arm_sim/reset', ResetScene.Request(seed=seed)).success
        K = TASKS['stack_two'].sample(seed).view.intrinsics(320, 240).K
        probe.wait_for(lambda K=K: np.allclose(np.reshape(info[-1].k, (3, 3)), K), 'its camera')
        grown.append(private_megabytes(pid))
    assert min(grown[-4:]) - max(grown[:4]) < 14


def test_an_unknown_task_ends_the_start_with_the_tasks_there_are():
    done = subprocess.run(
        [sys.executable, '-c', MAIN, '--ros-args', '-p', 'task:=juggle'],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 1
    assert "task 'juggle' is unknown; there are: ['drawer_put_away', 'none'" in done.stderr
