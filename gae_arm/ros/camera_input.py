"""The depth camera as a node takes it in: images paired, aged, placed, with the arm's state.

What cannot be used is dropped, counted by cause and named; nothing stale goes on as fresh.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, JointState

from gae_arm.core import checks
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import GaeError, InvalidValueError
from gae_arm.core.geometry import quaternion_to_matrix, transform
from gae_arm.core.motion import RobotState
from gae_arm.core.pairing import FramePairer
from gae_arm.core.settings import Settings, setting
from gae_arm.core.stream_record import StreamRecord
from gae_arm.core.transform_tree import TransformUnknownError
from gae_arm.ros import topics
from gae_arm.ros.cloud_msgs import color_from_msg, depth_from_msg, intrinsics_from_msg
from gae_arm.ros.motion_msgs import state_from_msg
from gae_arm.ros.stamps import time_from_msg
from gae_arm.ros.transform_listener import TransformListener

# Stamps may be ahead of our clock by this, as clocks of two machines are.
CLOCK_TOLERANCE_NS = 50_000_000


@dataclass(frozen=True)
class CameraInputSettings(Settings):
    """Where the camera stands, and what counts as too old or apart."""

    extrinsics: str = setting(
        'tf',
        'where the pose of the camera comes from: /tf, or the parameters below, as gae calibrate '
        'writes them',
        choices=('tf', 'parameters'),
    )
    camera_parent_frame: str = setting(
        '', 'frame of the pose: a link that carries the camera; empty: the base of the arm'
    )
    camera_xyz: tuple[float, ...] = setting(
        (0.0, 0.0, 0.0), 'position of the camera in that frame, m', length=3
    )
    camera_xyzw: tuple[float, ...] = setting(
        (0.0, 0.0, 0.0, 1.0), 'orientation (x, y, z, w) of its optical frame', length=4
    )
    slop: float = setting(
        0.0, 'difference of stamps within which images belong together, s', low=0.0, high=0.5
    )
    max_age: float = setting(
        0.25, 'older images and joint states than this are refused, s', low=0.001, high=10.0
    )

    def T_parent_camera(self) -> np.ndarray:
        """Return the pose (4, 4) that the parameters say."""
        orientation = checks.quaternion('camera_xyzw', self.camera_xyzw, (4,))
        return transform(quaternion_to_matrix(orientation), self.camera_xyz)


@dataclass(frozen=True, eq=False)
class CameraView:
    """One usable frame: T_base_camera (4, 4) at its time, and the joint state nearest to it."""

    frame: CameraFrame
    T_base_camera: np.ndarray
    state: RobotState | None


class FrameDroppedError(GaeError):
    """A frame cannot be used; `cause` is counted."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class CameraInput:
    """Hears a node's camera and arm, and hands over what can be used, in the executor's thread.

    streams: of the frame, 'depth' and 'info', or with 'color' too. needs_state: frames without a
    joint state of their time are dropped. record: counts what is dropped. arrivals: how old
    depth images are when they come.
    """

    def __init__(
        self,
        node: Node,
        settings: CameraInputSettings,
        base_frame: str,
        use: Callable[[CameraView], None],
        *,
        streams: tuple[str, ...] = ('depth', 'info'),
        needs_state: bool = True,
    ) -> None:
        self._node, self._settings, self._use = node, settings, use
        self._base_frame = base_frame
        self._parent = settings.camera_parent_frame or base_frame
        self._T_parent_camera = settings.T_parent_camera()
        self._max_age_ns = round(settings.max_age * 1e9)
        self._needs_state = needs_state
        self._pairer = FramePairer(streams, round(settings.slop * 1e9))
        self.record = StreamRecord(self._pairer.dropped)
        self.arrivals = StreamRecord()
        self._states: deque[RobotState] = deque(maxlen=200)
        self._transforms = TransformListener(node)
        topics.JOINT_STATES.subscription(node, self._take_state)
        for stream, topic in (
            ('info', topics.CAMERA_INFO),
            ('color', topics.COLOR),
            ('depth', topics.DEPTH),
        ):
            if stream in streams:
                topic.subscription(node, partial(self._take, stream))

    def now_ns(self) -> int:
        """Return the time of the node's clock, nanoseconds."""
        return self._node.get_clock().now().nanoseconds

    def _take_state(self, msg: JointState) -> None:
        try:
            self._states.append(state_from_msg(msg))
        except InvalidValueError as error:
            self.record.drop('bad_joint_state', f'joint state: {error}')

    def _take(self, stream: str, msg: Image | CameraInfo) -> None:
        stamp_ns = time_from_msg(msg.header.stamp)
        try:
            if stream == 'depth':
                self.arrivals.use(self.now_ns() - stamp_ns)
            # Before pairing: one stamp of the future would make all honest ones seem late.
            self._check_age(stream, stamp_ns)
            parts = self._pairer.add(stream, stamp_ns, msg)
            if parts is not None:
                self._use(self._view(**parts))
        except FrameDroppedError as error:
            self.record.drop(error.cause, str(error))
        except InvalidValueError as error:
            self.record.drop('bad_frame', str(error))

    def _view(self, depth: Image, info: CameraInfo, color: Image | None = None) -> CameraView:
        frame = CameraFrame(
            time_from_msg(depth.header.stamp),
            depth.header.frame_id,
            intrinsics_from_msg(info),
            depth_from_msg(depth),
            None if color is None else color_from_msg(color),
        )
        state = self._state_if_known(frame.stamp_ns)
        return CameraView(frame, self._pose(frame), state)

    def _check_age(self, what: str, stamp_ns: int) -> None:
        age_ns = self.now_ns() - stamp_ns
        if age_ns > self._max_age_ns:
            raise FrameDroppedError(
                'stale',
                f'{what} is {age_ns / 1e9:.3f} s old, allowed are {self._settings.max_age} s',
            )
        if age_ns < -CLOCK_TOLERANCE_NS:
            raise FrameDroppedError(
                'clock', f'{what} is of {-age_ns / 1e9:.3f} s in the future: clocks differ'
            )

    def _pose(self, frame: CameraFrame) -> np.ndarray:
        lookup = self._transforms.lookup
        try:
            if self._settings.extrinsics == 'tf':
                return lookup(self._base_frame, frame.frame_id, frame.stamp_ns)
            T_base_parent = lookup(self._base_frame, self._parent, frame.stamp_ns)
        except TransformUnknownError as error:
            raise FrameDroppedError('no_extrinsics', str(error)) from error
        return T_base_parent @ self._T_parent_camera

    def _state_if_known(self, stamp_ns: int) -> RobotState | None:
        try:
            return self._state(stamp_ns)
        except FrameDroppedError:
            if self._needs_state:
                raise
            return None

    def _state(self, stamp_ns: int) -> RobotState:
        """Return the joint state nearest to the exposure."""
        if not self._states:
            raise FrameDroppedError('no_joint_state', 'no joint state has come')
        state = min(self._states, key=lambda s: abs(s.stamp_ns - stamp_ns))
        apart_ns = abs(state.stamp_ns - stamp_ns)
        if apart_ns > self._max_age_ns:
            raise FrameDroppedError(
                'joint_state_stale',
                f'the nearest joint state is {apart_ns / 1e9:.3f} s from the image, allowed are '
                f'{self._settings.max_age} s',
            )
        return state
