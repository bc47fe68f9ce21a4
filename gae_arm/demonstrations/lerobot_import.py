"""Episodes of a LeRobotDataset v3: those that we wrote, and those of any other robot.

What we wrote says all by itself. For others the columns of joints and gripper are told, or found
by the names of the features; end effector poses come from forward kinematics where there are none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gae_arm.core.arm import ArmConfig
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.demonstrations import images, recorded
from gae_arm.demonstrations import lerobot_layout as layout
from gae_arm.demonstrations.episode import CameraTrack, Episode

COLUMN = re.compile(r'(?P<key>[^\[\]]+)(\[(?P<first>\d+)(:(?P<behind>\d+))?\])?')


@dataclass(frozen=True)
class LerobotColumns:
    """Which columns hold what, as 'KEY' or 'KEY[first:behind]' or 'KEY[one]'; None: by names.

    joints: joint positions, rad. gripper: opening, from gripper_range[0] closed to [1] open.
    ee, action_ee: x y z qx qy qz qw in the base frame. action_gripper: as gripper, commanded.
    """

    joints: str | None = None
    gripper: str | None = None
    ee: str | None = None
    action_gripper: str | None = None
    action_ee: str | None = None
    gripper_range: tuple[float, float] = (0.0, 1.0)


def read_lerobot(
    folder: Path, arm: ArmConfig | None = None, columns: LerobotColumns | None = None
) -> Iterator[Episode]:
    """Iterate over the episodes.

    arm: needed for data that we did not write. Raises ConfigError for another version, missing
    files, and columns that are not there, listing those that are; MissingDependencyError.
    """
    source = _Source(folder)
    for row in source.episodes:
        values = source.rows(row)
        cameras = tuple(source.cameras(row, values))
        try:
            if source.words:
                yield _own(source.words[row['episode_index']], values, cameras)
            else:
                told = columns or LerobotColumns()
                yield _foreign(source, row, values, cameras, arm, told)
        except (InvalidValueError, KeyError) as error:
            where = f'{folder}, episode {row["episode_index"]}'
            raise ConfigError(f'{where}: {error}') from error


@dataclass
class _Source:
    """The files of a data set; tables that were read last are kept."""

    folder: Path
    info: dict[str, Any] = field(init=False)
    episodes: list[dict[str, Any]] = field(init=False)
    words: list[dict[str, Any]] = field(init=False)
    _tables: dict[Path, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.info = self._json(layout.INFO_PATH)
        version = self.info.get('codebase_version')
        if version != layout.VERSION:
            raise ConfigError(
                f'{self.folder} is a LeRobotDataset {version!r}, this program reads '
                f'{layout.VERSION!r}; lerobot has a script that converts v2.1'
            )
        self.words = []
        if (self.folder / layout.WORDS_PATH).exists():
            self.words = self._json(layout.WORDS_PATH)['episodes']
        rows: list[dict[str, Any]] = []
        for path in sorted((self.folder / 'meta/episodes').glob('*/*.parquet')):
            table = layout.library('pyarrow.parquet').read_table(path)
            keep = [name for name in table.column_names if not name.startswith('stats/')]
            rows += table.select(keep).to_pylist()
        self.episodes = sorted(rows, key=lambda row: row['episode_index'])

    def rows(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the columns of one episode: arrays (T,) or (T, D); images as lists of bytes."""
        path = self._path('data_path', row['data/chunk_index'], row['data/file_index'])
        if path not in self._tables:
            self._tables = {path: layout.library('pyarrow.parquet').read_table(path)}
        table = self._tables[path]
        mine = np.flatnonzero(table['episode_index'].to_numpy() == row['episode_index'])
        if len(mine) != row['length']:
            raise ConfigError(f'{path} has {len(mine)} rows of an episode of {row["length"]}')
        part = table.slice(int(mine[0]), len(mine))
        out: dict[str, Any] = {}
        for key in part.column_names:
            if self.info['features'][key]['dtype'] == 'image':
                out[key] = [entry['bytes'] for entry in part[key].to_pylist()]
            else:
                out[key] = np.array(part[key].to_pylist())
        return out

    def cameras(self, row: dict[str, Any], values: dict[str, Any]) -> Iterator[CameraTrack]:
        """Yield the cameras of one episode: colour, and what is declared beside it."""
        found = [key for key in self.info['features'] if key.startswith(layout.COLOR)]
        found += [key for key in self.info['features'] if key.startswith(layout.DEPTH)]
        for name in dict.fromkeys(key.split('.', 2)[2] for key in found):
            stamps = values.get(layout.CAMERA_STAMP.format(name))
            if stamps is None:
                stamps = np.round(values['timestamp'].astype(float) * 1e9).astype(np.int64)
            stamps, first = np.unique(stamps, return_index=True)
            color = self._images(layout.COLOR + name, row, values, first)
            depth = self._images(layout.DEPTH + name, row, values, first)
            size = (depth if color is None else color).shape[1:3]
            said = self.words[row['episode_index']]['cameras'] if self.words else []
            words = next((entry for entry in said if entry['name'] == name), None)
            poses = values.get(layout.CAMERA_POSE.format(name))
            yield CameraTrack(
                name,
                f'{name}_optical_frame' if words is None else words['frame_id'],
                stamps,
                color,
                depth,
                _intrinsics(values.get(layout.CAMERA_K.format(name)), size, words),
                None if poses is None else poses[first].reshape(-1, 4, 4),
            )

    def _images(
        self, key: str, row: dict[str, Any], values: dict[str, Any], chosen: np.ndarray
    ) -> Any:
        """Return the chosen frames of a feature, (F, H, W[, 3]), or None where it is not there."""
        if key not in self.info['features']:
            return None
        if self.info['features'][key]['dtype'] == 'video':
            return self._video(key, row)[chosen]
        decode = images.decode_depth if key.startswith(layout.DEPTH) else images.decode_color
        return np.stack([decode(np.frombuffer(values[key][i], np.uint8)) for i in chosen])

    def _video(self, key: str, row: dict[str, Any]) -> np.ndarray:
        """Return all frames of an episode, (T, H, W, 3)."""
        place = {name: row[f'videos/{key}/{name}'] for name in ('chunk_index', 'file_index')}
        path = self._path('video_path', place['chunk_index'], place['file_index'], key)
        period = 1.0 / self.info['fps']
        begin = row[f'videos/{key}/from_timestamp'] - period / 2
        end = begin + row['length'] * period
        frames = []
        with layout.library('av').open(str(path)) as container:
            stream = container.streams.video[0]
            container.seek(max(int(begin / stream.time_base), 0), stream=stream)
            for frame in container.decode(stream):
                if frame.time >= end:
                    break
                if frame.time >= begin:
                    frames.append(frame.to_ndarray(format='rgb24'))
        if len(frames) != row['length']:
            raise ConfigError(f'{path} has {len(frames)} frames of an episode of {row["length"]}')
        return np.stack(frames)

    def _path(self, template: str, chunk: int, file: int, key: str = '') -> Path:
        name = self.info[template].format(chunk_index=chunk, file_index=file, video_key=key)
        path = self.folder / name
        if not path.is_file():
            raise ConfigError(f'{self.folder} has no {name}')
        return path

    def _json(self, name: str) -> Any:
        try:
            return json.loads((self.folder / name).read_text())
        except (OSError, ValueError) as error:
            raise ConfigError(f'{self.folder / name} cannot be read: {error}') from error


