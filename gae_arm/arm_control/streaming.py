"""Chunks of motion in, pose targets for every tick out; chunks meet without a step.

Time in a chunk is counted by what is *executed*. When the governor slows the arm down or stops it,
the clock of the motion slows down with it; a new chunk is entered at its first action's time plus
what has been executed since then, not at what the wall clock says, and the way onto it begins at
the pose and the velocity that the arm is commanded with at that moment. Where actions end and no
new chunk has come, the motion slows down evenly and holds the last action.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.pose_curve import PoseCurve, Seam
from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import ActionChunk, HaltReason
from gae_arm.core.settings import Settings, setting

MEMORY_SECONDS = 2.0
"""How far back it is known what was executed when."""
MOST_WAITING = 20
SETTLING = 0.1
"""s: the arm lags a little; so long the last action is held before the chunk is done with."""
SLOWEST = 0.1
"""Clock rate below which the arm's twist is no longer scaled up to that of full speed."""


@dataclass(frozen=True)
class StreamSettings(Settings):
    """How chunks are joined and ended, and for which moments targets are given."""

    blend: float = setting(0.15, 'time in which a new chunk is joined, s', low=1e-3, high=3.0)
    slowing: float = setting(
        0.2, 'from full speed to standing where actions end, s', low=1e-3, high=3.0
    )
    seam_distance: float = setting(
        0.1, 'between the end effector and a new chunk, m', low=1e-3, high=3.0
    )
    seam_angle: float = setting(
        0.5, 'between the end effector and a new chunk, rad', low=1e-3, high=3.0
    )
    offsets: tuple[float, ...] = setting(
        (0.0, 0.01, 0.03, 0.06, 0.1), 'from now on, where targets are given, s', low=0.0, high=1.0
    )

    def __post_init__(self) -> None:
        """Check every field; offsets begin with 0 and increase."""
        super().__post_init__()
        if len(self.offsets) < 2 or self.offsets[0] != 0 or (np.diff(self.offsets) <= 0).any():
            raise InvalidValueError(
                f'offsets are not two or more, from 0.0 and increasing: {list(self.offsets)}'
            )


@dataclass(frozen=True, eq=False)
class PoseTargets:
    """Where the end effector shall be in the next moments.

    stamp_ns: of the chunk. times_ns: int64 (K,), node clock. poses: T_base_ee, float64 (K, 4, 4).
    gripper: opening now, 0.0 closed to 1.0 open. plan_id: the plan that is carried out.
    cloud_stamp_ns: of the camera's image that the chunk was made with; None for none.
    """

    stamp_ns: int
    times_ns: np.ndarray
    poses: np.ndarray
    gripper: float
    plan_id: str
    cloud_stamp_ns: int | None = None


@dataclass(frozen=True, eq=False)
class Executed:
    """What the arm is commanded with at one time: pose T_base_ee (4, 4), twist [v; w] (6,).

    following: whether it follows the targets; False while it brakes, stands, or is held.
    clock_rate: share of the time since the moment before in which the motion went on, 0 to 1.
    """

    at_ns: int
    pose: np.ndarray
    twist: np.ndarray
    following: bool
    clock_rate: float


class _Playing:
    """A chunk that is being carried out."""

    def __init__(self, chunk: ActionChunk, entered: float, settings: StreamSettings) -> None:
        self.chunk = chunk
        self.curve = PoseCurve(chunk)
        self._slowing = settings.slowing
        self.remaining = max(0.0, self.curve.duration - entered)
        self.seam = Seam(np.zeros(6), np.zeros(6), 0.0)
        self.since = 0.0
        self._rested = 0.0

    @property
    def finished(self) -> bool:
        """Whether the last action has been reached."""
        return self._rested > SETTLING and self.since >= self.seam.seconds

    def advance(self, seconds: float) -> None:
        """Go on for so long on the motion's clock."""
        self.remaining = float(self._after(np.array([seconds]))[0])
        self.since += seconds
        self._rested += seconds if self.remaining == 0 else 0.0

    def join(self, executed: Executed, settings: StreamSettings) -> Cause | None:
        """Begin a seam at what the arm does now; return why that is too far away, None if not."""
        T, twist = self._now()
        apart = float(np.linalg.norm(executed.pose[:3, 3] - T[:3, 3]))
        turn = geometry.matrix_to_rotation_vector(executed.pose[:3, :3] @ T[:3, :3].T)
        angle = float(np.linalg.norm(turn))
        if apart > settings.seam_distance or angle > settings.seam_angle:
            return Cause(
                HaltReason.COMMAND_JUMP,
                f'{_name(self.chunk)} goes on {apart:.3f} m and {angle:.3f} rad from the end '
                f'effector; at most {settings.seam_distance:g} m and {settings.seam_angle:g} rad '
                'are joined',
            )
        rate = max(executed.clock_rate, SLOWEST)
        self.seam = Seam.between(executed.pose, executed.twist / rate, T, twist, settings.blend)
        self.since = 0.0
        return None

    def targets(self, at_ns: int, offsets: np.ndarray) -> PoseTargets:
        """Return the poses at `offsets` (K,) seconds from now on."""
        seconds = self.curve.duration - self._after(offsets)
        T, _ = self.curve.poses(seconds)
        return PoseTargets(
            stamp_ns=self.chunk.stamp_ns,
            times_ns=at_ns + np.round(offsets * 1e9).astype(np.int64),
            poses=self.seam.apply(T, self.since + offsets),
            gripper=float(self.curve.gripper(seconds[:1])[0]),
            plan_id=self.chunk.plan_id,
            cloud_stamp_ns=self.chunk.cloud_stamp_ns,
        )

    def _now(self) -> tuple[np.ndarray, np.ndarray]:
        T, twist = self.curve.poses(np.array([self.curve.duration - self.remaining]))
        rate = min(1.0, np.sqrt(2 * self.remaining / self._slowing))
        return T[0], twist[0] * rate

    def _after(self, seconds: np.ndarray) -> np.ndarray:
        return run_out(self.remaining, seconds, self._slowing)


