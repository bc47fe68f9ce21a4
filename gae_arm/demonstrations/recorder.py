"""Watches a run and writes it down as an episode: one step for each chunk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import ActionChunk
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.settings import Settings, setting
from gae_arm.demonstrations.cell import Cell
from gae_arm.demonstrations.episode import CameraTrack, CloudTrack, Episode, ObjectTrack
from gae_arm.demonstrations.keyframes import find_keyframes
from gae_arm.demonstrations.plan_track import PlanTrack
from gae_arm.demonstrations.rollout import Moment

CAMERA = 'camera'
WAY = ('stamps_ns', 'position', 'orientation', 'action_gripper')


@dataclass(frozen=True)
class RecorderSettings(Settings):
    """What of the clouds and images is kept."""

    cloud_every: int = setting(2, 'a cloud every so many steps', low=1, high=1000)
    cloud_radius: float = setting(
        0.2, 'points about the end effector and the next waypoint are kept, m', low=0.01, high=10.0
    )
    cloud_voxel: float = setting(0.006, 'one point per cube of this edge, m', low=1e-3, high=0.1)
    image_every: int = setting(
        0, 'a camera frame every so many steps; 0: the first one only', low=0, high=10_000
    )


class Recorder:
    """Give it to a `Rollout` as `watch`, then ask for the episode.

    meant: the chunk that is to be imitated instead of the one that was sent, where these differ.
    """

    def __init__(
        self,
        cell: Cell,
        settings: RecorderSettings | None = None,
        meant: Callable[[], ActionChunk] | None = None,
    ) -> None:
        self._cell = cell
        self._settings = settings or RecorderSettings()
        self._meant = meant
        self._rows: list[dict[str, Any]] = []
        self._plans: list[WaypointPlan] = []
        self._clouds: list[tuple[int, np.ndarray]] = []
        self._frames: list[CameraFrame] = []

    def __call__(self, moment: Moment) -> None:
        """Note one moment."""
        if not self._plans or self._plans[-1].plan_id != moment.plan.plan_id:
            self._plans.append(moment.plan)
        step, every = len(self._rows), self._settings.image_every
        if step == 0 or (every and step % every == 0):
            self._frames.append(self._cell.frame())
        self._rows.append(self._row(moment))
        if moment.cloud is not None and step % self._settings.cloud_every == 0:
            self._note_cloud(moment)

    def episode(
        self,
        source: str,
        seed: int,
        success: bool,
        mistaken: Callable[[str], bool] = lambda plan_id: False,
        notes: tuple[str, ...] = (),
    ) -> Episode:
        """Return what was noted; InvalidValueError if that is less than two steps.

        mistaken: tells by its id whether a plan missed on purpose.
        """
        rows, instance, arm = self._rows, self._cell.instance, self._cell.arm
        if len(rows) < 2:
            raise InvalidValueError(f'{len(rows)} steps are no episode')
        of = {key: np.array([row[key] for row in rows]) for key in rows[0]}
        names, poses = tuple(instance.items), of.pop('objects')
        plan_of_step = of.pop('plan')
        keyframes = _keyframes(of, plan_of_step)
        plans = PlanTrack.of(
            [plan.waypoints for plan in self._plans],
            plan_of_step.tolist(),
            of.pop('next').tolist(),
            [mistaken(plan.plan_id) for plan in self._plans],
        )
        return Episode(
            arm=arm.name,
            base_frame=arm.base_frame,
            joint_names=arm.joints,
            **of,
            instruction=instance.instruction,
            task=instance.task,
            source=source,
            seed=seed,
            success=success,
            keyframes=keyframes,
            objects=ObjectTrack(
                names, poses[..., :3, 3], geometry.matrix_to_quaternion(poses[..., :3, :3])
            ),
            clouds=CloudTrack.of(*zip(*self._clouds, strict=True)) if self._clouds else None,
            cameras=(self._camera(),),
            notes=notes,
            plans=plans,
        )

    def _row(self, moment: Moment) -> dict[str, Any]:
        arm, state = self._cell.arm, moment.state
        chunk = moment.chunk if self._meant is None else self._meant()
        index = [state.joint_names.index(name) for name in arm.joints]
        T = self._cell.simulation.T_base_ee()
        opening = arm.gripper.opening(state.select(arm.gripper.joints))
        poses = moment.truth.poses
        return {
            'stamps_ns': state.stamp_ns,
            'joint_position': state.position[index],
            'joint_velocity': state.velocity[index],
            'position': T[:3, 3],
            'orientation': geometry.matrix_to_quaternion(T[:3, :3]),
            'gripper': np.clip(opening, 0.0, 1.0),
            'action_position': chunk.position[0],
            'action_orientation': chunk.orientation[0],
            'action_gripper': chunk.gripper[0],
            'objects': np.array([poses[name] for name in self._cell.instance.items]),
            'plan': len(self._plans) - 1,
            'next': moment.progress.waypoint,
        }

    def _note_cloud(self, moment: Moment) -> None:
        cloud, rules = moment.cloud, self._settings
        assert cloud is not None
        if self._clouds and cloud.stamp_ns <= self._clouds[-1][0]:
            return  # A cloud that was lost: the one before was used again.
        ahead = moment.plan.waypoints[moment.progress.waypoint].position
        centers = np.array([self._rows[-1]['position'], ahead], np.float32)
        points = _about(cloud.points, centers, rules.cloud_radius)
        self._clouds.append((cloud.stamp_ns, _thinned(points, rules.cloud_voxel)))

    def _camera(self) -> CameraTrack:
        frames, T = self._frames, self._cell.T_base_camera
        colors = [frame.color for frame in frames if frame.color is not None]
        return CameraTrack(
            name=CAMERA,
            frame_id=frames[0].frame_id,
            stamps_ns=np.array([frame.stamp_ns for frame in frames]),
            color=np.array(colors) if colors else None,
            depth=np.array([frame.depth for frame in frames]),
            intrinsics=frames[0].intrinsics,
            T_base_camera=np.tile(T, (len(frames), 1, 1)),
        )


def _keyframes(of: dict[str, np.ndarray], plan_of_step: np.ndarray) -> np.ndarray:
    """Return the keyframes of an episode: a handful for each stretch that is one plan."""
    found = []
    for plan in range(int(plan_of_step[-1]) + 1):
        steps = np.flatnonzero(plan_of_step == plan)
        if len(steps) < 2:
            found.append(steps)
            continue
        stamps, position, orientation, gripper = (of[key][steps] for key in WAY)
        found.append(steps[find_keyframes(stamps, position, orientation, gripper)])
    return np.concatenate(found)


def _about(points: np.ndarray, centers: np.ndarray, radius: float) -> np.ndarray:
    """Return the points (N, 3) that are within `radius` of one of the centers (C, 3), m."""
    near = np.zeros(len(points), bool)
    for center in centers:
        near |= ((points - center) ** 2).sum(1) <= radius * radius
    return points[near]


def _thinned(points: np.ndarray, edge: float) -> np.ndarray:
    """Return the first of the points (N, 3) in each cube of an edge, m."""
    cells = np.floor(points / edge).astype(np.int64) + (1 << 20)
    keys = (cells[:, 0] << 42) | (cells[:, 1] << 21) | cells[:, 2]
    return points[np.sort(np.unique(keys, return_index=True)[1])]
