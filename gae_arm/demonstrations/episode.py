"""One demonstration: what the arm did, saw and was told.

Time runs in steps (the rate of the actions); cameras and clouds have their own stamps. All poses
are in the arm's base frame, metres, quaternions (x, y, z, w); all stamps are nanoseconds on the
clock of the recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gae_arm.core import checks, geometry
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.errors import InvalidValueError
from gae_arm.demonstrations.plan_track import PlanTrack

CLOUD_TYPES = (np.float16, np.float32)
IMAGE_TYPES = {'color': np.uint8, 'depth': np.uint16}


@dataclass(frozen=True, eq=False)
class CameraTrack(checks.Contract):
    """What one camera delivered, F frames.

    name: distinct within the episode. frame_id: name of the optical frame.
    stamps_ns: int64 (F,), strictly increasing.
    color: uint8 (F, H, W, 3) RGB, or None. depth: uint16 (F, H, W), millimetres, 0 invalid,
        aligned to colour, or None; at least one of the two. Both are taken as they are.
    intrinsics: None where nobody knows them: then there is no way from pixels to metres.
    T_base_camera: float64 (F, 4, 4), pose of the optical frame at each frame; None if unknown.
    """

    name: str
    frame_id: str
    stamps_ns: np.ndarray
    color: np.ndarray | None = None
    depth: np.ndarray | None = None
    intrinsics: CameraIntrinsics | None = None
    T_base_camera: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Validate; the images must have one size, that of the intrinsics."""
        checks.text('camera name', self.name, allow_empty=False)
        checks.text('frame_id', self.frame_id, allow_empty=False)
        stamps = _stamps(f'stamps_ns of camera {self.name!r}', self.stamps_ns)
        object.__setattr__(self, 'stamps_ns', stamps)
        _check_images(self)
        if self.T_base_camera is not None:
            poses = poses_rigid('T_base_camera', self.T_base_camera, len(stamps))
            object.__setattr__(self, 'T_base_camera', poses)

    @property
    def size(self) -> tuple[int, int]:
        """Return (height, width) of the images, pixels."""
        images = self.depth if self.color is None else self.color
        assert images is not None
        return images.shape[1], images.shape[2]

    def frame(self, i: int) -> CameraFrame:
        """Return frame i; InvalidValueError where there is no depth or no intrinsics."""
        if self.depth is None or self.intrinsics is None:
            lack = 'depth' if self.depth is None else 'intrinsics'
            raise InvalidValueError(f'camera {self.name!r} has no {lack}')
        color = None if self.color is None else self.color[i]
        stamp = int(self.stamps_ns[i])
        return CameraFrame(stamp, self.frame_id, self.intrinsics, self.depth[i], color)


@dataclass(frozen=True, eq=False)
class CloudTrack(checks.Contract):
    """Workspace clouds in the base frame, C of them, each with as many points as it has.

    stamps_ns: int64 (C,), strictly increasing.
    starts: int64 (C + 1,), from 0 to P; cloud i is points[starts[i] : starts[i + 1]].
    points: float16 or float32 (P, 3), metres. float16 rounds by at most 0.25 mm below 1 m and
        0.5 mm below 2 m: less than a depth camera's noise, at half the bytes.
    """

    stamps_ns: np.ndarray
    starts: np.ndarray
    points: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        dtype = np.asarray(self.points).dtype
        if dtype not in CLOUD_TYPES:
            raise InvalidValueError(f'points are {dtype}, expected float16 or float32')
        points = checks.array('points', self.points, (None, 3), dtype)
        stamps = _stamps('stamps_ns of the clouds', self.stamps_ns)
        starts = offsets('starts', self.starts, len(stamps), len(points))
        for name, value in (('points', points), ('stamps_ns', stamps), ('starts', starts)):
            object.__setattr__(self, name, value)

    @staticmethod
    def of(
        stamps_ns: npt.ArrayLike, clouds: Sequence[np.ndarray], dtype: npt.DTypeLike = np.float16
    ) -> CloudTrack:
        """Return the track of separate clouds (N_i, 3)."""
        starts = np.cumsum([0, *(len(cloud) for cloud in clouds)])
        rows = [np.asarray(cloud, dtype).reshape(-1, 3) for cloud in clouds]
        points = np.concatenate(rows) if rows else np.empty((0, 3), dtype)
        return CloudTrack(np.asarray(stamps_ns, np.int64), starts, points)

    def cloud(self, i: int) -> np.ndarray:
        """Return the points (N, 3) of cloud i."""
        return self.points[self.starts[i] : self.starts[i + 1]]


