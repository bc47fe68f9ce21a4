"""RGB-D images and intrinsics: contracts to messages."""

from __future__ import annotations

from array import array

import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.ros.stamps import time_to_msg

DEPTH_ENCODINGS = {'uint16': '16UC1', 'float32': '32FC1'}


def image_to_msg(image: np.ndarray, encoding: str, stamp_ns: int, frame_id: str) -> Image:
    """Return the Image of a contiguous array (H, W) or (H, W, C), in the machine's byte order."""
    data = array('B')
    # An array.array that is filled at once: anything else costs rclpy 4 to 500 ms an image.
    data.frombytes(np.ascontiguousarray(image).reshape(-1).view(np.uint8).data)
    msg = Image(
        height=image.shape[0],
        width=image.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=image.nbytes // image.shape[0],
        data=data,
    )
    msg.header.stamp = time_to_msg(stamp_ns)
    msg.header.frame_id = frame_id
    return msg


def intrinsics_to_msg(intrinsics: CameraIntrinsics, stamp_ns: int, frame_id: str) -> CameraInfo:
    """Return the CameraInfo of a camera that is not rectified: R is identity, P is [K | 0]."""
    K = intrinsics.K
    msg = CameraInfo(
        height=intrinsics.height,
        width=intrinsics.width,
        distortion_model=intrinsics.distortion_model or 'plumb_bob',
        d=intrinsics.distortion.tolist() if intrinsics.distortion_model else [0.0] * 5,
        k=K.flatten(),
        r=np.eye(3).flatten(),
        p=np.hstack([K, np.zeros((3, 1))]).flatten(),
    )
    msg.header.stamp = time_to_msg(stamp_ns)
    msg.header.frame_id = frame_id
    return msg


def frame_to_msgs(frame: CameraFrame) -> tuple[Image | None, Image, CameraInfo]:
    """Return colour (None if the frame has none), depth and CameraInfo, all of one stamp."""
    where = (frame.stamp_ns, frame.frame_id)
    color = None if frame.color is None else image_to_msg(frame.color, 'rgb8', *where)
    depth = image_to_msg(frame.depth, DEPTH_ENCODINGS[frame.depth.dtype.name], *where)
    return color, depth, intrinsics_to_msg(frame.intrinsics, *where)
