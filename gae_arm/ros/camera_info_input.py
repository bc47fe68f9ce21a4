"""The newest intrinsics of the camera, for who needs them now and then."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo

from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.errors import InvalidValueError
from gae_arm.ros import topics
from gae_arm.ros.cloud_msgs import intrinsics_from_msg


class CameraInfoInput:
    """Keeps the newest message as bytes, and reads it only when asked."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._data: bytes | None = None
        self._subscription = topics.CAMERA_INFO.subscription(node, self._take, raw=True)

    def newest(self) -> tuple[str, CameraIntrinsics] | None:
        """Return the optical frame and the intrinsics; None before there are some."""
        if self._data is None:
            return None
        msg = deserialize_message(self._data, CameraInfo)
        try:
            return msg.header.frame_id, intrinsics_from_msg(msg)
        except InvalidValueError as error:
            self._node.get_logger().error(f'camera_info: {error}', throttle_duration_sec=1.0)
            return None

    def close(self) -> None:
        """Hear no more."""
        self._node.destroy_subscription(self._subscription)

    def _take(self, data: bytes) -> None:
        self._data = data
