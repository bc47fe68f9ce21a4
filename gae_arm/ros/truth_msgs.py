"""The truth about a simulated scene: to its message and back."""

from __future__ import annotations

import numpy as np
from gae_msgs.msg import SceneTruth

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.geometry import matrix_to_quaternion, quaternion_to_matrix, transform
from gae_arm.core.truth import Truth
from gae_arm.ros.motion_msgs import pose_to_msg
from gae_arm.ros.stamps import time_from_msg, time_to_msg


def truth_to_msg(truth: Truth, stamp_ns: int, frame_id: str) -> SceneTruth:
    """Return the message, with another stamp where the node clock is not simulated time."""
    poses = truth.poses.values()
    pairs = sorted(pair for pair in truth.touches if pair[0] <= pair[1])
    msg = SceneTruth(
        objects=list(truth.poses),
        poses=[pose_to_msg(T[:3, 3], matrix_to_quaternion(T[:3, :3])) for T in poses],
        speeds=[float(truth.speeds[name]) for name in truth.poses],
        travel=[float(truth.joints.get(name, np.nan)) for name in truth.poses],
        touches=[body for pair in pairs for body in pair],
    )
    msg.header.stamp = time_to_msg(stamp_ns)
    msg.header.frame_id = frame_id
    return msg


def truth_from_msg(msg: SceneTruth) -> Truth:
    """Return the truth of a message; InvalidValueError where its parts do not fit together."""
    names = checks.names('objects', msg.objects)
    for part in ('poses', 'speeds', 'travel'):
        if len(getattr(msg, part)) != len(names):
            raise InvalidValueError(
                f'{part} has {len(getattr(msg, part))} values for {len(names)} objects'
            )
    if len(msg.touches) % 2:
        raise InvalidValueError(f'touches are not two and two: {list(msg.touches)}')
    pairs = list(zip(msg.touches[::2], msg.touches[1::2], strict=True))
    travel = dict(zip(names, msg.travel, strict=True))
    return Truth(
        stamp_ns=time_from_msg(msg.header.stamp),
        poses={name: _pose(pose) for name, pose in zip(names, msg.poses, strict=True)},
        joints={name: value for name, value in travel.items() if not np.isnan(value)},
        speeds=dict(zip(names, msg.speeds, strict=True)),
        touches=frozenset([*pairs, *((b, a) for a, b in pairs)]),
    )


def _pose(pose: object) -> np.ndarray:
    p, q = pose.position, pose.orientation  # type: ignore[attr-defined]
    orientation = checks.quaternion('orientation', [q.x, q.y, q.z, q.w], (4,))
    return transform(quaternion_to_matrix(orientation), [p.x, p.y, p.z])
