"""One episode as one safetensors file: motion as float32, images as JPEG and PNG bytes.

`docs/data.md` lists the tensors. Its name carries the checksum of all its bytes, so that a file is
known to be whole without a second file beside it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.errors import GaeError, InvalidValueError
from gae_arm.core.mapped import MappedTensors
from gae_arm.demonstrations import images
from gae_arm.demonstrations.atomic import write_atomically
from gae_arm.demonstrations.episode import CameraTrack, CloudTrack, Episode, ObjectTrack, offsets
from gae_arm.demonstrations.images import ImageCoding
from gae_arm.demonstrations.plan_track import FIELDS, PlanTrack

SUFFIX = '.safetensors'
FORMAT = 'gae episode 1'
MOTION = (
    'joint_position',
    'joint_velocity',
    'position',
    'orientation',
    'gripper',
    'action_position',
    'action_orientation',
    'action_gripper',
)
WORDS = (
    'arm',
    'base_frame',
    'joint_names',
    'instruction',
    'task',
    'source',
    'seed',
    'success',
    'notes',
)


class CorruptEpisodeError(GaeError):
    """A file is not the episode that its name says; the message says which and why."""


def write_episode(folder: Path, number: int, episode: Episode, coding: ImageCoding) -> Path:
    """Write `folder/NNNNNNNN-CHECKSUM.safetensors` atomically and return its path.

    Raises DiskFullError or ConfigError, as `write_atomically`.
    """
    # One entry only: the library writes several in a random order, and equal episodes would differ.
    data = save(tensors_of(episode, coding), {'episode': json.dumps(words_of(episode))})
    path = folder / f'{number:08d}-{checksum(data)}{SUFFIX}'
    write_atomically(path, data)
    return path


def checksum(data: Any) -> str:
    """Return 16 hexadecimal digits: BLAKE2b over bytes, or the bytes of an array."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def number_of(path: Path) -> int:
    """Return the number that a file's name says; CorruptEpisodeError for another kind of name."""
    number, dash, digest = path.name.removesuffix(SUFFIX).partition('-')
    if not (dash and number.isdecimal() and len(digest) == 16):
        raise CorruptEpisodeError(f'{path.name!r} is no name of an episode')
    return int(number)


def verify(path: Path) -> None:
    """Read the whole file; raise CorruptEpisodeError unless its checksum is that of its name."""
    number_of(path)
    try:
        found = checksum(np.memmap(path, np.uint8, 'r'))
    except (OSError, ValueError) as error:
        raise CorruptEpisodeError(f'{path} cannot be read: {error}') from error
    if found != path.name.removesuffix(SUFFIX).rpartition('-')[2]:
        raise CorruptEpisodeError(f'{path} is corrupt: its bytes have checksum {found}')


