"""Robot state, action chunks and arm status: contracts to messages and back.

`..._from_msg` raise InvalidValueError when what came over the wire breaks the contract.
"""

from __future__ import annotations

from array import array

import numpy as np
from gae_msgs import msg as gae
from geometry_msgs.msg import Point, Pose, Quaternion
from sensor_msgs.msg import JointState

from gae_arm.core.motion import ActionChunk, ArmStatus, RobotState
from gae_arm.ros.stamps import time_from_msg, time_to_msg


def state_to_msg(state: RobotState) -> JointState:
    """Return the JointState of a robot state."""
    msg = JointState(
        name=list(state.joint_names),
        position=array('d', state.position.tobytes()),
        velocity=array('d', state.velocity.tobytes()),
        effort=array('d', state.effort.tobytes()),
    )
    msg.header.stamp = time_to_msg(state.stamp_ns)
    return msg


def state_from_msg(msg: JointState) -> RobotState:
    """Return the robot state of a JointState; absent velocity and effort become zeros."""
    zeros = np.zeros(len(msg.name))
    return RobotState(
        stamp_ns=time_from_msg(msg.header.stamp),
        joint_names=tuple(msg.name),
        position=np.asarray(msg.position),
        velocity=np.asarray(msg.velocity) if len(msg.velocity) else zeros,
        effort=np.asarray(msg.effort) if len(msg.effort) else zeros,
    )


def pose_to_msg(position: np.ndarray, orientation: np.ndarray) -> Pose:
    """Return the Pose of (3,) metres and a quaternion (4,) x, y, z, w."""
    (x, y, z), (qx, qy, qz, qw) = position.tolist(), orientation.tolist()
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))


def chunk_to_msg(chunk: ActionChunk) -> gae.ActionChunk:
    """Return the message of a chunk."""
    msg = gae.ActionChunk(
        sequence=chunk.sequence,
        plan_id=chunk.plan_id,
        policy=chunk.policy,
        cloud_stamp=time_to_msg(chunk.cloud_stamp_ns or 0),
        times=[time_to_msg(t) for t in chunk.times_ns.tolist()],
        poses=[pose_to_msg(p, q) for p, q in zip(chunk.position, chunk.orientation, strict=True)],
        gripper=array('d', chunk.gripper.tobytes()),
    )
    msg.header.stamp = time_to_msg(chunk.stamp_ns)
    msg.header.frame_id = chunk.frame_id
    return msg


def chunk_from_msg(msg: gae.ActionChunk) -> ActionChunk:
    """Return the chunk of a message."""
    positions = [(p.position.x, p.position.y, p.position.z) for p in msg.poses]
    quaternions = [
        (p.orientation.x, p.orientation.y, p.orientation.z, p.orientation.w) for p in msg.poses
    ]
    return ActionChunk(
        stamp_ns=time_from_msg(msg.header.stamp),
        frame_id=msg.header.frame_id,
        sequence=msg.sequence,
        plan_id=msg.plan_id,
        cloud_stamp_ns=time_from_msg(msg.cloud_stamp) or None,
        policy=msg.policy,
        times_ns=np.array([time_from_msg(t) for t in msg.times], dtype=np.int64),
        position=np.reshape(positions, (-1, 3)),
        orientation=np.reshape(quaternions, (-1, 4)),
        gripper=np.asarray(msg.gripper),
    )


def status_to_msg(status: ArmStatus) -> gae.ArmStatus:
    """Return the message of a status."""
    return gae.ArmStatus(
        stamp=time_to_msg(status.stamp_ns),
        state=int(status.state),
        reason=int(status.reason),
        message=status.message,
        speed_scale=status.speed_scale,
    )


def status_from_msg(msg: gae.ArmStatus) -> ArmStatus:
    """Return the status of a message."""
    return ArmStatus(time_from_msg(msg.stamp), msg.state, msg.reason, msg.message, msg.speed_scale)
