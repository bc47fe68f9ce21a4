"""Windows of episodes as training and evaluation take them: state, chunk, keyframes, cloud.

A window stands at one step of one episode. The motion of all episodes is kept in memory, some 140
bytes a step, and gathered for whole batches at once; clouds and images stay in the files and are
read through memory maps.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import ConfigError
from gae_arm.core.settings import Settings, setting
from gae_arm.demonstrations.dataset import Dataset
from gae_arm.demonstrations.episode_file import CorruptEpisodeError, StoredEpisode
from gae_arm.demonstrations.keyframes import keyframe_gripper

STATE = ('position', 'orientation', 'gripper')
JOINTS = ('joint_position', 'joint_velocity')
ACTION = ('action_position', 'action_orientation', 'action_gripper')
OPEN_FILES = 256


@dataclass(frozen=True)
class WindowSettings(Settings):
    """What a window holds."""

    horizon: int = setting(16, 'actions of a window, H', low=1, high=1024)
    stride: int = setting(1, 'steps between two windows of an episode', low=1, high=1000)
    keyframes: int = setting(4, 'keyframes ahead, K', low=0, high=64)
    clouds: bool = setting(True, 'the newest cloud of each window')
    joints: bool = setting(False, 'joint positions and velocities: all episodes of one arm')


class Windows:
    """All windows of a data set, in order: episode by episode, step by step.

    Corrupt files are left out; `dataset.problems` says which. Raises ConfigError for a data set
    without a whole episode, without keyframes or clouds that are asked for, or with several arms
    where joints are asked for. May be sent to another process: files are opened where they are
    used.
    """

    def __init__(self, dataset: Dataset, settings: WindowSettings | None = None) -> None:
        self.dataset = dataset
        self.settings = settings or WindowSettings()
        self._open: OrderedDict[int, StoredEpisode] = OrderedDict()
        episodes = list(self._readable(dataset))
        if not episodes:
            raise ConfigError(f'{dataset.folder} holds no episode; {dataset.problems[:3]}')
        self.numbers = np.array([number for number, _ in episodes])
        stored = [episode for _, episode in episodes]
        lengths = [episode.steps for episode in stored]
        self._begin = np.cumsum([0, *lengths[:-1]])
        self._end = np.cumsum(lengths)
        self._motion = self._tables(stored)
        self._keyframes = _keyframe_tables(stored, self._begin) if self.settings.keyframes else None
        self._rows, self._episode = self._window_rows(lengths)

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self._rows)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the memory maps behind: they cannot be sent to another process."""
        return {**self.__dict__, '_open': OrderedDict()}

    @property
    def counts(self) -> np.ndarray:
        """Return the number of windows of each episode, int64 (E,)."""
        return np.bincount(self._episode, minlength=len(self.numbers))

    def batch(self, indices: np.ndarray) -> dict[str, Any]:
        """Return B windows as arrays that are the caller's own.

        episode, step: int64 (B,), the episode's number and the step. stamp_ns: int64 (B,).
        position (B, 3), orientation (B, 4), gripper (B,): the state, float32, base frame.
        action_position (B, H, 3), action_orientation (B, H, 4), action_gripper (B, H): what was
            commanded from this step on; action_valid bool (B, H): False behind the episode's end,
            where the last action is repeated.
        keyframe_position (B, K, 3), keyframe_orientation (B, K, 4), keyframe_gripper (B, K):
            keyframes later than the step, nearest first; keyframe_valid bool (B, K).
        cloud: list of B arrays (N_i, 3) float32, newest not later than the step, else the first;
            cloud_age_ns int64 (B,). joint_position, joint_velocity (B, N): if asked for.
        """
        indices = np.asarray(indices, np.int64)
        rows, episode = self._rows[indices], self._episode[indices]
        begin, last = self._begin[episode], self._end[episode] - 1
        out: dict[str, Any] = {'episode': self.numbers[episode], 'step': rows - begin}
        out['stamp_ns'] = self._motion['stamps_ns'][rows]
        for key in (*STATE, *(JOINTS if self.settings.joints else ())):
            out[key] = self._motion[key][rows]
        ahead = rows[:, None] + np.arange(self.settings.horizon)
        inside = np.minimum(ahead, last[:, None])
        out |= {key: self._motion[key][inside] for key in ACTION}
        out['action_valid'] = ahead <= last[:, None]
        if self._keyframes is not None:
            out |= self._keyframes_ahead(self._keyframes, rows, last)
        if self.settings.clouds:
            clouds = [self._cloud(*pair) for pair in zip(episode, out['stamp_ns'], strict=True)]
            out['cloud'] = [points for points, _ in clouds]
            out['cloud_age_ns'] = np.array([age for _, age in clouds], np.int64)
        return out

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return one window: `batch` without its first axis."""
        checks.integer('window', index, 0, len(self) - 1)
        return {key: value[0] for key, value in self.batch(np.array([index])).items()}

    def stored(self, episode: int) -> StoredEpisode:
        """Return the file of the i-th episode, by memory map, for its images."""
        if episode not in self._open:
            number = int(self.numbers[episode])
            self._open[episode] = self.dataset.stored(number)
            if len(self._open) > OPEN_FILES:
                self._open.popitem(last=False)
        self._open.move_to_end(episode)
        return self._open[episode]

    def _readable(self, dataset: Dataset) -> Any:
        for number, path in list(dataset.paths.items()):
            try:
                yield number, StoredEpisode(path)
            except CorruptEpisodeError as error:
                dataset.problems.append(str(error))
                del dataset.paths[number]

    def _tables(self, stored: list[StoredEpisode]) -> dict[str, np.ndarray]:
        keys = ['stamps_ns', *STATE, *ACTION]
        if self.settings.joints:
            arms = sorted({tuple(episode.words['joint_names']) for episode in stored})
            if len(arms) > 1:
                raise ConfigError(f'{self.dataset.folder} has {len(arms)} kinds of arm: {arms}')
            keys += JOINTS
        if self.settings.clouds:
            blind = [e.path.name for e in stored if not _has_clouds(e)]
            if blind:
                raise ConfigError(
                    f'{len(blind)} of {len(stored)} episodes have no clouds, such as {blind[0]}; '
                    'ask for windows without clouds'
                )
        return {key: np.concatenate([episode.tensors[key] for episode in stored]) for key in keys}

    def _window_rows(self, lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
        steps = [np.arange(0, length, self.settings.stride) for length in lengths]
        rows = np.concatenate([b + s for b, s in zip(self._begin, steps, strict=True)])
        episode = np.repeat(np.arange(len(lengths)), [len(s) for s in steps])
        return rows, episode

    def _keyframes_ahead(
        self, tables: dict[str, np.ndarray], rows: np.ndarray, last: np.ndarray
    ) -> dict[str, np.ndarray]:
        first = np.searchsorted(tables['rows'], rows, 'right')
        behind = np.searchsorted(tables['rows'], last, 'right')
        index = first[:, None] + np.arange(self.settings.keyframes)
        valid = index < behind[:, None]
        # Behind the last keyframe it stays the aim; `last` is one, so there is at least that one.
        index = np.minimum(index, behind[:, None] - 1)
        out = {f'keyframe_{key}': tables[key][index] for key in STATE}
        return {**out, 'keyframe_valid': valid}

    def _cloud(self, episode: int, stamp_ns: int) -> tuple[np.ndarray, int]:
        track = self.stored(int(episode)).clouds
        assert track is not None
        i = max(int(np.searchsorted(track.stamps_ns, stamp_ns, 'right')) - 1, 0)
        return track.cloud(i).astype(np.float32), int(stamp_ns - track.stamps_ns[i])


def _has_clouds(episode: StoredEpisode) -> bool:
    return 'clouds/starts' in episode.tensors and len(episode.tensors['clouds/starts']) > 1


def _keyframe_tables(stored: list[StoredEpisode], begin: np.ndarray) -> dict[str, np.ndarray]:
    """Return the keyframes of all episodes in one: their rows and poses, and what to do there."""
    parts: dict[str, list[np.ndarray]] = {key: [] for key in ('rows', *STATE)}
    for episode, row in zip(stored, begin, strict=True):
        t, steps = episode.tensors, episode.tensors['keyframes']
        if not len(steps) or steps[-1] != episode.steps - 1:
            raise ConfigError(
                f'{episode.path.name} has keyframes {steps.tolist()}, which do not lead to its '
                f'last step {episode.steps - 1}; ask for windows without keyframes'
            )
        parts['rows'].append(steps + row)
        parts['position'].append(t['position'][steps])
        parts['orientation'].append(t['orientation'][steps])
        openings = keyframe_gripper(t['action_gripper'], steps)
        parts['gripper'].append(openings.astype(np.float32))
    return {key: np.concatenate(values) for key, values in parts.items()}
