"""After `gae_arm.commands.kernels` nothing is compiled any more, whichever arm and process."""

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from gae_arm import arm_control, point_cloud
from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.commands import kernels
from gae_arm.commands.benches.governor_tick import TickBench
from gae_arm.commands.benches.streamed_arm import StreamedArm
from gae_arm.core.arm import load_arm
from gae_arm.core.geometry import matrix_to_quaternion
from gae_arm.core.paths import arm_file
from gae_arm.point_cloud.calibration.arm_image import ArmSurface

ROOT = Path(__file__).parents[2]
COUNT = """
import gc
from gae_arm.commands import kernels
from numba.core.dispatcher import Dispatcher
kernels.main()
every = [item.stats for item in gc.get_objects() if isinstance(item, Dispatcher)]
print(sum(map(len, (s.cache_hits for s in every))), sum(map(len, (s.cache_misses for s in every))))
"""


def compiled():
    """How many versions of every kernel of the rooms there are."""
    modules = [
        importlib.import_module(found.name)
        for room in (arm_control, point_cloud)
        for found in pkgutil.walk_packages(room.__path__, f'{room.__name__}.')
        if not found.name.endswith('.node')
    ]
    return {
        value: len(value.signatures)
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Dispatcher)
    }


@pytest.fixture(scope='module')
def ready():
    kernels.main()
    return compiled()


@pytest.mark.parametrize('arm', ['panda', 'ur5', 'xarm7'])
def test_no_arm_needs_more(ready, arm):
    tick = TickBench(arm, rules=True)
    for _ in range(20):
        tick()
    settings = GovernorSettings(use_cloud=False)
    config = limited_arm(load_arm(arm_file(arm)), settings)
    follower = StreamedArm(CollisionModel(Kinematics(config)), settings)
    follower.tick()
    here, turn = follower.pose[:3, 3], matrix_to_quaternion(follower.pose[:3, :3])
    assert follower.follower.accept(follower.chunk(np.tile(here, (5, 1)), turn, 0.05, 1.0)) is None
    for _ in range(20):
        follower.tick()
    ArmSurface(config, 'collision').warm_up()
    assert compiled() == ready


def test_another_process_loads_what_this_one_compiled(ready):
    path = f'{ROOT}{os.pathsep}{os.environ.get("PYTHONPATH", "")}'
    done = subprocess.run(
        [sys.executable, '-c', COUNT],
        env={**os.environ, 'PYTHONPATH': path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    *lines, counts = done.stdout.splitlines()
    assert lines[0].startswith('1 of ')
    assert lines[0].endswith(': point cloud')
    assert lines[-1].startswith('all kernels are ready after ')
    loaded, compiled_again = map(int, counts.split())
    assert loaded > 5
    assert compiled_again == 0
