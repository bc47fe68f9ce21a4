"""Clouds made again from the recorded depth images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gae_arm.core.arm import ArmConfig
from gae_arm.core.camera import CameraFrame
from gae_arm.core.cloud import Cloud
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import RobotState
from gae_arm.core.transform_tree import TransformUnknownError
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.robot_mask import RobotMask
from gae_arm.point_cloud.workspace import WorkspaceSettings
from gae_arm.recording.rerun.finding import Finding
from gae_arm.recording.rerun.memory import BagMemory, NotInBagError

KIND = 'cloud'


class CloudMaker:
    """Makes clouds of a bag's images as the node `point_cloud` does.

    parent: frame in which T_parent_camera (4, 4) says where the camera is; None: /tf says it.
    """

    def __init__(
        self,
        arm: ArmConfig,
        workspace: WorkspaceSettings,
        mask_robot: bool = True,
        parent: tuple[str, np.ndarray] | None = None,
    ) -> None:
        self.base_frame = arm.base_frame
        self._joints = set(arm.joints)
        self._mask = RobotMask.of_arm(arm, workspace.robot_margin) if mask_robot else None
        self._pipeline = CloudPipeline(workspace, self._mask)
        self._parent = parent

    def pose(self, frame_id: str, stamp_ns: int, memory: BagMemory) -> np.ndarray:
        """Return T_base_camera (4, 4) of an image; NotInBagError."""
        lookup = memory.transforms.lookup
        try:
            if self._parent is None:
                return lookup(self.base_frame, frame_id, stamp_ns)
            frame, T_parent_camera = self._parent
            return lookup(self.base_frame, frame or self.base_frame, stamp_ns) @ T_parent_camera
        except TransformUnknownError as error:
            raise NotInBagError(f'where the camera stood is not in the bag: {error}') from error

    def can_mask(self, state: RobotState) -> bool:
        """Return whether the state has the arm's joints; a gripper's own messages have not."""
        return self._mask is None or self._joints <= set(state.joint_names)

    def make(
        self, frame: CameraFrame, T_base_camera: np.ndarray, state: RobotState | None
    ) -> Cloud:
        """Return the cloud of an image and the joint state of its time (None: no mask)."""
        links = None
        if self._mask is not None and state is not None:
            joints = dict(zip(state.joint_names, state.position.tolist(), strict=True))
            links = self._mask.link_transforms(joints)
        made = self._pipeline.process(frame, T_base_camera, links)
        return Cloud(frame.stamp_ns, self.base_frame, made.points.copy())

    def candidates(self, stamp_ns: int, memory: BagMemory) -> Iterator[Cloud]:
        """Yield the clouds that the node may have made of an image, the likeliest first.

        It takes the joint state nearest to the exposure of those that have come by then, and which
        have is not recorded: it is one of those around it, mostly the nearest.
        """
        frame = memory.frame(stamp_ns)
        T = self.pose(frame.frame_id, stamp_ns, memory)
        if self._mask is None:
            yield self.make(frame, T, None)
            return
        states = memory.states.around(stamp_ns)
        if not states:
            raise NotInBagError('the joint state of its time is not in the bag')
        for state in states:
            yield self.make(frame, T, state)


def compare_cloud(
    recorded: Cloud, maker: CloudMaker, memory: BagMemory, tolerance: float
) -> Finding:
    """Return how a recorded cloud differs from the one made again, of those that may be it."""
    best: Finding | None = None
    try:
        for cloud in maker.candidates(recorded.stamp_ns, memory):
            found = _difference(recorded, cloud)
            if best is None or _distance(found) < _distance(best):
                best = found
            if best.worst <= tolerance:
                break
    except (NotInBagError, InvalidValueError) as error:
        return Finding(KIND, recorded.stamp_ns, left_out=str(error))
    assert best is not None  # There is a candidate, or an error.
    return best


def _difference(recorded: Cloud, cloud: Cloud) -> Finding:
    have, want = len(cloud.points), len(recorded.points)
    if have == want:
        apart = np.abs(cloud.points - recorded.points)
        return Finding(KIND, recorded.stamp_ns, {'point m': float(apart.max(initial=0.0))})
    share = abs(have - want) / max(have, want)
    return Finding(
        KIND, recorded.stamp_ns, {'share of points': share}, shape='another number of points'
    )


def _distance(finding: Finding) -> tuple[bool, float]:
    return bool(finding.shape), max(finding.differences.values(), default=0.0)
