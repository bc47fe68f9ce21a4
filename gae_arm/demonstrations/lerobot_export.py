"""Our episodes as a LeRobotDataset v3, which LeRobot trains on without us.

Each step becomes a row; each camera gives the row its newest frame. Depth (16-bit PNG, mm), K,
camera pose and true stamps are declared features. Clouds and object truth are left out: a cloud
comes back from depth, K and pose.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from gae_arm.core.errors import ConfigError
from gae_arm.demonstrations import images, lerobot_stats
from gae_arm.demonstrations import lerobot_layout as layout
from gae_arm.demonstrations.episode import CameraTrack, Episode
from gae_arm.demonstrations.episode_file import words_of
from gae_arm.demonstrations.images import ImageCoding

PNG = ImageCoding(color='png')
CODEC, PIXELS, QUALITY = 'libx264', 'yuv420p', '18'


def write_lerobot(episodes: Iterable[Episode], folder: Path, video: bool = True) -> int:
    """Write `folder`, which must not exist, and return the number of episodes.

    All episodes must have the same joints, rate and cameras, else ConfigError says what differs.
    video: colour as H.264 (nearly without loss, even sizes only), else as PNG in the rows. Raises
    MissingDependencyError without pyarrow, or without av for video.
    """
    iterator = iter(episodes)
    first = next(iterator, None)
    if first is None:
        raise ConfigError('there is no episode to write')
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise ConfigError(f'{folder} cannot be made: {error}') from error
    with _Writer(folder, first, video) as writer:
        for episode in itertools.chain([first], iterator):
            writer.add(episode)
    return writer.count


class _Writer:
    """The open files of the data set; `meta` is written when it is left without an error."""

    def __init__(self, folder: Path, first: Episode, video: bool) -> None:
        self._folder, self._first = folder, first
        self._arrow = layout.library('pyarrow')
        self._parquet = layout.library('pyarrow.parquet')
        self._fps = round((first.steps - 1) / first.seconds)
        self._features = features_of(first, self._fps, video)
        self._data: Any = None
        self._data_file = self._frames = 0
        keys = [key for key, feature in self._features.items() if feature['dtype'] == 'video']
        self._videos = {key: _Video(folder, key, self._fps) for key in keys}
        self._tasks: dict[str, int] = {}
        self._rows: list[dict[str, Any]] = []
        self._stats: list[lerobot_stats.Stats] = []
        self._words: list[dict[str, Any]] = []

    @property
    def count(self) -> int:
        """Return the episodes written."""
        return len(self._rows)

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._data is not None:
            self._data.close()
        for video in self._videos.values():
            video.close()
        if kind is None:
            self._write_meta()

    def add(self, episode: Episode) -> None:
        """Append an episode."""
        self._check(episode)
        index, n = self.count, episode.steps
        task = self._tasks.setdefault(episode.instruction, len(self._tasks))
        columns = dict(columns_of(episode))
        columns |= {
            'timestamp': np.arange(n) / self._fps,
            'frame_index': np.arange(n),
            'episode_index': np.full(n, index),
            'index': np.arange(self._frames, self._frames + n),
            'task_index': np.full(n, task),
        }
        self._stats.append(
            {key: lerobot_stats.numbers(value.reshape(n, -1)) for key, value in columns.items()}
        )
        place: dict[str, Any] = {
            'episode_index': index,
            'tasks': [episode.instruction],
            'length': n,
        }
        place |= {'dataset_from_index': self._frames, 'dataset_to_index': self._frames + n}
        pictures = dict(self._pictures(episode, place))
        place |= self._write_rows(columns, pictures)
        place |= {'meta/episodes/chunk_index': 0, 'meta/episodes/file_index': 0}
        self._rows.append(place)
        self._words.append(words_of(episode))
        self._frames += n

    def _check(self, episode: Episode) -> None:
        fps = round((episode.steps - 1) / episode.seconds)
        video = bool(self._videos)
        have, want = features_of(episode, fps, video), self._features
        other = sorted(key for key in {*have, *want} if have.get(key) != want.get(key))
        if fps != self._fps or other:
            raise ConfigError(
                f'episode {self.count} does not fit the first one: {fps} steps a second, there '
                f'{self._fps}; features that differ: {other}'
            )

    def _pictures(
        self, episode: Episode, place: dict[str, Any]
    ) -> Iterator[tuple[str, list[bytes]]]:
        """Yield images that stand in the rows; video goes to its file, its place into `place`."""
        for camera in episode.cameras:
            newest = newest_frames(camera.stamps_ns, episode.stamps_ns)
            if camera.color is not None:
                key = layout.COLOR + camera.name
                self._stats[-1][key] = lerobot_stats.pixels(camera.color, 1 / 255)
                if key in self._videos:
                    place |= self._videos[key].add(camera.color, newest)
                else:
                    coded = [images.encode_color(image, PNG).tobytes() for image in camera.color]
                    yield key, [coded[i] for i in newest]
            if camera.depth is not None:
                key = layout.DEPTH + camera.name
                self._stats[-1][key] = lerobot_stats.pixels(camera.depth[..., None], 1.0)
                coded = [images.encode_depth(image).tobytes() for image in camera.depth]
                yield key, [coded[i] for i in newest]

    def _write_rows(
        self, columns: dict[str, np.ndarray], pictures: dict[str, list[bytes]]
    ) -> dict[str, int]:
        pa = self._arrow
        arrays = {}
        for key, feature in self._features.items():
            if feature['dtype'] == 'image':
                rows = [{'bytes': data, 'path': None} for data in pictures[key]]
                kind = pa.struct([('bytes', pa.binary()), ('path', pa.string())])
                arrays[key] = pa.array(rows, kind)
            elif feature['dtype'] != 'video':
                flat = pa.array(columns[key].astype(feature['dtype']).reshape(-1))
                width = feature['shape'][0]
                many = width > 1
                arrays[key] = pa.FixedSizeListArray.from_arrays(flat, width) if many else flat
        table = pa.table(arrays)
        chunk, file = divmod(self._data_file, layout.CHUNK_FILES)
        path = self._folder / layout.DATA_PATH.format(chunk_index=chunk, file_index=file)
        if self._data is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._data = self._parquet.ParquetWriter(path, table.schema)
        self._data.write_table(table)
        if path.stat().st_size > layout.DATA_MEGABYTES * 2**20:
            self._data.close()
            self._data, self._data_file = None, self._data_file + 1
        return {'data/chunk_index': chunk, 'data/file_index': file}

    def _write_meta(self) -> None:
        for place, stats in zip(self._rows, self._stats, strict=True):
            for key, part in lerobot_stats.plain(stats).items():
                place |= {f'stats/{key}/{name}': value for name, value in part.items()}
        path = self._folder / layout.EPISODES_PATH
        path.parent.mkdir(parents=True, exist_ok=True)
        self._parquet.write_table(self._arrow.Table.from_pylist(self._rows), path)
        self._parquet.write_table(
            _task_table(self._arrow, self._tasks), self._folder / layout.TASKS_PATH
        )
        stats = lerobot_stats.plain(lerobot_stats.combined(self._stats))
        info = {
            'codebase_version': layout.VERSION,
            'robot_type': self._first.arm,
            'total_episodes': self.count,
            'total_frames': self._frames,
            'total_tasks': len(self._tasks),
            'chunks_size': layout.CHUNK_FILES,
            'data_files_size_in_mb': layout.DATA_MEGABYTES,
            'video_files_size_in_mb': layout.VIDEO_MEGABYTES,
            'fps': self._fps,
            'splits': {'train': f'0:{self.count}'},
            'data_path': layout.DATA_PATH,
            'video_path': layout.VIDEO_PATH if self._videos else None,
            'features': self._features,
        }
        words = {'episodes': self._words}
        for name, value in ((layout.INFO_PATH, info), (layout.STATS_PATH, stats)):
            (self._folder / name).write_text(json.dumps(value, indent=2) + '\n')
        (self._folder / layout.WORDS_PATH).write_text(json.dumps(words) + '\n')


class _Video:
    """The video files of one camera; episodes stand in them one after the other."""

    def __init__(self, folder: Path, key: str, fps: int) -> None:
        self._av = layout.library('av')
        self._folder, self._key, self._fps = folder, key, fps
        self._container: Any = None
        self._file = self._frames = 0

    def add(self, color: np.ndarray, frames: np.ndarray) -> dict[str, Any]:
        """Append color[frames]; return where it is, for the episode's row."""
        chunk, file = divmod(self._file, layout.CHUNK_FILES)
        path = self._folder / layout.VIDEO_PATH.format(
            video_key=self._key, chunk_index=chunk, file_index=file
        )
        if self._container is None:
            self._open(path, color.shape[2], color.shape[1])
        begin = self._frames
        for i in frames:
            frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(color[i]), 'rgb24')
            frame.pts = self._frames
            frame.time_base = Fraction(1, self._fps)
            self._container.mux(self._stream.encode(frame))
            self._frames += 1
        place = {'chunk_index': chunk, 'file_index': file}
        times = {'from_timestamp': begin / self._fps, 'to_timestamp': self._frames / self._fps}
        if path.stat().st_size > layout.VIDEO_MEGABYTES * 2**20:
            self.close()
            self._file += 1
        return {f'videos/{self._key}/{name}': value for name, value in {**place, **times}.items()}

    def close(self) -> None:
        """Finish the open file."""
        if self._container is not None:
            self._container.mux(self._stream.encode())
            self._container.close()
            self._container, self._frames = None, 0

    def _open(self, path: Path, width: int, height: int) -> None:
        if width % 2 or height % 2:
            raise ConfigError(
                f'{self._key} is {width}x{height}: video needs even sizes; use images'
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = self._av.open(str(path), 'w')
        self._stream = self._container.add_stream(CODEC, rate=self._fps)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = PIXELS
        # A key frame at every second frame: training reads single frames, as LeRobot does it.
        self._stream.options = {'crf': QUALITY, 'g': '2'}


def features_of(episode: Episode, fps: int, video: bool) -> dict[str, dict[str, Any]]:
    """Return the features that an episode has, as `info.json` declares them."""
    joints = list(episode.joint_names)
    out = {
        layout.STATE: _numbers('float32', [*joints, layout.GRIPPER]),
        layout.POSE: _numbers('float32', layout.POSE_NAMES),
        layout.ACTION: _numbers('float32', [*layout.POSE_NAMES, layout.GRIPPER]),
        layout.STAMP: _numbers('int64', None),
    }
    if joints:
        out[layout.VELOCITY] = _numbers('float32', joints)
    for camera in episode.cameras:
        out |= _camera_features(camera, fps, video)
    return out | {key: _numbers(dtype, None) for key, dtype in layout.COUNTERS.items()}


def _camera_features(camera: CameraTrack, fps: int, video: bool) -> dict[str, dict[str, Any]]:
    height, width = camera.size
    names = ['height', 'width', 'channels']
    out: dict[str, dict[str, Any]] = {}
    if camera.color is not None:
        kind = 'video' if video else 'image'
        color: dict[str, Any] = {'dtype': kind, 'shape': [height, width, 3], 'names': names}
        if video:
            color['info'] = {
                'video.height': height,
                'video.width': width,
                'video.codec': 'h264',
                'video.pix_fmt': PIXELS,
                'video.is_depth_map': False,
                'video.fps': fps,
                'video.channels': 3,
                'has_audio': False,
            }
        out[layout.COLOR + camera.name] = color
    if camera.depth is not None:
        depth: dict[str, Any] = {'dtype': 'image', 'shape': [height, width, 1], 'names': names}
        depth['info'] = {'is_depth_map': True, 'depth_unit': 'mm'}
        out[layout.DEPTH + camera.name] = depth
    out[layout.CAMERA_STAMP.format(camera.name)] = _numbers('int64', None)
    if camera.intrinsics is not None:
        entries = [f'{row}{column}' for row in '012' for column in '012']
        out[layout.CAMERA_K.format(camera.name)] = _numbers('float64', entries)
    if camera.T_base_camera is not None:
        entries = [f'{row}{column}' for row in '0123' for column in '0123']
        out[layout.CAMERA_POSE.format(camera.name)] = _numbers('float64', entries)
    return out


def columns_of(episode: Episode) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the columns of numbers of an episode, (T,) or (T, D)."""
    state = np.concatenate([episode.joint_position, episode.gripper[:, None]], 1)
    action = [episode.action_position, episode.action_orientation, episode.action_gripper[:, None]]
    yield layout.STATE, state
    yield layout.POSE, np.concatenate([episode.position, episode.orientation], 1)
    yield layout.ACTION, np.concatenate(action, 1)
    yield layout.STAMP, episode.stamps_ns
    if episode.joint_names:
        yield layout.VELOCITY, episode.joint_velocity
    for camera in episode.cameras:
        newest = newest_frames(camera.stamps_ns, episode.stamps_ns)
        yield layout.CAMERA_STAMP.format(camera.name), camera.stamps_ns[newest]
        if camera.intrinsics is not None:
            K = np.tile(camera.intrinsics.K.reshape(9), (episode.steps, 1))
            yield layout.CAMERA_K.format(camera.name), K
        if camera.T_base_camera is not None:
            poses = camera.T_base_camera[newest].reshape(-1, 16)
            yield layout.CAMERA_POSE.format(camera.name), poses


def newest_frames(frames_ns: np.ndarray, steps_ns: np.ndarray) -> np.ndarray:
    """Return for each step the newest frame that is not later, or the first one; int64 (T,)."""
    return np.maximum(np.searchsorted(frames_ns, steps_ns, 'right') - 1, 0)


def _numbers(dtype: str, names: list[str] | None) -> dict[str, Any]:
    return {'dtype': dtype, 'shape': [1 if names is None else len(names)], 'names': names}


def _task_table(arrow: Any, tasks: dict[str, int]) -> Any:
    """Return the tasks as pandas writes a frame that is indexed by the task."""
    index = '__index_level_0__'
    said = {
        'index_columns': [index],
        'column_indexes': [],
        'columns': [
            _pandas_column('task_index', 'int64', 'int64'),
            {**_pandas_column(None, 'unicode', 'object'), 'field_name': index},
        ],
        'creator': {'library': 'pyarrow', 'version': arrow.__version__},
        'pandas_version': '2.0.0',
    }
    table = arrow.table({'task_index': list(tasks.values()), index: list(tasks)})
    return table.replace_schema_metadata({'pandas': json.dumps(said)})


def _pandas_column(name: str | None, pandas: str, numpy: str) -> dict[str, Any]:
    return {
        'name': name,
        'field_name': name,
        'pandas_type': pandas,
        'numpy_type': numpy,
        'metadata': None,
    }
