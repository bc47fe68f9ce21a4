"""Episodes made by hand: a pick and place of a camera's field of view, small and whole."""

from __future__ import annotations

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.errors import InvalidValueError
from gae_arm.demonstrations.dataset import Failure
from gae_arm.demonstrations.episode import CameraTrack, CloudTrack, Episode, ObjectTrack
from gae_arm.demonstrations.keyframes import find_keyframes

T_BASE_CAMERA = geometry.look_at([1.2, 0.3, 0.8], [0.5, 0.0, 0.1])
K = np.array([[80.0, 0, 31.5], [0, 80.0, 23.5], [0, 0, 1]])
HOME, ABOVE, GRASP, LIFTED, PLACE = (
    np.array(p)
    for p in (
        [0.35, 0.0, 0.5],
        [0.5, -0.1, 0.25],
        [0.5, -0.1, 0.1],
        [0.5, -0.1, 0.35],
        [0.55, 0.2, 0.12],
    )
)
UP = PLACE + np.array([0, 0, 0.15])


def pick_and_place(rate: float = 20.0) -> dict[str, np.ndarray]:
    """Home, above, grasp (closes), lift, place (opens), at rest at each: min-jerk segments.

    Returns stamps_ns, position, orientation, gripper and the steps at which it rests.
    """
    legs = [(HOME, ABOVE, 1.5), (ABOVE, GRASP, 0.8), (GRASP, GRASP, 0.5), (GRASP, LIFTED, 0.8)]
    legs += [(LIFTED, PLACE, 1.5), (PLACE, PLACE, 0.5), (PLACE, UP, 0.7)]
    openings = [1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    position, gripper, rests = [HOME[None]], [np.ones(1)], []
    for (start, end, seconds), opening in zip(legs, openings, strict=True):
        s = np.arange(1, round(seconds * rate) + 1)[:, None] / round(seconds * rate)
        share = 10 * s**3 - 15 * s**4 + 6 * s**5
        position.append(start + share * (end - start))
        gripper.append(np.full(len(s), opening))
        rests.append(sum(map(len, gripper)) - 1)
    points = np.concatenate(position)
    down = np.tile([1.0, 0.0, 0.0, 0.0], (len(points), 1))
    stamps = np.round(np.arange(len(points)) * 1e9 / rate).astype(np.int64)
    out = {'stamps_ns': stamps, 'position': points, 'orientation': down}
    return {**out, 'gripper': np.concatenate(gripper), 'rests': np.array(rests)}


def episode(seed: int = 0, images: bool = True, clouds: bool = True) -> Episode:
    """A pick and place with one camera (five frames), clouds at 10 Hz and two objects."""
    random = np.random.default_rng(seed)
    way = pick_and_place()
    n = len(way['stamps_ns'])
    position = way['position'] + 0.01 * random.standard_normal(3)
    joints = np.cumsum(0.01 * random.standard_normal((n, 7)), 0)
    way_of_cube = np.where((way['gripper'] < 0.5)[:, None], position, GRASP)
    poses = np.stack([way_of_cube, np.tile([0.4, 0.2, 0.02], (n, 1))], 1)
    upright = np.tile([0.0, 0.0, 0.0, 1.0], (n, 2, 1))
    return Episode(
        arm='panda',
        base_frame='panda_link0',
        joint_names=tuple(f'panda_joint{i}' for i in range(1, 8)),
        stamps_ns=way['stamps_ns'],
        joint_position=joints,
        joint_velocity=np.gradient(joints, 0.05, axis=0),
        position=position,
        orientation=way['orientation'],
        gripper=np.clip(way['gripper'] + 0.01 * random.random(n), 0, 1),
        action_position=np.concatenate([position[1:], position[-1:]]),
        action_orientation=way['orientation'],
        action_gripper=way['gripper'],
        instruction='put the red cube into the bowl',
        task='place',
        source='made by hand',
        seed=seed,
        success=True,
        keyframes=find_keyframes(way['stamps_ns'], position, way['orientation'], way['gripper']),
        objects=ObjectTrack(('red cube', 'bowl'), poses, upright),
        clouds=cloud_track(way['stamps_ns'][::2], random) if clouds else None,
        cameras=(camera_track(way['stamps_ns'][:: n // 4], random),) if images else (),
        notes=('made for a test',),
    )


def cloud_track(stamps_ns: np.ndarray, random: np.random.Generator) -> CloudTrack:
    clouds = [
        random.random((50 + i % 7, 3)) * [0.4, 0.6, 0.1] + [0.3, -0.3, 0]
        for i in range(len(stamps_ns))
    ]
    return CloudTrack.of(stamps_ns, clouds)


def camera_track(stamps_ns: np.ndarray, random: np.random.Generator) -> CameraTrack:
    n, (h, w) = len(stamps_ns), (48, 64)
    v, u = np.mgrid[:h, :w]
    color = np.stack([np.stack([4 * u, 5 * v, 0 * u + 40 * i], -1) for i in range(n)])
    depth = 1000 + 3 * u + random.integers(0, 20, (n, h, w))
    poses = np.tile(T_BASE_CAMERA, (n, 1, 1))
    return CameraTrack(
        'camera',
        'camera_color_optical_frame',
        stamps_ns,
        color.astype(np.uint8),
        depth.astype(np.uint16),
        CameraIntrinsics(w, h, K),
        poses,
    )


def make_small(seed: int) -> Episode | Failure:
    """A generator of episodes: every fourth one fails."""
    if seed % 4 == 3:
        return Failure('dropped', f'the cube of scene {seed} fell')
    return episode(seed, images=False)


def make_or_refuse(seed: int) -> Episode:
    if seed == 1:
        raise InvalidValueError('no room in scene 1')
    return episode(seed, images=False, clouds=False)


def make_with_a_mistake(seed: int) -> Episode:
    return episode(seed // (seed - 2), images=False)


def make_and_die(seed: int) -> Episode:
    import os

    os._exit(3)
