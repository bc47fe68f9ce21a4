"""From what a recording has to a whole episode: what can be derived is, and the notes say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.core import geometry
from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import ConfigError
from gae_arm.demonstrations.episode import Episode
from gae_arm.demonstrations.keyframes import find_keyframes

CAMERA_NOTES = (
    'the format has no camera intrinsics and poses: there are no clouds, and waypoints cannot be '
    'drawn into the images',
)


@dataclass(frozen=True)
class Motion:
    """The arrays of an episode; poses (T, 7) are x y z qx qy qz qw in the base frame."""

    stamps_ns: np.ndarray
    joint_names: tuple[str, ...]
    joint_position: np.ndarray
    joint_velocity: np.ndarray
    pose: np.ndarray
    gripper: np.ndarray
    action_pose: np.ndarray
    action_gripper: np.ndarray


def completed(
    arm: ArmConfig,
    stamps_ns: np.ndarray,
    *,
    joints: np.ndarray | None,
    pose: np.ndarray | None,
    opening: np.ndarray | None,
    action_joints: np.ndarray | None,
    action_pose: np.ndarray | None,
    action_opening: np.ndarray | None,
    notes: list[str],
) -> Motion:
    """Return the motion of a recording, None: it has none of these; `notes` gets what is guessed.

    joints, action_joints (T, N); pose, action_pose (T, 7); opening, action_opening (T,). Missing
    poses come from joints by forward kinematics; a missing command is the state one step later.
    Raises ConfigError where there are neither joints nor poses.
    """
    n = len(stamps_ns)
    if pose is None:
        if joints is None:
            raise ConfigError(
                'the recording has neither joint positions nor end effector poses in columns that '
                'are known; say which columns those are'
            )
        pose = forward(arm, joints)
        notes.append(f'end effector poses are the forward kinematics of {arm.name}')
    if opening is None:
        opening = np.ones(n)
        notes.append('no opening of the gripper: taken as open')
    if action_pose is None and action_joints is not None:
        action_pose = forward(arm, action_joints)
    if action_pose is None:
        action_pose = later(pose)
        notes.append('commanded poses are the measured ones of the next step')
    if action_opening is None:
        action_opening = later(opening)
        notes.append('commanded openings are the measured ones of the next step')
    if joints is None:
        joints = np.zeros((n, 0))
    seconds = stamps_ns / 1e9
    velocity = np.asarray(np.gradient(joints, seconds, axis=0)) if joints.size else joints
    names = arm.joints if joints.size else ()
    return Motion(stamps_ns, names, joints, velocity, pose, opening, action_pose, action_opening)


def episode_of(motion: Motion, **rest: Any) -> Episode:
    """Return the episode with keyframes; `rest`: the fields of Episode that are not motion.

    Quaternions that rounding has left a little off unit length are made unit ones.
    """
    orientation, action = _unit(motion.pose[:, 3:]), _unit(motion.action_pose[:, 3:])
    position, gripper = motion.pose[:, :3], np.clip(motion.action_gripper, 0, 1)
    return Episode(
        stamps_ns=motion.stamps_ns,
        joint_names=motion.joint_names,
        joint_position=motion.joint_position,
        joint_velocity=motion.joint_velocity,
        position=position,
        orientation=orientation,
        gripper=np.clip(motion.gripper, 0, 1),
        action_position=motion.action_pose[:, :3],
        action_orientation=action,
        action_gripper=gripper,
        keyframes=find_keyframes(motion.stamps_ns, position, orientation, gripper),
        **rest,
    )


def forward(arm: ArmConfig, joints: np.ndarray) -> np.ndarray:
    """Return the end effector poses (T, 7) at joint positions (T, N)."""
    kinematics = Kinematics(arm)
    poses = np.stack([kinematics.forward(q) for q in joints])
    return vectors(poses)


def vectors(poses: np.ndarray) -> np.ndarray:
    """Return (T, 7), x y z qx qy qz qw, of transforms (T, 4, 4)."""
    return np.concatenate([poses[:, :3, 3], geometry.matrix_to_quaternion(poses[:, :3, :3])], 1)


def later(values: np.ndarray) -> np.ndarray:
    """Return the values of the next step; the last one stays."""
    return np.concatenate([values[1:], values[-1:]])


def _unit(quaternions: np.ndarray) -> np.ndarray:
    q = np.asarray(quaternions, float)
    norm = np.linalg.norm(q, axis=1, keepdims=True)
    # The contract refuses what is far off; it shall see that.
    return np.where(np.abs(norm - 1) < 1e-3, q / np.maximum(norm, 1e-9), q)
