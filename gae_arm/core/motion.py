"""What the acting half says and knows: the arm's state, a chunk of motion, the arm's status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError


@dataclass(frozen=True, eq=False)
class RobotState(checks.Contract):
    """Joint state of the arm and its gripper.

    stamp_ns: time of measurement on the node clock, nanoseconds.
    joint_names: N distinct names.
    position: float64 (N,), radians or metres.
    velocity: float64 (N,), per second; zeros where the driver reports none.
    effort: float64 (N,), N m or N; zeros where the driver reports none.
    """

    stamp_ns: int
    joint_names: tuple[str, ...]
    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        checks.stamp('stamp_ns', self.stamp_ns)
        set_ = object.__setattr__
        set_(self, 'joint_names', checks.names('joint_names', self.joint_names))
        for key in ('position', 'velocity', 'effort'):
            set_(self, key, checks.array(key, getattr(self, key), (len(self.joint_names),)))

    def select(self, joint_names: tuple[str, ...]) -> np.ndarray:
        """Return the positions of these joints, in this order; (len(joint_names),)."""
        missing = [name for name in joint_names if name not in self.joint_names]
        if missing:
            raise InvalidValueError(f'no joint {missing}; there are: {list(self.joint_names)}')
        return self.position[[self.joint_names.index(name) for name in joint_names]]


@dataclass(frozen=True, eq=False)
class ActionChunk(checks.Contract):
    """Dense motion for the next moments: end-effector poses and gripper at absolute times.

    stamp_ns: when the chunk was made, node clock, nanoseconds.
    frame_id: the arm's base frame.
    sequence: counts the chunks of one policy, >= 0.
    plan_id: the plan that it carries out; '' for none.
    cloud_stamp_ns: stamp of the cloud that it was made with; None for none.
    policy: name of the policy that made it.
    times_ns: int64 (H,), node clock, nanoseconds, strictly increasing, H >= 1.
    position: float64 (H, 3), metres.
    orientation: float64 (H, 4), unit quaternions (x, y, z, w).
    gripper: float64 (H,), opening from 0.0 (closed) to 1.0 (open).
    """

    stamp_ns: int
    frame_id: str
    sequence: int
    plan_id: str
    cloud_stamp_ns: int | None
    policy: str
    times_ns: np.ndarray
    position: np.ndarray
    orientation: np.ndarray
    gripper: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        set_ = object.__setattr__
        checks.stamp('stamp_ns', self.stamp_ns)
        checks.text('frame_id', self.frame_id, allow_empty=False)
        checks.integer('sequence', self.sequence, 0, 2**63 - 1)
        checks.text('plan_id', self.plan_id)
        if self.cloud_stamp_ns is not None:
            # Zero is how the message says "none".
            checks.integer('cloud_stamp_ns', self.cloud_stamp_ns, 1, checks.MAX_STAMP)
        checks.text('policy', self.policy)
        set_(self, 'times_ns', checks.array('times_ns', self.times_ns, (None,), np.int64))
        n = len(self.times_ns)
        set_(self, 'position', checks.array('position', self.position, (n, 3)))
        set_(self, 'orientation', checks.quaternion('orientation', self.orientation, (n, 4)))
        set_(self, 'gripper', checks.array('gripper', self.gripper, (n,)))
        if n == 0:
            raise InvalidValueError('the chunk has no actions')
        checks.stamp('times_ns[0]', self.times_ns[0])
        checks.stamp('times_ns[-1]', self.times_ns[-1])
        if (np.diff(self.times_ns) <= 0).any():
            raise InvalidValueError(f'times_ns do not increase: {self.times_ns.tolist()}')
        if self.gripper.min() < 0 or self.gripper.max() > 1:
            raise InvalidValueError(f'gripper leaves 0 to 1: {self.gripper.tolist()}')


class ArmState(IntEnum):
    """What the arm does; the numbers are those of gae_msgs/ArmStatus."""

    MOVING = 1
    HOLDING = 2
    HALTED = 3


class HaltReason(IntEnum):
    """Why the arm does not do, or not fully do, what was asked; as in gae_msgs/ArmStatus."""

    NONE = 0
    STOP_REQUESTED = 1
    NO_COMMAND = 2
    COMMAND_INVALID = 10
    COMMAND_WRONG_JOINTS = 11
    COMMAND_JUMP = 12
    UNREACHABLE = 13
    SINGULARITY = 14
    POSITION_LIMIT = 20
    VELOCITY_LIMIT = 21
    ACCELERATION_LIMIT = 22
    JERK_LIMIT = 23
    WORKSPACE_LIMIT = 24
    SELF_COLLISION = 30
    TABLE_COLLISION = 31
    OBSTACLE_NEAR = 32
    JOINT_STATE_STALE = 40
    CLOUD_STALE = 41
    CHUNK_STALE = 42
    PLAN_EXPIRED = 43
    SCENE_CHANGED = 44
    CLOCK_MISMATCH = 45
    JOINT_STATE_INVALID = 46
    JOINT_STATE_FROZEN = 47
    CONTROLLER_FAILED = 50


@dataclass(frozen=True, eq=False)
class ArmStatus(checks.Contract):
    """State of the arm with the typed reason and a sentence for a person.

    speed_scale: 1.0 = full speed as asked, 0.0 = standing.
    """

    stamp_ns: int
    state: ArmState
    reason: HaltReason
    message: str
    speed_scale: float = 1.0

    def __post_init__(self) -> None:
        """Validate."""
        checks.stamp('stamp_ns', self.stamp_ns)
        object.__setattr__(self, 'state', checks.member('state', self.state, ArmState))
        object.__setattr__(self, 'reason', checks.member('reason', self.reason, HaltReason))
        checks.text('message', self.message)
        checks.number('speed_scale', self.speed_scale, 0.0, 1.0)
