"""Random waypoints of every kind, and what is measured on a guide from outside."""

from __future__ import annotations

import numpy as np

from action_expert.guide import GuideSettings, GuideWaypoints, make_guide
from gae_arm.core import geometry

SETTINGS = GuideSettings()
TRAVEL = 0.8
DOWN = geometry.rpy_to_matrix(np.pi, 0.0, 0.0)


def random_pose(random):
    turn = geometry.rotation_vector_to_matrix(random.normal(0, 1.2, 3))
    return geometry.transform(turn, random.uniform([-0.6, -0.6, 0.0], [0.6, 0.6, 0.6]))


def random_waypoints(seed, count=None):
    """Waypoints (1 to 8), some alike, some in line, some only turned, with and without events."""
    random = np.random.default_rng(seed)
    count = count or int(random.integers(1, 9))
    poses = [random_pose(random)]
    while len(poses) < count:
        kind = random.choice(
            ['new', 'same', 'line', 'turned', 'level', 'near'], p=[0.5] + [0.1] * 5
        )
        T = random_pose(random)
        if kind == 'same':
            T = poses[-1].copy()
        elif kind == 'line' and len(poses) > 1:
            T[:3, 3] = poses[-1][:3, 3] + random.uniform(-2, 2) * (poses[-1] - poses[-2])[:3, 3]
        elif kind == 'turned':
            T[:3, 3] = poses[-1][:3, 3]
        elif kind == 'level':
            T[:3, :3] = poses[-1][:3, :3]
        elif kind == 'near':
            T[:3, 3] = poses[-1][:3, 3] + random.normal(0, 0.003, 3)
        poses.append(T)
    gripper = random.choice([np.nan, 0.0, 0.5, 1.0], count, p=[0.6, 0.2, 0.1, 0.1])
    touches = ~np.isnan(gripper) & (random.random(count) < 0.7)
    return GuideWaypoints(np.array(poses), gripper, touches, np.arange(count))


def random_guide(seed, straight=False):
    random = np.random.default_rng(seed + 1)
    return make_guide(random_pose(random), 1.0, random_waypoints(seed), SETTINGS, TRAVEL, straight)


def path(points, gripper=None, start=(0.4, 0.0, 0.4), **options):
    """The guide through points (K, 3) with the gripper down."""
    points = np.asarray(points, dtype=np.float64)
    gripper = np.full(len(points), np.nan) if gripper is None else np.array(gripper, dtype=float)
    waypoints = GuideWaypoints(
        geometry.transform(np.tile(DOWN, (len(points), 1, 1)), points),
        gripper,
        ~np.isnan(gripper),
        np.arange(len(points)),
    )
    return make_guide(geometry.transform(DOWN, start), 1.0, waypoints, SETTINGS, TRAVEL, **options)


def rates(guide, step=1e-3):
    """Speeds, accelerations, turn speeds, turn accelerations, by finite differences."""
    T = guide.sample(np.arange(-0.01, guide.duration + 0.01, step))
    turns = T[1:, :3, :3] @ T[:-1, :3, :3].swapaxes(1, 2)
    v = np.diff(T[:, :3, 3], axis=0) / step
    w = geometry.matrix_to_rotation_vector(turns) / step
    out = []
    for x in (v, w):
        out += [np.linalg.norm(x, axis=1), np.linalg.norm(np.diff(x, axis=0), axis=1) / step]
    return out
