"""Bags to episodes: a teleoperated recording on a real arm becomes training data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import ConfigError
from gae_arm.demonstrations import recorded
from gae_arm.demonstrations.dataset import Failure
from gae_arm.demonstrations.episode import Episode
from gae_arm.recording.bag_episode_settings import BagEpisodeSettings
from gae_arm.recording.rerun.clouds import CloudMaker
from gae_arm.recording.rerun.memory import BagMemory
from gae_arm.recording.said import DecodedBag
from gae_arm.recording.segments import Segment, find_segments, trimmed
from gae_arm.recording.sights import Sights, look
from gae_arm.recording.signals import Signals, gather

WORDS = (
    'joint_states',
    'joint_trajectory_controller/joint_trajectory',
    'gripper_controller/commands',
    'instruction',
    'waypoint_plan',
    'plan_progress',
)
SIGHTS = (
    'joint_states',
    '/tf',
    '/tf_static',
    'camera/color/camera_info',
    'camera/color/image_raw',
    'camera/aligned_depth_to_color/image_raw',
)


def episodes_of(
    words: DecodedBag,
    sights: DecodedBag,
    arm: ArmConfig,
    maker: CloudMaker,
    memory: BagMemory,
    settings: BagEpisodeSettings,
) -> Iterator[Episode | Failure]:
    """Yield the episodes of one bag, and why a part of it became none.

    words, sights: the bag's topics `WORDS` and `SIGHTS`. maker: makes the clouds. memory: empty.
    Raises ConfigError where the bag has not the arm's joints.
    """
    signals = gather(words, arm)
    segments = find_segments(signals, settings.split)
    if settings.trim:
        moving = [trimmed(segment, signals) for segment in segments]
        for segment, found in zip(segments, moving, strict=True):
            if found is None:
                yield Failure('nothing moved', f'{_name(segment)}: nothing moves')
        segments = [segment for segment in moving if segment is not None]
    with_color = 'camera/color/image_raw' not in sights.missing
    for seen in look(sights, segments, maker, memory, settings.camera_rate, with_color):
        try:
            yield _episode(seen, signals, arm, settings, words.bag.path.name)
        except ConfigError as error:
            yield Failure('unusable', str(error))


def _episode(
    seen: Sights, signals: Signals, arm: ArmConfig, settings: BagEpisodeSettings, source: str
) -> Episode:
    segment = seen.segment
    stamps_ns = _grid(segment, signals, settings)
    notes = [f'{count} frames left out: {reason}' for reason, count in seen.left_out.items()]
    motion = recorded.completed(
        arm,
        stamps_ns,
        joints=signals.joints_at(stamps_ns),
        pose=None,
        opening=signals.opening_at(stamps_ns),
        action_joints=signals.commanded_at(stamps_ns, arm.joints),
        action_pose=None,
        action_opening=signals.grip_at(stamps_ns),
        notes=notes,
    )
    camera = seen.camera()
    if camera is None:
        notes.append('no frames of a camera: there are no clouds')
    return recorded.episode_of(
        motion,
        arm=arm.name,
        base_frame=arm.base_frame,
        instruction=segment.instruction or settings.instruction,
        task=settings.task,
        source=f'bag {source}',
        cameras=() if camera is None else (camera,),
        clouds=seen.cloud_track(),
        notes=tuple(notes),
    )


def _grid(segment: Segment, signals: Signals, settings: BagEpisodeSettings) -> np.ndarray:
    """Return the stamps of the steps; ConfigError where the arm was not heard well enough."""
    inside = (signals.times_ns >= segment.start_ns) & (signals.times_ns <= segment.end_ns)
    times_ns = signals.times_ns[inside]
    seconds = (segment.end_ns - segment.start_ns) * 1e-9
    what = _name(segment)
    if len(times_ns) < 2 or (times_ns[-1] - times_ns[0]) * 1e-9 < settings.shortest:
        raise ConfigError(
            f'{what} has {len(times_ns)} joint states in {seconds:.2f} s; at least '
            f'{settings.shortest:g} s are wanted'
        )
    gap = float(np.diff(times_ns).max()) * 1e-9
    if gap > settings.longest_gap:
        raise ConfigError(
            f'{what} has {gap:.2f} s without joint states, allowed are {settings.longest_gap:g} s'
        )
    period_ns = round(1e9 / settings.rate)
    return np.arange(times_ns[0], times_ns[-1] + 1, period_ns, dtype=np.int64)


def _name(segment: Segment) -> str:
    return f'demonstration {segment.instruction!r}'
