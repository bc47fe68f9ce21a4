"""After the warm-up no frame waits for the compiler."""

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher
from scenes import T_BASE_CAMERA, frame, random_depth

from gae_arm.point_cloud import deproject, planes, robot_mask, sampling, steady
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.sampling import LocalSampler
from gae_arm.point_cloud.warm_up import ROBOT, warm_up
from gae_arm.point_cloud.workspace import WorkspaceSettings


def compiled():
    """How many versions of every kernel there are."""
    return {
        f'{module.__name__}.{name}': len(value.signatures)
        for module in (deproject, planes, robot_mask, sampling, steady)
        for name, value in vars(module).items()
        if isinstance(value, Dispatcher)
    }


@pytest.mark.parametrize('remove_table', [False, True])
@pytest.mark.parametrize('voxel_size', [0.0, 0.01])
def test_every_kernel_is_ready(voxel_size, remove_table):
    warm_up()
    before = compiled()
    mask = robot_mask.RobotMask(ROBOT)
    settings = WorkspaceSettings(voxel_size=voxel_size, remove_table=remove_table)
    pipeline, sampler = CloudPipeline(settings, mask), LocalSampler()
    erring = random_depth() + np.arange(64, dtype=np.uint16) % 2 * 20
    for depth in (erring, random_depth(), random_depth().astype(np.float32) / 1000):
        for image in (depth, np.asfortranarray(depth), depth[::2, ::2]):
            links = mask.link_transforms({})
            cloud = pipeline.process(frame(image), T_BASE_CAMERA, links)
            for points in (cloud.points, cloud.points.copy(), cloud.points.astype(float)):
                sampler.sample(points, [0.4, 0, 0])
                sampler.sample(0.01 * points, [0, 0, 0])
                mask.contains(points, links)
    assert compiled() == before
