"""Point clouds and camera images: messages to arrays and back."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField

from gae_arm.core import cloud_codec
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.image_codec import decode_color, decode_depth
from gae_arm.ros.stamps import time_to_msg


def cloud_to_msg(
    points: np.ndarray, stamp_ns: int, frame_id: str, colors: np.ndarray | None = None
) -> PointCloud2:
    """Return the PointCloud2 of points (N, 3), metres, and colours uint8 (N, 3) or None."""
    encoded = cloud_codec.encode(points, colors)
    msg = PointCloud2(
        height=encoded.height,
        width=encoded.width,
        fields=[
            PointField(name=f.name, offset=f.offset, datatype=f.datatype, count=f.count)
            for f in encoded.fields
        ],
        is_bigendian=encoded.is_bigendian,
        point_step=encoded.point_step,
        row_step=encoded.row_step,
        data=encoded.data,
        is_dense=encoded.is_dense,
    )
    msg.header.stamp = time_to_msg(stamp_ns)
    msg.header.frame_id = frame_id
    return msg


def points_from_msg(msg: PointCloud2) -> np.ndarray:
    """Return x, y, z of a cloud, float32 (N, 3), metres; a view of the message where it can be.

    Raises InvalidValueError for missing fields or bytes.
    """
    return cloud_codec.read_points(_decoded(msg))


def colored_points_from_msg(msg: PointCloud2) -> tuple[np.ndarray, np.ndarray | None]:
    """Return x, y, z as above, and RGB uint8 (N, 3), or None where the cloud has no colours."""
    cloud = _decoded(msg)
    return cloud_codec.read_points(cloud), cloud_codec.read_colors(cloud)


def _decoded(msg: PointCloud2) -> np.ndarray:
    fields = [cloud_codec.Field(f.name, f.offset, f.datatype, f.count) for f in msg.fields]
    size = (msg.width, msg.height, msg.point_step, msg.row_step)
    return cloud_codec.decode(fields, *size, msg.is_bigendian, msg.data)


def depth_from_msg(msg: Image) -> np.ndarray:
    """Return the depth (H, W) of an image, uint16 millimetres or float32 metres."""
    return decode_depth(
        msg.encoding, msg.width, msg.height, msg.step, bool(msg.is_bigendian), msg.data
    )


def color_from_msg(msg: Image) -> np.ndarray:
    """Return the colours (H, W, 3), uint8 RGB, of an rgb8 or bgr8 image."""
    return decode_color(msg.encoding, msg.width, msg.height, msg.step, msg.data)


def intrinsics_from_msg(msg: CameraInfo) -> CameraIntrinsics:
    """Return the intrinsics of a CameraInfo; all-zero distortion counts as none."""
    distorted = any(msg.d)
    return CameraIntrinsics(
        msg.width,
        msg.height,
        np.array(msg.k).reshape(3, 3),
        msg.distortion_model if distorted else '',
        np.array(msg.d) if distorted else np.zeros(0),
    )
