"""Episodes of robomimic's and LIBERO's HDF5 files: one file, a group `data/demo_N` for each.

robomimic (https://robomimic.github.io/docs/datasets/overview.html) and LIBERO
(`scripts/create_dataset.py`) name the same things differently. What they have in common: actions
are changes of pose in the controller's own units, so that commanded poses are taken from the
measured ones, and cameras are described by the MuJoCo model in the attributes, if at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.demonstrations import recorded
from gae_arm.demonstrations.episode import CameraTrack, Episode
from gae_arm.demonstrations.lerobot_layout import library
from gae_arm.demonstrations.mjcf_cameras import ModelView, read_model

JOINTS = ('robot0_joint_pos', 'joint_states')
FINGERS = ('robot0_gripper_qpos', 'gripper_states')
COLOR = ('_image', '_rgb')
DEPTH = '_depth'
RATE = 20.0
FARTHEST = 65.535
# LIBERO leaves the robot's name away.
MODEL_NAMES = {'eye_in_hand': 'robot0_eye_in_hand'}


def read_hdf5(path: Path, arm: ArmConfig) -> Iterator[Episode]:
    """Iterate over the episodes of a file, in the order of their numbers.

    arm: whose joints they are; poses are its forward kinematics, in its own base frame. Raises
    ConfigError with the file and the reason; MissingDependencyError without h5py.
    """
    h5py = library('h5py')
    try:
        file = h5py.File(path, 'r')
    except OSError as error:
        raise ConfigError(f'{path} cannot be read: {error}') from error
    with file:
        if 'data' not in file:
            raise ConfigError(f'{path} has no group data; it has: {sorted(file)}')
        demos = [name for name in file['data'] if name.startswith('demo_')]
        for name in sorted(demos, key=lambda demo: int(demo.removeprefix('demo_'))):
            try:
                yield _episode(path, file['data'], name, arm)
            except (InvalidValueError, KeyError, ValueError) as error:
                raise ConfigError(f'{path}, {name}: {error}') from error


def _episode(path: Path, data: Any, name: str, arm: ArmConfig) -> Episode:
    demo = data[name]
    if 'obs' not in demo:
        raise InvalidValueError(
            'there are no observations; robomimic makes them with dataset_states_to_obs.py'
        )
    obs = demo['obs']
    joints = _first(obs, JOINTS)
    rate = _env_args(data).get('env_kwargs', {}).get('control_freq', RATE)
    stamps = np.round(np.arange(len(joints)) * 1e9 / rate).astype(np.int64)
    notes: list[str] = []
    if 'control_freq' not in _env_args(data).get('env_kwargs', {}):
        notes.append(f'the file does not say its rate: taken as {rate:g} Hz')
    opening = np.array([arm.gripper.opening(q) for q in np.abs(_first(obs, FINGERS))])
    motion = recorded.completed(
        arm,
        stamps,
        joints=joints,
        pose=None,
        opening=opening,
        action_joints=None,
        action_pose=None,
        # robosuite: -1 opens, 1 closes.
        action_opening=np.clip((1 - demo['actions'][:, -1]) / 2, 0, 1),
        notes=notes,
    )
    cameras = tuple(_cameras(data, demo, stamps, notes))
    solved = 'rewards' in demo and bool(demo['rewards'][-1] >= 1)
    return recorded.episode_of(
        motion,
        arm=arm.name,
        base_frame=arm.base_frame,
        instruction=_instruction(data, demo),
        task=str(_env_args(data).get('env_name', data.attrs.get('env_name', path.stem))),
        source=f'{path.name} {name}',
        success=True if solved else None,
        cameras=cameras,
        notes=tuple(notes),
    )


def _cameras(data: Any, demo: Any, stamps: np.ndarray, notes: list[str]) -> Iterator[CameraTrack]:
    """Yield the cameras; note what is not known of each."""
    model = None
    if 'model_file' in demo.attrs:
        model = read_model(_text(demo.attrs['model_file']))
    for key in demo['obs']:
        ending = next((ending for ending in COLOR if key.endswith(ending)), None)
        if ending is not None:
            name = key.removesuffix(ending)
            yield _camera(data, demo['obs'], key, name, stamps, model, notes)


def _camera(
    data: Any,
    obs: Any,
    key: str,
    name: str,
    stamps: np.ndarray,
    model: ModelView | None,
    notes: list[str],
) -> CameraTrack:
    color = obs[key][()]
    if _text(data.attrs.get('macros_image_convention', '')) == 'opengl':
        color = color[:, ::-1]
    depth = _depth(obs, name, key, notes)
    intrinsics = pose = None
    if model is not None:
        in_model = MODEL_NAMES.get(name, name)
        intrinsics = model.intrinsics(in_model, color.shape[2], color.shape[1])
        pose = model.T_base_camera(in_model)
    if intrinsics is None:
        notes.append(f'camera {name!r}: the file does not say its intrinsics')
    if pose is None:
        notes.append(f'camera {name!r}: the file does not say where it is at each step')
    poses = None if pose is None else np.tile(pose, (len(stamps), 1, 1))
    frame_id = f'{name}_optical_frame'
    color = np.ascontiguousarray(color)
    return CameraTrack(name, frame_id, stamps, color, depth, intrinsics, poses)


def _depth(obs: Any, name: str, color_key: str, notes: list[str]) -> np.ndarray | None:
    """Return the depth in millimetres, or None where there is none in metres."""
    if name + DEPTH not in obs:
        return None
    if color_key.endswith('_rgb'):
        notes.append(
            f'camera {name!r}: depth is a z-buffer whose near and far planes the file does not '
            'say; it is left out'
        )
        return None
    metres = obs[name + DEPTH][..., 0]
    valid = np.isfinite(metres) & (metres > 0) & (metres < FARTHEST)
    return np.where(valid, np.round(1000 * np.where(valid, metres, 0)), 0).astype(np.uint16)


def _first(obs: Mapping[str, Any], names: tuple[str, ...]) -> np.ndarray:
    """Return the first of these observations that is there; InvalidValueError lists all."""
    for name in names:
        if name in obs:
            return np.asarray(obs[name][()], float)
    raise InvalidValueError(f'no observation {list(names)}; there are: {sorted(obs)}')


def _instruction(data: Any, demo: Any) -> str:
    """Return the words of LIBERO's problem, or of robosuite's episode; '' where there are none."""
    for holder, attribute, key in (
        (data, 'problem_info', 'language_instruction'),
        (demo, 'ep_meta', 'lang'),
    ):
        if attribute in holder.attrs:
            said = json.loads(_text(holder.attrs[attribute])).get(key, '')
            return (''.join(said) if isinstance(said, list) else str(said)).strip().strip('"')
    return ''


def _env_args(data: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_text(data.attrs.get('env_args', '{}')))
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
