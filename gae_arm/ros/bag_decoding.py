"""Bytes of recorded messages to contracts, by the stack's topics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.serialization import deserialize_message

from gae_arm.core.cloud import Cloud
from gae_arm.core.errors import GaeError, InvalidValueError
from gae_arm.ros import topics
from gae_arm.ros.cloud_msgs import (
    color_from_msg,
    depth_from_msg,
    intrinsics_from_msg,
    points_from_msg,
)
from gae_arm.ros.motion_msgs import chunk_from_msg, state_from_msg
from gae_arm.ros.plan_msgs import plan_from_msg, progress_from_msg
from gae_arm.ros.stamps import time_from_msg
from gae_arm.ros.topics import Topic
from gae_arm.ros.trajectory_msgs import trajectory_from_msg
from gae_arm.ros.transforms import transform_from_msg


def decode(topic: str, type_name: str, data: bytes) -> Any:
    """Return what a message of a topic of the stack says; see `MEANINGS`.

    type_name: as the bag has it. Raises InvalidValueError for a topic of another type, for bytes
    that are no such message, and for content that breaks its contract.
    """
    known, meaning = MEANINGS[topic]
    if type_name != known.type_name:
        raise InvalidValueError(f'{topic} has the type {type_name!r}, expected {known.type_name!r}')
    try:
        msg = deserialize_message(data, known.type)
    except Exception as error:  # rclpy raises its own RMWError, and MemoryError for broken lengths.
        raise InvalidValueError(f'{topic}: bytes of no {known.type_name}: {error}') from error
    try:
        return meaning(msg)
    except GaeError as error:
        raise InvalidValueError(f'{topic}: {error}') from error


def _stamp(msg: Any) -> int:
    return time_from_msg(msg.header.stamp)


def _cloud(msg: Any) -> Cloud:
    return Cloud(_stamp(msg), msg.header.frame_id, np.array(points_from_msg(msg)))


def _transforms(msg: Any) -> list[tuple[str, str, np.ndarray, int]]:
    return [transform_from_msg(one) for one in msg.transforms]


MEANINGS: dict[str, tuple[Topic, Callable[[Any], Any]]] = {
    topic.name: (topic, meaning)
    for topic, meaning in (
        (topics.JOINT_STATES, state_from_msg),
        (topics.COLOR, lambda msg: (_stamp(msg), color_from_msg(msg))),
        (topics.DEPTH, lambda msg: (_stamp(msg), (msg.header.frame_id, depth_from_msg(msg)))),
        (topics.CAMERA_INFO, lambda msg: (_stamp(msg), intrinsics_from_msg(msg))),
        (topics.TF, _transforms),
        (topics.TF_STATIC, _transforms),
        (topics.POINTS, _cloud),
        (topics.WAYPOINT_PLAN, plan_from_msg),
        (topics.PLAN_PROGRESS, progress_from_msg),
        (topics.ACTION_CHUNK, chunk_from_msg),
        (topics.JOINT_TRAJECTORY, trajectory_from_msg),
        (topics.GRIPPER_COMMAND, lambda msg: np.array(msg.data)),
        (topics.INSTRUCTION, lambda msg: str(msg.data)),
    )
}
"""What each topic means: images are (stamp, array), depth (stamp, (frame_id, array)), camera_info
(stamp, intrinsics), transforms a list of (parent, child, T_parent_child, stamp), finger positions
an array, the others their contracts."""
