"""What the camera of a bag saw during one demonstration: images, poses, and clouds made of them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.errors import InvalidValueError
from gae_arm.demonstrations.episode import CameraTrack, CloudTrack
from gae_arm.recording.rerun.clouds import CloudMaker
from gae_arm.recording.rerun.memory import BagMemory, NotInBagError
from gae_arm.recording.rerun.rerun import LAG_NS, remember
from gae_arm.recording.said import Said
from gae_arm.recording.segments import Segment

NAME = 'camera'
MOST_MILLIMETRES = 65535
DEPTH = 'camera/aligned_depth_to_color/image_raw'


@dataclass
class Sights:
    """Frames of one segment, in order, each with the camera's pose (4, 4), and clouds by stamp.

    left_out: frames that could not be used, counted by reason.
    """

    segment: Segment
    frames: list[CameraFrame] = field(default_factory=list)
    poses: list[np.ndarray] = field(default_factory=list)
    clouds: list[np.ndarray] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def camera(self) -> CameraTrack | None:
        """Return the camera; None where there are no frames."""
        if not self.frames:
            return None
        colors = [frame.color for frame in self.frames]
        return CameraTrack(
            NAME,
            self.frames[0].frame_id,
            self._stamps(),
            None if any(c is None for c in colors) else np.stack(colors),  # type: ignore[arg-type]
            np.stack([_millimetres(frame.depth) for frame in self.frames]),
            self.frames[0].intrinsics,
            np.stack(self.poses),
        )

    def cloud_track(self) -> CloudTrack | None:
        """Return the clouds; None where there are none."""
        return CloudTrack.of(self._stamps(), self.clouds) if self.clouds else None

    def intrinsics(self) -> CameraIntrinsics | None:
        """Return those of the first frame; None before there is one."""
        return self.frames[0].intrinsics if self.frames else None

    def _stamps(self) -> np.ndarray:
        return np.array([frame.stamp_ns for frame in self.frames], np.int64)


def look(
    bag: Iterable[Said],
    segments: Sequence[Segment],
    maker: CloudMaker,
    memory: BagMemory,
    rate: float,
    with_color: bool,
) -> Iterator[Sights]:
    """Yield what was seen in each segment, in order; only one is kept in memory at a time.

    rate: frames a second at most. with_color: frames without colour are left out.
    """
    waiting: deque[Said] = deque()
    seen = _Series(segments, partial(_frame, maker=maker, memory=memory, color=with_color), rate)
    for said in bag:
        remember(memory, said)
        if said.topic == DEPTH:
            waiting.append(said)
        while waiting and waiting[0].log_ns < said.log_ns - LAG_NS:
            yield from seen.take(waiting.popleft().value[0])
    while waiting:
        yield from seen.take(waiting.popleft().value[0])
    yield from seen.rest()


Make = Callable[[int], tuple[CameraFrame, np.ndarray, np.ndarray]]
"""Maps a stamp to frame, pose and cloud."""


class _Series:
    """Sorts frames into segments, and hands each over when it is over."""

    def __init__(self, segments: Sequence[Segment], make: Make, rate: float) -> None:
        self._waiting = deque(segments)
        self._make = make
        self._gap_ns = round(0.9e9 / rate)
        self._last_ns = -self._gap_ns
        self._now: Sights | None = None

    def take(self, stamp_ns: int) -> Iterator[Sights]:
        while self._current() is not None and stamp_ns > self._current().segment.end_ns:  # type: ignore[union-attr]
            yield self._close()
        sights = self._current()
        if sights is None or stamp_ns < sights.segment.start_ns:
            return
        if stamp_ns < self._last_ns + self._gap_ns:
            return
        self._last_ns = stamp_ns
        try:
            frame, pose, cloud = self._make(stamp_ns)
            if sights.intrinsics() not in (None, frame.intrinsics):
                raise InvalidValueError('its camera_info is another one than at the beginning')
        except (NotInBagError, InvalidValueError) as error:
            sights.left_out[str(error)] += 1
            return
        sights.frames.append(frame)
        sights.poses.append(pose)
        sights.clouds.append(cloud)

    def rest(self) -> Iterator[Sights]:
        while self._current() is not None:
            yield self._close()

    def _current(self) -> Sights | None:
        if self._now is None and self._waiting:
            self._now = Sights(self._waiting.popleft())
        return self._now

    def _close(self) -> Sights:
        assert self._now is not None
        done, self._now = self._now, None
        return done


def _frame(
    stamp_ns: int, maker: CloudMaker, memory: BagMemory, color: bool
) -> tuple[CameraFrame, np.ndarray, np.ndarray]:
    frame = memory.frame(stamp_ns, with_color=color)
    pose = maker.pose(frame.frame_id, stamp_ns, memory)
    states = [s for s in memory.states.around(stamp_ns) if maker.can_mask(s)]
    if not states:
        raise NotInBagError('the joint state of its time is not in the bag')
    return frame, pose, maker.make(frame, pose, states[0]).points


def _millimetres(depth: np.ndarray) -> np.ndarray:
    """Return uint16 millimetres, 0 invalid; float32 metres are rounded."""
    if depth.dtype == np.uint16:
        return depth
    millimetres = np.nan_to_num(depth * 1000, nan=0.0, posinf=0.0, neginf=0.0)
    millimetres[(millimetres < 0) | (millimetres > MOST_MILLIMETRES)] = 0
    return np.rint(millimetres).astype(np.uint16)