def _own(words: dict[str, Any], values: dict[str, Any], cameras: Any) -> Episode:
    """Return an episode that we wrote; its motion comes back as it was kept, in float32."""
    n = len(values[layout.STAMP])
    pose, action = values[layout.POSE], values[layout.ACTION]
    named = ('arm', 'base_frame', 'instruction', 'task', 'source', 'seed', 'success')
    motion = recorded.Motion(
        stamps_ns=values[layout.STAMP],
        joint_names=tuple(words['joint_names']),
        joint_position=values[layout.STATE][:, :-1],
        joint_velocity=values.get(layout.VELOCITY, np.zeros((n, 0))),
        pose=pose,
        gripper=values[layout.STATE][:, -1],
        action_pose=action[:, :7],
        action_gripper=action[:, 7],
    )
    rest = {key: words[key] for key in named}
    return recorded.episode_of(motion, cameras=cameras, notes=tuple(words['notes']), **rest)


def _foreign(
    source: _Source,
    row: dict[str, Any],
    values: dict[str, Any],
    cameras: Any,
    arm: ArmConfig | None,
    told: LerobotColumns,
) -> Episode:
    """Return an episode of a recording that others made."""
    if arm is None:
        raise ConfigError('which arm is it? say --arm, a name in config/arms or a YAML file')
    notes = list(recorded.CAMERA_NOTES) if cameras else []
    features = source.info['features']
    joints_at = told.joints or _by_names(features, layout.STATE, list(arm.joints))
    joints = _column(values, joints_at, len(arm.joints))
    action_at = joints_at.replace(layout.STATE, layout.ACTION) if joints_at else None
    action_joints = None
    if told.action_ee is None and action_at and layout.ACTION in values:
        action_joints = _column(values, action_at, len(arm.joints))
        notes.append(f'{action_at} was taken as commanded joint positions')
    gripper_at = told.gripper or _by_names(features, layout.STATE, [layout.GRIPPER])
    commanded = told.action_gripper or _by_names(features, layout.ACTION, [layout.GRIPPER])
    motion = recorded.completed(
        arm,
        np.round(values['timestamp'].astype(float) * 1e9).astype(np.int64),
        joints=joints,
        pose=_column(values, told.ee, 7),
        opening=_opening(_column(values, gripper_at, 1), told.gripper_range),
        action_joints=action_joints,
        action_pose=_column(values, told.action_ee, 7),
        action_opening=_opening(_column(values, commanded, 1), told.gripper_range),
        notes=notes,
    )
    instruction = row['tasks'][0] if len(row['tasks']) else ''
    return recorded.episode_of(
        motion,
        arm=arm.name,
        base_frame=arm.base_frame,
        instruction=instruction,
        task=source.folder.name,
        source=f'LeRobotDataset {source.folder.name}',
        cameras=cameras,
        notes=tuple(notes),
    )


