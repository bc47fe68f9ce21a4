"""The three arms of config/arms, made once for all tests here: models take seconds."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file

ARMS = ('panda', 'ur5', 'xarm7')


@lru_cache
def kinematics_of(name: str) -> Kinematics:
    return Kinematics(load_arm(arm_file(name)))


@lru_cache
def collision_of(name: str) -> CollisionModel:
    return CollisionModel(kinematics_of(name))


def random_positions(name: str, count: int, seed: int = 0, share: float = 1.0) -> np.ndarray:
    """Joint positions (count, N) within this share of each joint's range, around its middle."""
    limits = kinematics_of(name).arm.limits
    middle, half = (limits.lower + limits.upper) / 2, (limits.upper - limits.lower) / 2
    scatter = np.random.default_rng(seed).uniform(-1, 1, (count, len(middle)))
    return middle + share * half * scatter