@dataclass(frozen=True, eq=False)
class ObjectTrack(checks.Contract):
    """Where the M objects of the scene truly were at each of the T steps.

    names: distinct. position: float64 (T, M, 3). orientation: float64 (T, M, 4).
    """

    names: tuple[str, ...]
    position: np.ndarray
    orientation: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        names, set_ = checks.names('object names', self.names), object.__setattr__
        set_(self, 'names', names)
        position = checks.array('object position', self.position, (None, len(names), 3))
        shape = (len(position), len(names), 4)
        set_(self, 'position', position)
        orientation = checks.quaternion('object orientation', self.orientation, shape)
        set_(self, 'orientation', orientation)


@dataclass(frozen=True, eq=False)
class Episode(checks.Contract):
    """One demonstration of T >= 2 steps.

    arm: name of the arm, as in `config/arms`. base_frame: frame of all poses.
    joint_names: N arm joints; N is 0 where a recording has none.
    stamps_ns: int64 (T,), strictly increasing.
    joint_position, joint_velocity: float64 (T, N), rad and rad/s (m and m/s).
    position (T, 3), orientation (T, 4): the measured end effector pose, T_base_ee.
    gripper: float64 (T,), measured opening, 0.0 closed to 1.0 open.
    action_position (T, 3), action_orientation (T, 4), action_gripper (T,): what was commanded at
        that step, same frames and units.
    keyframes: int64 (K,), steps of the sparse plan, strictly increasing; may be empty.
    instruction: what the person asked for. task: name of the task.
    source: what made the episode (demonstrator, recording, imported file).
    seed: the number that makes it again, or None. success: None where nobody knows.
    objects, clouds: None where there are none. cameras: distinct names.
    plans: what the planner meant, None where nobody knows.
    notes: what had to be derived, assumed or left out, in sentences.
    """

    arm: str
    base_frame: str
    joint_names: tuple[str, ...]
    stamps_ns: np.ndarray
    joint_position: np.ndarray
    joint_velocity: np.ndarray
    position: np.ndarray
    orientation: np.ndarray
    gripper: np.ndarray
    action_position: np.ndarray
    action_orientation: np.ndarray
    action_gripper: np.ndarray
    instruction: str
    task: str
    source: str
    seed: int | None = None
    success: bool | None = None
    keyframes: np.ndarray = ()  # type: ignore[assignment]
    objects: ObjectTrack | None = None
    clouds: CloudTrack | None = None
    cameras: tuple[CameraTrack, ...] = ()
    notes: tuple[str, ...] = ()
    plans: PlanTrack | None = None

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        for key in ('arm', 'base_frame', 'source'):
            checks.text(key, getattr(self, key), allow_empty=False)
        for key in ('instruction', 'task'):
            checks.text(key, getattr(self, key))
        if self.seed is not None:
            checks.integer('seed', self.seed, 0, 2**63 - 1)
        if self.success is not None and not isinstance(self.success, bool):
            raise InvalidValueError(f'success is not true, false or unknown: {self.success!r}')
        set_ = object.__setattr__
        set_(self, 'joint_names', checks.names('joint_names', self.joint_names))
        set_(self, 'notes', tuple(checks.text('note', note) for note in self.notes))
        set_(self, 'stamps_ns', _stamps('stamps_ns', self.stamps_ns))
        if self.steps < 2:
            raise InvalidValueError(f'an episode has at least 2 steps, not {self.steps}')
        self._check_motion()
        self._check_extras()

    @property
    def steps(self) -> int:
        """Return T, the number of steps."""
        return len(self.stamps_ns)

    @property
    def seconds(self) -> float:
        """Return the time from the first step to the last, seconds."""
        return float(self.stamps_ns[-1] - self.stamps_ns[0]) / 1e9

    def T_base_ee(self) -> np.ndarray:
        """Return the measured end effector poses (T, 4, 4)."""
        return geometry.transform(geometry.quaternion_to_matrix(self.orientation), self.position)

    def camera(self, name: str) -> CameraTrack:
        """Return a camera by name; InvalidValueError lists those that there are."""
        checks.known('camera', name, [camera.name for camera in self.cameras])
        return next(camera for camera in self.cameras if camera.name == name)

    def _check_motion(self) -> None:
        n, joints = self.steps, len(self.joint_names)
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(
            ('joint_position', 'joint_velocity'), (n, joints)
        )
        shapes |= {'position': (n, 3), 'action_position': (n, 3)}
        shapes |= {'gripper': (n,), 'action_gripper': (n,)}
        for key, shape in shapes.items():
            object.__setattr__(self, key, checks.array(key, getattr(self, key), shape))
        for key in ('orientation', 'action_orientation'):
            value = checks.quaternion(key, getattr(self, key), (n, 4))
            object.__setattr__(self, key, value)
        for key in ('gripper', 'action_gripper'):
            value = getattr(self, key)
            if value.min() < 0 or value.max() > 1:
                raise InvalidValueError(f'{key} leaves 0 to 1: {value.min()} to {value.max()}')

    def _check_extras(self) -> None:
        keyframes = checks.array('keyframes', self.keyframes, (None,), np.int64)
        ordered = (np.diff(keyframes) > 0).all()
        if len(keyframes) and not (ordered and 0 <= keyframes[0] <= keyframes[-1] < self.steps):
            raise InvalidValueError(
                f'keyframes are not increasing steps below {self.steps}: {keyframes.tolist()}'
            )
        object.__setattr__(self, 'keyframes', keyframes)
        object.__setattr__(self, 'cameras', tuple(self.cameras))
        checks.names('cameras', [camera.name for camera in self.cameras])
        if self.objects is not None and len(self.objects.position) != self.steps:
            have = len(self.objects.position)
            raise InvalidValueError(f'object poses at {have} steps, the episode has {self.steps}')
        if self.plans is not None and len(self.plans.next) != self.steps:
            have = len(self.plans.next)
            raise InvalidValueError(f'plans of {have} steps, the episode has {self.steps}')