def _by_names(features: dict[str, Any], key: str, wanted: list[str]) -> str | None:
    """Return 'KEY[first:behind]' of columns with these names, one after another, or None."""
    names = features.get(key, {}).get('names')
    names = names if isinstance(names, list) else []
    for first in range(len(names) - len(wanted) + 1):
        if names[first : first + len(wanted)] == wanted:
            return f'{key}[{first}:{first + len(wanted)}]'
    return None


def _column(values: dict[str, Any], told: str | None, width: int) -> np.ndarray | None:
    """Return the columns (T, width) that are told, or None where none are."""
    if told is None:
        return None
    match = COLUMN.fullmatch(told)
    if match is None or match['key'] not in values:
        raise ConfigError(f'there is no column {told!r}; there are: {sorted(values)}')
    table = np.asarray(values[match['key']], float).reshape(len(values['timestamp']), -1)
    if match['first'] is not None:
        first = int(match['first'])
        table = table[:, first : int(match['behind'] or first + 1)]
    if table.shape[1] != width:
        raise ConfigError(f'{told!r} has {table.shape[1]} columns, expected {width}')
    return table


def _opening(column: np.ndarray | None, ends: tuple[float, float]) -> np.ndarray | None:
    if column is None:
        return None
    if ends[0] == ends[1]:
        raise ConfigError(f'the gripper range {list(ends)} is empty')
    return np.clip((column[:, 0] - ends[0]) / (ends[1] - ends[0]), 0, 1)


def _intrinsics(
    K: np.ndarray | None, size: tuple[int, int], words: dict[str, Any] | None
) -> CameraIntrinsics | None:
    if K is None:
        return None
    lens = {} if words is None else words['intrinsics']
    distortion = lens.get('distortion_model', ''), np.array(lens.get('distortion', []))
    return CameraIntrinsics(size[1], size[0], K[0].reshape(3, 3), *distortion)
