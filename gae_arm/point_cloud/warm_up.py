"""Compile every kernel of the room, or load it from the cache, before the first real frame."""

from __future__ import annotations

import numpy as np

from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.robot_mask import RobotMask
from gae_arm.point_cloud.sampling import LocalSampler
from gae_arm.point_cloud.workspace import WorkspaceSettings

ROBOT = """
<robot name="cube"><link name="cube"><collision><geometry><box size="0.1 0.1 0.1"/></geometry>
</collision></link></robot>
"""


def warm_up() -> None:
    """Run a tiny frame of each depth type through all stages; seconds the first time."""
    mask = RobotMask(ROBOT)
    settings = WorkspaceSettings((-1, -1, 0), (1, 1, 2), voxel_size=0.1, remove_table=True)
    pipeline = CloudPipeline(settings, mask)
    intrinsics = CameraIntrinsics(8, 6, np.array([[8, 0, 4], [0, 8, 3], [0, 0, 1]]))
    erring = (1000 + 100 * (np.arange(48) % 2)).reshape(6, 8)
    for depth in (erring.astype(np.uint16), (0.001 * erring).astype(np.float32)):
        frame = CameraFrame(0, 'warm_up', intrinsics, depth)
        cloud = pipeline.process(frame, np.eye(4), mask.link_transforms({}))
    LocalSampler(count=4, radius=1.0).sample(np.zeros((12, 3)), (0, 0, 0))
    mask.contains(cloud.points, mask.link_transforms({}))