def run_out(remaining: float, seconds: np.ndarray, slowing: float) -> np.ndarray:
    """Return the time that remains to the end of a motion after `seconds` (M,), float64 (M,), s.

    Its clock runs at rate 1 and slows down at 1/slowing per second just in time:
    in the end remaining = rate^2 slowing / 2.
    """
    span = slowing / 2
    ahead = seconds - max(0.0, remaining - span)
    rate = np.sqrt(min(remaining, span) / span)
    slowed = span * np.maximum(0.0, rate - np.maximum(ahead, 0.0) / slowing) ** 2
    return np.where(ahead < 0, remaining - seconds, slowed)


def _name(chunk: ActionChunk) -> str:
    return f'chunk {chunk.sequence} of policy {chunk.policy!r}'


class ChunkStreamer:
    """Plays chunks for one arm; all times are the caller's.

    frame_id: the arm's base frame, in which chunks must be given.
    """

    def __init__(self, frame_id: str, settings: StreamSettings | None = None) -> None:
        self.settings = settings or StreamSettings()
        self._frame_id = frame_id
        self._offsets = np.array(self.settings.offsets)
        self.clear()

    def clear(self) -> None:
        """Forget all chunks and times: the clock has jumped, or the arm was reset."""
        self._playing: _Playing | None = None
        self._waiting: list[ActionChunk] = []
        self._newest_ns = -1
        self._executed: deque[tuple[int, float]] = deque()

    def accept(self, chunk: ActionChunk) -> Cause | None:
        """Take a chunk that has arrived; return why it is refused, None if it is not.

        A refused chunk changes nothing: what is being played goes on, and ages.
        """
        if chunk.frame_id != self._frame_id:
            return Cause(
                HaltReason.COMMAND_INVALID,
                f'{_name(chunk)} is in frame {chunk.frame_id!r}, expected {self._frame_id!r}',
            )
        if chunk.stamp_ns <= self._newest_ns:
            return Cause(
                HaltReason.COMMAND_INVALID,
                f'{_name(chunk)} was made {(self._newest_ns - chunk.stamp_ns) * 1e-9:.3f} s before '
                'the newest one',
            )
        self._newest_ns = chunk.stamp_ns
        self._waiting = [*self._waiting, chunk][-MOST_WAITING:]
        return None

    def tick(self, executed: Executed) -> PoseTargets | Cause | None:
        """Return the next targets; None with no chunk to play; a Cause for one that is too far off.

        executed: what the arm is commanded with at the time from which the targets count.
        """
        seconds = self._count(executed)
        if self._playing is not None:
            self._playing.advance(seconds)
        entered = self._enter(executed.at_ns)
        playing = self._playing
        if playing is None:
            return None
        if entered or not executed.following:
            cause = playing.join(executed, self.settings)
            if cause is not None:
                self._playing = None
                return cause
        elif playing.finished:
            self._playing = None
            return None
        return playing.targets(executed.at_ns, self._offsets)

    def _count(self, executed: Executed) -> float:
        """Note what has been executed up to now; return how much since the last time, s."""
        last_ns, total = self._executed[-1] if self._executed else (executed.at_ns, 0.0)
        seconds = max(0, executed.at_ns - last_ns) * 1e-9 * executed.clock_rate
        self._executed.append((executed.at_ns, total + seconds))
        while executed.at_ns - self._executed[0][0] > MEMORY_SECONDS * 1e9:
            self._executed.popleft()
        return seconds

    def _enter(self, at_ns: int) -> bool:
        """Begin to play the newest chunk whose time has come; return whether there is one."""
        ready = [i for i, chunk in enumerate(self._waiting) if chunk.times_ns[0] <= at_ns]
        if not ready:
            return False
        chunk = self._waiting[ready[-1]]
        self._waiting = self._waiting[ready[-1] + 1 :]
        times, totals = np.array(self._executed, dtype=np.float64).T
        before = np.interp(float(chunk.times_ns[0]), times, totals)
        self._playing = _Playing(chunk, float(totals[-1] - before), self.settings)
        return True
