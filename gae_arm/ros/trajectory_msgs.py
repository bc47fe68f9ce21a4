"""Joint trajectories: messages to the contract and back."""

from __future__ import annotations

import numpy as np
from rclpy.serialization import deserialize_message
from trajectory_msgs.msg import JointTrajectory as JointTrajectoryMsg
from trajectory_msgs.msg import JointTrajectoryPoint

from gae_arm.core.trajectory import JointTrajectory, Refusal, TrajectoryRefusedError
from gae_arm.ros.stamps import duration_to_msg, time_from_msg, time_to_msg


def trajectory_from_bytes(data: bytes, max_points: int) -> JointTrajectory:
    """Return the trajectory of a serialised message.

    A message that cannot hold so few points is refused before it is decoded: a million points
    would stall the node for seconds. Raises TrajectoryRefusedError.
    """
    limit = max_bytes(max_points)
    if len(data) > limit:
        raise TrajectoryRefusedError(
            Refusal.TOO_MANY_POINTS,
            f'the message has {len(data)} bytes, at most {limit} are accepted '
            f'({max_points} points)',
        )
    return trajectory_from_msg(deserialize_message(data, JointTrajectoryMsg))


def max_bytes(max_points: int) -> int:
    """Return the longest encoding of that many points, for at most 16 joints."""
    return 64 * 1024 + 512 * max_points


def trajectory_from_msg(msg: JointTrajectoryMsg) -> JointTrajectory:
    """Return the trajectory of a message; raises TrajectoryRefusedError."""
    return JointTrajectory(
        joint_names=tuple(msg.joint_names),
        stamp_ns=time_from_msg(msg.header.stamp),
        times_ns=np.array([time_from_msg(p.time_from_start) for p in msg.points], dtype=np.int64),
        positions=_rows(msg, 'positions'),
        velocities=_optional_rows(msg, 'velocities'),
        accelerations=_optional_rows(msg, 'accelerations'),
    )


def trajectory_to_msg(trajectory: JointTrajectory) -> JointTrajectoryMsg:
    """Return the message of a trajectory."""
    points = [
        JointTrajectoryPoint(time_from_start=duration_to_msg(t))
        for t in trajectory.times_ns.tolist()
    ]
    for key in ('positions', 'velocities', 'accelerations'):
        rows = getattr(trajectory, key)
        for point, row in zip(points, rows if rows is not None else (), strict=False):
            setattr(point, key, row.tolist())
    msg = JointTrajectoryMsg(joint_names=list(trajectory.joint_names), points=points)
    msg.header.stamp = time_to_msg(trajectory.stamp_ns)
    return msg


def _optional_rows(msg: JointTrajectoryMsg, key: str) -> np.ndarray | None:
    """Return one quantity of all points, (N, J), or None if no point has it."""
    return _rows(msg, key) if any(len(getattr(p, key)) for p in msg.points) else None


def _rows(msg: JointTrajectoryMsg, key: str) -> np.ndarray:
    """Return one quantity of all points, (N, J)."""
    joints = len(msg.joint_names)
    rows = [getattr(point, key) for point in msg.points]
    wrong = next((k for k, row in enumerate(rows) if len(row) != joints), None)
    if wrong is not None:
        raise TrajectoryRefusedError(
            Refusal.SIZE_MISMATCH,
            f'point {wrong} has {len(rows[wrong])} {key} for {joints} joints',
        )
    return np.array(rows, dtype=np.float64).reshape(len(rows), joints)
