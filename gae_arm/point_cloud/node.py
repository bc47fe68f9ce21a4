"""The camera's depth as the cloud of the workspace, many times a second.

One thread: a frame is worked on as soon as its depth and its intrinsics are there. What cannot be
used is dropped, counted by cause, and named on /diagnostics; nothing stale is sent as fresh.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, JointState

from gae_arm.core import checks
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import GaeError, InvalidValueError
from gae_arm.core.geometry import quaternion_to_matrix, transform
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.transform_tree import TransformUnknownError
from gae_arm.point_cloud.arrival import StreamRecord
from gae_arm.point_cloud.pairing import FramePairer
from gae_arm.point_cloud.pipeline import CloudPipeline, WorkspaceCloud
from gae_arm.point_cloud.robot_mask import RobotMask
from gae_arm.point_cloud.settings import CloudNodeSettings
from gae_arm.point_cloud.warm_up import warm_up
from gae_arm.point_cloud.workspace import WorkspaceSettings
from gae_arm.ros import diagnostics, parameters, topics
from gae_arm.ros.cloud_msgs import (
    cloud_to_msg,
    color_from_msg,
    depth_from_msg,
    intrinsics_from_msg,
)
from gae_arm.ros.diagnostics import Diagnostics
from gae_arm.ros.motion_msgs import state_from_msg
from gae_arm.ros.run import run_node
from gae_arm.ros.stamps import time_from_msg
from gae_arm.ros.transform_listener import TransformListener

# Stamps may be ahead of our clock by this, as clocks of two machines are.
CLOCK_TOLERANCE_NS = 50_000_000


class FrameDroppedError(GaeError):
    """A frame makes no cloud; `cause` is counted."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class PointCloudNode(Node):
    """Node `point_cloud`; see docs/reference.md for what it says and hears."""

    def __init__(self) -> None:
        super().__init__('point_cloud')
        self._settings = parameters.declare(self, CloudNodeSettings)
        workspace = parameters.declare(self, WorkspaceSettings)
        self._max_age_ns = round(self._settings.max_age * 1e9)
        arm = load_arm(arm_file(self._settings.arm))
        self._base_frame = arm.base_frame
        self._fixed_pose = self._pose_of_parameters()
        self.get_logger().info('preparing the kernels; the first time this takes a minute')
        warm_up()
        self._mask = (
            RobotMask.of_arm(arm, workspace.robot_margin) if self._settings.mask_robot else None
        )
        self._pipeline = CloudPipeline(workspace, self._mask)
        self._pairer = FramePairer(['depth', 'info'], round(self._settings.slop * 1e9))
        self._record = StreamRecord()
        self._reported = (self._now_ns(), 0, 0)
        self._states: deque[RobotState] = deque(maxlen=200)
        self._color: Image | None = None
        self._next_view_ns = 0
        self._connect()
        self.get_logger().info('ready')

    def _connect(self) -> None:
        self._points = topics.POINTS.publisher(self)
        self._view = topics.POINTS_VIEW.publisher(self)
        self._diagnostics = Diagnostics(self)
        self._load = diagnostics.ProcessLoad()
        self._transforms = TransformListener(self)
        self._color_subscription = None
        topics.JOINT_STATES.subscription(self, self._take_state)
        topics.CAMERA_INFO.subscription(self, lambda msg: self._take('info', msg))
        topics.DEPTH.subscription(self, lambda msg: self._take('depth', msg))
        self.create_timer(1.0, self._report)

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds

    # -- in

    def _take_state(self, msg: JointState) -> None:
        try:
            self._states.append(state_from_msg(msg))
        except InvalidValueError as error:
            self._record.drop('bad_joint_state', f'joint state: {error}')

    def _take_color(self, msg: Image) -> None:
        self._color = msg

    def _take(self, stream: str, msg: Image | CameraInfo) -> None:
        stamp_ns = time_from_msg(msg.header.stamp)
        try:
            # Before pairing: one stamp of the future would make all honest ones seem late.
            self._check_age(stream, stamp_ns)
            parts = self._pairer.add(stream, stamp_ns, msg)
            if parts is not None:
                self._publish(self._make_cloud(parts['depth'], parts['info']))
        except FrameDroppedError as error:
            self._record.drop(error.cause, str(error))
        except InvalidValueError as error:
            self._record.drop('bad_frame', str(error))

    # -- the work

    def _make_cloud(self, depth: Image, info: CameraInfo) -> WorkspaceCloud:
        stamp_ns = time_from_msg(depth.header.stamp)
        frame = CameraFrame(
            stamp_ns,
            depth.header.frame_id,
            intrinsics_from_msg(info),
            depth_from_msg(depth),
        )
        T_base_camera = self._camera_pose(frame)
        T_base_links = self._mask.link_transforms(self._joints(stamp_ns)) if self._mask else None
        return self._pipeline.process(frame, T_base_camera, T_base_links)

    def _check_age(self, what: str, stamp_ns: int) -> None:
        age_ns = self._now_ns() - stamp_ns
        if age_ns > self._max_age_ns:
            raise FrameDroppedError(
                'stale',
                f'{what} is {age_ns / 1e9:.3f} s old, allowed are {self._settings.max_age} s',
            )
        if age_ns < -CLOCK_TOLERANCE_NS:
            raise FrameDroppedError(
                'clock', f'{what} is of {-age_ns / 1e9:.3f} s in the future: clocks differ'
            )

    def _camera_pose(self, frame: CameraFrame) -> np.ndarray:
        if self._fixed_pose is not None:
            return self._fixed_pose
        try:
            return self._transforms.lookup(self._base_frame, frame.frame_id, frame.stamp_ns)
        except TransformUnknownError as error:
            raise FrameDroppedError('no_extrinsics', str(error)) from error

    def _joints(self, stamp_ns: int) -> dict[str, float]:
        """Return the joint positions nearest to the exposure."""
        if not self._states:
            raise FrameDroppedError(
                'no_joint_state', 'no joint state has come: mask_robot needs it'
            )
        state = min(self._states, key=lambda s: abs(s.stamp_ns - stamp_ns))
        apart_ns = abs(state.stamp_ns - stamp_ns)
        if apart_ns > self._max_age_ns:
            raise FrameDroppedError(
                'joint_state_stale',
                f'the nearest joint state is {apart_ns / 1e9:.3f} s from the image, allowed are '
                f'{self._settings.max_age} s',
            )
        return dict(zip(state.joint_names, state.position.tolist(), strict=True))

    def _pose_of_parameters(self) -> np.ndarray | None:
        if self._settings.extrinsics == 'tf':
            return None
        orientation = checks.quaternion('camera_xyzw', self._settings.camera_xyzw, (4,))
        return transform(quaternion_to_matrix(orientation), self._settings.camera_xyz)

    # -- out

    def _publish(self, cloud: WorkspaceCloud) -> None:
        self._points.publish(cloud_to_msg(cloud.points, cloud.stamp_ns, self._base_frame))
        now_ns = self._now_ns()
        self._record.publish(
            now_ns - cloud.stamp_ns,
            now_ns,
            points=len(cloud.points),
            valid_share=cloud.valid / cloud.total,
            robot_share=cloud.robot / cloud.total,
        )
        if self._color_subscription and now_ns >= self._next_view_ns:
            self._next_view_ns = now_ns + round(1e9 / self._settings.view_rate)
            self._publish_view(cloud)

    def _publish_view(self, cloud: WorkspaceCloud) -> None:
        color = self._color
        if color is None or time_from_msg(color.header.stamp) != cloud.stamp_ns:
            colors = None
        else:
            colors = color_from_msg(color).reshape(-1, 3)[cloud.pixels]
        msg = cloud_to_msg(cloud.points, cloud.stamp_ns, self._base_frame, colors)
        self._view.publish(msg)

    def _follow_viewers(self) -> None:
        """Hear the colour image only while somebody looks: it is the largest message of all."""
        looking = self._settings.view_rate > 0 and self._view.get_subscription_count() > 0
        if looking and self._color_subscription is None:
            self._color_subscription = topics.COLOR.subscription(self, self._take_color)
        elif not looking and self._color_subscription is not None:
            self.destroy_subscription(self._color_subscription)
            self._color_subscription, self._color = None, None

    def _report(self) -> None:
        self._follow_viewers()
        record, now_ns = self._record, self._now_ns()
        dropped = sum(record.dropped.values())
        seconds = max((now_ns - self._reported[0]) / 1e9, 1e-3)
        fresh, lost = record.published - self._reported[1], dropped - self._reported[2]
        self._reported = (now_ns, record.published, dropped)
        values = {'rate': fresh / seconds, 'cpu_cores': self._load.cores(), **record.values()}
        values |= {f'dropped_{k}': n for k, n in sorted(self._pairer.dropped.items())}
        if fresh == 0:
            level, text = diagnostics.STALE, f'no cloud: {record.last_drop or "no images come"}'
        elif lost:
            level, text = diagnostics.WARN, f'{lost} frames dropped: {record.last_drop}'
        else:
            level, text = diagnostics.OK, 'running'
        self._diagnostics.publish('cloud', level, text, values)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run_node(PointCloudNode, args)
