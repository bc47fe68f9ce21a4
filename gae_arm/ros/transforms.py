"""Rigid transforms to messages of tf2, and back."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from geometry_msgs.msg import Quaternion, TransformStamped, Vector3
from tf2_msgs.msg import TFMessage

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.geometry import matrix_to_quaternion, quaternion_to_matrix, transform
from gae_arm.ros.stamps import time_from_msg, time_to_msg


def tf_to_msg(
    stamp_ns: int, frames: Iterable[tuple[str, str]], transforms: np.ndarray
) -> TFMessage:
    """Return the TFMessage of (parent, child) frames and their T_parent_child, (N, 4, 4)."""
    stamp = time_to_msg(stamp_ns)
    quaternions = matrix_to_quaternion(transforms[:, :3, :3]).tolist()
    positions = transforms[:, :3, 3].tolist()
    msg = TFMessage()
    for (parent, child), p, q in zip(frames, positions, quaternions, strict=True):
        one = TransformStamped(child_frame_id=child)
        one.header.stamp = stamp
        one.header.frame_id = parent
        one.transform.translation = Vector3(x=p[0], y=p[1], z=p[2])
        one.transform.rotation = Quaternion(x=q[0], y=q[1], z=q[2], w=q[3])
        msg.transforms.append(one)
    return msg


def transform_from_msg(msg: TransformStamped) -> tuple[str, str, np.ndarray, int]:
    """Return parent, child, T_parent_child (4, 4) and stamp, ns; raises InvalidValueError."""
    p, q = msg.transform.translation, msg.transform.rotation
    orientation = np.array([q.x, q.y, q.z, q.w])
    if not np.linalg.norm(orientation) > 0:
        raise InvalidValueError(
            f'transform of {msg.child_frame_id!r} has the quaternion {orientation.tolist()}'
        )
    T = transform(quaternion_to_matrix(orientation), [p.x, p.y, p.z])
    return msg.header.frame_id, msg.child_frame_id, T, time_from_msg(msg.header.stamp)
