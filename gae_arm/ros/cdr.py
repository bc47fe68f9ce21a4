"""Long messages straight to the bytes of the wire, for a process that must not lose a millisecond.

Building a message object per point and having rclpy convert it costs 10 times as much. The format
is XCDR1 as Fast DDS and Cyclone DDS write it, little endian: 4 bytes of header, then every number
at a multiple of its size, counted from behind the header; strings and sequences begin with their
length. `Publisher.publish` takes the bytes as they are.
"""

from __future__ import annotations

import struct
from functools import lru_cache

import numpy as np

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.trajectory import JointTrajectory
from gae_arm.ros.stamps import NANOSECONDS

ENCAPSULATION = b'\x00\x01\x00\x00'


def trajectory_to_bytes(trajectory: JointTrajectory) -> bytes:
    """Return a trajectory_msgs/JointTrajectory.

    Raises InvalidValueError for a trajectory without velocities or accelerations.
    """
    velocities, accelerations = trajectory.velocities, trajectory.accelerations
    if velocities is None or accelerations is None:
        raise InvalidValueError('the trajectory has no velocities or no accelerations')
    count, joints = trajectory.positions.shape
    points = np.zeros(count, _point_type(joints))
    points['sec'], points['nanosec'] = np.divmod(trajectory.times_ns, NANOSECONDS)
    for key, values in zip('pva', (trajectory.positions, velocities, accelerations), strict=True):
        points[f'{key}_count'], points[key] = joints, values
    head = _header('', trajectory.stamp_ns) + _names(trajectory.joint_names)
    head += struct.pack('<I', count)
    if len(head) % 8 == 0:
        # A point ends, and the next one begins, at 4 modulo 8. Should the first one begin at 0, its
        # count stands there, and the one in the record fills the gap in front of the numbers.
        head += struct.pack('<I', joints)
    return ENCAPSULATION + head + points.tobytes()


def path_to_bytes(
    frame_id: str, stamps_ns: np.ndarray, position: np.ndarray, orientation: np.ndarray
) -> bytes:
    """Return a nav_msgs/Path, stamped as its last pose.

    stamps_ns: int64 (K,), K >= 1. position: (K, 3), m. orientation: (K, 4), quaternions x, y, z, w.
    """
    head = _header(frame_id, int(stamps_ns[-1]))
    head += struct.pack('<I', len(stamps_ns))
    name = frame_id.encode() + b'\0'
    first, rest = (_pose_type(len(name), offset) for offset in (len(head) % 8, 0))
    parts = [ENCAPSULATION, head]
    for dtype, part in ((first, slice(0, 1)), (rest, slice(1, None))):
        poses = np.zeros(len(stamps_ns[part]), dtype)
        poses['sec'], poses['nanosec'] = np.divmod(stamps_ns[part], NANOSECONDS)
        poses['frame_count'], poses['frame'] = len(name), name
        poses['position'], poses['orientation'] = position[part], orientation[part]
        parts.append(poses.tobytes())
    return b''.join(parts)


def _header(frame_id: str, stamp_ns: int) -> bytes:
    """Return a std_msgs/Header; it ends at a multiple of 4, as all strings here do."""
    return struct.pack('<iI', *divmod(stamp_ns, NANOSECONDS)) + _string(frame_id)


@lru_cache(maxsize=8)
def _names(names: tuple[str, ...]) -> bytes:
    return struct.pack('<I', len(names)) + b''.join(map(_string, names))


def _string(text: str) -> bytes:
    data = text.encode() + b'\0'
    return struct.pack('<I', len(data)) + data + bytes(-len(data) % 4)


@lru_cache(maxsize=8)
def _point_type(joints: int) -> np.dtype:
    """Return one JointTrajectoryPoint that begins at 4 modulo 8: positions, v, a, no efforts."""
    numbers = ('<f8', (joints,))
    return np.dtype(
        [
            ('p_count', '<u4'),
            ('p', *numbers),
            ('v_count', '<u4'),
            ('v_gap', '<u4'),
            ('v', *numbers),
            ('a_count', '<u4'),
            ('a_gap', '<u4'),
            ('a', *numbers),
            ('effort_count', '<u4'),
            ('sec', '<i4'),
            ('nanosec', '<u4'),
        ]
    )


@lru_cache(maxsize=8)
def _pose_type(name: int, offset: int) -> np.dtype:
    """Return one PoseStamped that begins at an offset modulo 8; name: bytes of its frame."""
    gap = -(offset + 12 + name) % 8
    return np.dtype(
        [
            ('sec', '<i4'),
            ('nanosec', '<u4'),
            ('frame_count', '<u4'),
            ('frame', f'S{name}'),
            ('gap', 'u1', (gap,)),
            ('position', '<f8', (3,)),
            ('orientation', '<f8', (4,)),
        ]
    )