class StoredEpisode:
    """An episode in a file, by memory map: only what is asked for is read and decoded.

    Raises CorruptEpisodeError for a file that is no episode (its checksum is not looked at here).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.tensors = MappedTensors(path)
            self.words: dict[str, Any] = json.loads(self.tensors.metadata['episode'])
            if self.words['format'] != FORMAT:
                raise ValueError(f'its format is {self.words["format"]!r}, expected {FORMAT!r}')
        except (InvalidValueError, KeyError, TypeError, ValueError) as error:
            raise CorruptEpisodeError(f'{path}: {error}') from error

    @property
    def steps(self) -> int:
        """Return T, the number of steps."""
        return len(self.tensors['stamps_ns'])

    @cached_property
    def cameras(self) -> dict[str, StoredCamera]:
        """Return the cameras by name."""
        return {
            entry['name']: StoredCamera(self.tensors, i, entry)
            for i, entry in enumerate(self.words['cameras'])
        }

    @cached_property
    def clouds(self) -> CloudTrack | None:
        """Return the clouds, or None; as stored, not checked point by point."""
        if 'clouds/points' not in self.tensors:
            return None
        track = object.__new__(CloudTrack)
        for key in ('stamps_ns', 'starts', 'points'):
            object.__setattr__(track, key, self.tensors[f'clouds/{key}'])
        return track

    @cached_property
    def plans(self) -> PlanTrack | None:
        """Return what the planner meant, checked; None where nobody knows."""
        if 'plans/steps' not in self.tensors:
            return None
        return PlanTrack(**{key: self.tensors[f'plans/{key}'] for key in FIELDS})

    def load(self, images: bool = True) -> Episode:
        """Return the whole episode, checked, images decoded; CorruptEpisodeError if it is none.

        images: False leaves the cameras out, which take most of the time.
        """
        try:
            return self._load(images)
        except (InvalidValueError, KeyError, TypeError) as error:
            raise CorruptEpisodeError(f'{self.path}: {error}') from error

    def _load(self, images: bool) -> Episode:
        t, words = self.tensors, self.words
        clouds = objects = None
        if 'clouds/points' in t:
            clouds = CloudTrack(t['clouds/stamps_ns'], t['clouds/starts'], t['clouds/points'])
        if 'objects/position' in t:
            poses = t['objects/position'], t['objects/orientation']
            objects = ObjectTrack(tuple(words['objects']), *poses)
        values: dict[str, Any] = {key: words[key] for key in WORDS}
        values |= {key: t[key] for key in ('stamps_ns', 'keyframes', *MOTION)}
        return Episode(
            **values,
            cameras=tuple(c.load() for c in self.cameras.values()) if images else (),
            clouds=clouds,
            objects=objects,
            plans=self.plans,
        )


class StoredCamera:
    """The frames of one camera of a stored episode, decoded one by one."""

    def __init__(self, tensors: MappedTensors, i: int, entry: dict[str, Any]) -> None:
        self._tensors, self._prefix = tensors, f'cameras/{i}/'
        self.name, self.frame_id = entry['name'], entry['frame_id']
        said = entry['intrinsics']
        self.intrinsics = None if said is None else CameraIntrinsics(**said)
        self.stamps_ns = tensors[f'{self._prefix}stamps_ns']

    @property
    def T_base_camera(self) -> np.ndarray | None:
        """Return the poses (F, 4, 4), or None."""
        return self._tensors.get(f'{self._prefix}T_base_camera')

    def color(self, i: int) -> np.ndarray | None:
        """Return the colour of frame i, uint8 (H, W, 3), or None."""
        return self._image('color', i, images.decode_color)

    def depth(self, i: int) -> np.ndarray | None:
        """Return the depth of frame i, uint16 (H, W), millimetres, or None."""
        return self._image('depth', i, images.decode_depth)

    def load(self) -> CameraTrack:
        """Return all frames."""
        track: dict[str, Any] = {}
        for key, decode in (('color', images.decode_color), ('depth', images.decode_depth)):
            if f'{self._prefix}{key}' in self._tensors:
                frames = [self._image(key, i, decode) for i in range(len(self.stamps_ns))]
                track[key] = np.stack(frames)  # type: ignore[arg-type]
        track |= {'intrinsics': self.intrinsics, 'T_base_camera': self.T_base_camera}
        return CameraTrack(self.name, self.frame_id, self.stamps_ns, **track)

    def _image(
        self, key: str, i: int, decode: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray | None:
        data = self._tensors.get(f'{self._prefix}{key}')
        if data is None:
            return None
        name = f'{self._prefix}{key}_starts'
        starts = offsets(name, self._tensors[name], len(self.stamps_ns), len(data))
        return decode(data[starts[i] : starts[i + 1]])


def tensors_of(episode: Episode, coding: ImageCoding) -> dict[str, np.ndarray]:
    """Return all numbers of an episode by name, as they are kept."""
    out = {'stamps_ns': episode.stamps_ns, 'keyframes': episode.keyframes}
    out |= {key: getattr(episode, key).astype(np.float32) for key in MOTION}
    if episode.objects is not None:
        out['objects/position'] = episode.objects.position.astype(np.float32)
        out['objects/orientation'] = episode.objects.orientation.astype(np.float32)
    if episode.clouds is not None:
        for key in ('stamps_ns', 'starts', 'points'):
            out[f'clouds/{key}'] = getattr(episode.clouds, key)
    if episode.plans is not None:
        for key in FIELDS:
            value = getattr(episode.plans, key)
            out[f'plans/{key}'] = value.astype(np.float32) if value.dtype == float else value
    for i, camera in enumerate(episode.cameras):
        out |= {f'cameras/{i}/{key}': value for key, value in _camera(camera, coding).items()}
    return out


def _camera(camera: CameraTrack, coding: ImageCoding) -> dict[str, np.ndarray]:
    out = {'stamps_ns': camera.stamps_ns}
    if camera.T_base_camera is not None:
        out['T_base_camera'] = camera.T_base_camera
    if camera.color is not None:
        parts = [images.encode_color(image, coding) for image in camera.color]
        out['color'], out['color_starts'] = images.join(parts)
    if camera.depth is not None:
        parts = [images.encode_depth(image) for image in camera.depth]
        out['depth'], out['depth_starts'] = images.join(parts)
    return out


def words_of(episode: Episode) -> dict[str, Any]:
    """Return all of an episode that is no array, as plain JSON."""
    words: dict[str, Any] = {'format': FORMAT, **{key: getattr(episode, key) for key in WORDS}}
    words['objects'] = [] if episode.objects is None else list(episode.objects.names)
    words['cameras'] = [
        {
            'name': camera.name,
            'frame_id': camera.frame_id,
            'intrinsics': camera.intrinsics and _plain(camera.intrinsics),
        }
        for camera in episode.cameras
    ]
    return words


def _plain(intrinsics: CameraIntrinsics) -> dict[str, Any]:
    fields = {f.name: getattr(intrinsics, f.name) for f in dataclasses.fields(intrinsics)}
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in fields.items()}
