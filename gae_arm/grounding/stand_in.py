"""A stand-in for the arm in pictures of the ray caster: cylinders from joint to joint, and a hand.

It shows where the arm is and what it hides, not how it looks.
"""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np

from gae_arm.arm_sim.ray_kernel import BOX, CYLINDER, PART_COLUMNS
from gae_arm.core.arm import load_arm
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.paths import arm_file
from gae_arm.core.urdf import load_urdf

ARMS = ('panda', 'ur5', 'xarm7')
RADII = (0.035, 0.065)
SPREAD = 0.12
"""Radians, standard deviation, by which joints are off their home."""


@cache
def _tree(name: str) -> tuple[KinematicTree, tuple[str, ...], np.ndarray, str]:
    arm = load_arm(arm_file(name))
    return KinematicTree(load_urdf(arm)), arm.joints, np.array(arm.home), arm.end_effector_frame


def arm_rows(rng: np.random.Generator) -> np.ndarray:
    """Return the parts (N, PART_COLUMNS) of a random arm near its home."""
    tree, joints, home, tip = _tree(ARMS[int(rng.integers(len(ARMS)))])
    positions = dict.fromkeys(tree.joints, 0.02)
    drawn = home + SPREAD * rng.normal(size=len(home))
    positions.update(zip(joints, drawn.tolist(), strict=True))
    T_base_link = tree.link_transforms(positions)
    at = dict(zip(tree.links, T_base_link, strict=True))
    children = [child for (_, child), moves in zip(tree.frames, tree.moving, strict=True) if moves]
    knees = [at[tree.links[0]][:3, 3]]
    for child in children[: len(joints)]:
        if np.linalg.norm(at[child][:3, 3] - knees[-1]) > 0.03:
            knees.append(at[child][:3, 3])
    knees.append(at[tip][:3, 3] - 0.10 * at[tip][:3, 2])
    radius, grey = rng.uniform(*RADII), rng.uniform(0.25, 0.95)
    color = np.clip(grey + 0.03 * rng.normal(size=3), 0.0, 1.0)
    links = [_limb(a, b, radius, color) for a, b in itertools.pairwise(knees)]
    return np.stack([*links, *_hand(at[tip], rng)])


def _row(kind: int, center: np.ndarray, rotation: np.ndarray, half: np.ndarray) -> np.ndarray:
    row = np.zeros(PART_COLUMNS)
    row[0], row[1:4], row[4:13], row[13:16] = kind, center, rotation.reshape(-1), half
    row[20] = np.linalg.norm(half)
    return row


def _limb(start: np.ndarray, end: np.ndarray, radius: float, color: np.ndarray) -> np.ndarray:
    along = end - start
    length = float(np.linalg.norm(along))
    z = along / length
    x = np.cross(z, np.eye(3)[np.argmin(np.abs(z))])
    x /= np.linalg.norm(x)
    rotation = np.stack([x, np.cross(z, x), z], axis=1)
    half = np.array([radius, radius, length / 2 + 0.6 * radius])
    row = _row(CYLINDER, (start + end) / 2, rotation, half)
    row[16:19] = color
    return row


def _hand(T_base_tip: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Return a palm and two fingers, open."""
    rotation, tip = T_base_tip[:3, :3], T_base_tip[:3, 3]
    grey = rng.uniform(0.05, 0.8)
    opening = rng.uniform(0.01, 0.05)
    boxes = [((0.0, 0.0, -0.10), (0.03, 0.09, 0.035))]
    boxes += [((0.0, side * opening, -0.03), (0.01, 0.009, 0.035)) for side in (-1, 1)]
    rows = []
    for place, half in boxes:
        row = _row(BOX, tip + rotation @ place, rotation, np.array(half))
        row[16:19] = grey
        rows.append(row)
    return rows