def offsets(name: str, value: npt.ArrayLike, count: int, total: int) -> np.ndarray:
    """Return int64 (count + 1,) that begins with 0, never falls and ends with `total`."""
    out = checks.array(name, value, (count + 1,), np.int64)
    if out[0] != 0 or out[-1] != total or (np.diff(out) < 0).any():
        raise InvalidValueError(f'{name} do not run from 0 to {total}: {out.tolist()}')
    return out


def poses_rigid(name: str, value: npt.ArrayLike, count: int) -> np.ndarray:
    """Return rigid transforms (count, 4, 4), read-only; InvalidValueError otherwise."""
    out = checks.array(name, value, (count, 4, 4))
    error = np.abs(out[:, :3, :3] @ np.swapaxes(out[:, :3, :3], 1, 2) - np.eye(3)).max((1, 2))
    bad = (error > 1e-4) | (np.linalg.det(out[:, :3, :3]) < 0)
    bad |= np.abs(out[:, 3] - [0, 0, 0, 1]).max(1) > 1e-9
    if bad.any():
        geometry.rigid(f'{name}[{int(np.argmax(bad))}]', out[int(np.argmax(bad))])
    return out


def _stamps(name: str, value: npt.ArrayLike) -> np.ndarray:
    out = checks.array(name, value, (None,), np.int64)
    if len(out):
        checks.stamp(f'{name}[0]', out[0])
        checks.stamp(f'{name}[-1]', out[-1])
    if (np.diff(out) <= 0).any():
        i = int(np.argmax(np.diff(out) <= 0))
        raise InvalidValueError(f'{name} do not increase at {i + 1}: {out[i]}, {out[i + 1]}')
    return out


def _check_images(camera: CameraTrack) -> None:
    """Check type, number and size of a camera's images."""
    if camera.color is None and camera.depth is None:
        raise InvalidValueError(f'camera {camera.name!r} has neither colour nor depth')
    if camera.intrinsics is None:
        size = camera.size
    else:
        size = (camera.intrinsics.height, camera.intrinsics.width)
    expected: tuple[int, ...] = (len(camera.stamps_ns), *size)
    for key, images in (('color', camera.color), ('depth', camera.depth)):
        shape = (*expected, 3) if key == 'color' else expected
        if images is not None and (images.shape != shape or images.dtype != IMAGE_TYPES[key]):
            raise InvalidValueError(
                f'{key} of camera {camera.name!r} is {images.dtype} {images.shape}, expected '
                f'{np.dtype(IMAGE_TYPES[key])} {shape}'
            )
