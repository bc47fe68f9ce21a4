"""The calibration's health watched over noisy frames, before and after the camera is bumped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from gae_arm.arm_sim.camera import CameraSettings, ideal_intrinsics
from gae_arm.arm_sim.depth_noise import DepthNoise
from gae_arm.arm_sim.scene import sample_scene
from gae_arm.commands.benches.measure import Run
from gae_arm.commands.benches.seen_arm import SeenArm, positions_near_home, state_of
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraFrame
from gae_arm.core.geometry import look_at, transform
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.point_cloud.calibration.health import (
    CalibrationHealth,
    Health,
    HealthReport,
    HealthSettings,
)

ARMS = ('panda', 'ur5', 'xarm7')
# The first sees the hand and little else, the last looks down from above.
VIEWS = (
    look_at((1.15, 0.0, 0.62), (0.42, 0.0, 0.05)),
    look_at((1.3, 0.5, 0.7), (0.2, 0.0, 0.35)),
    look_at((0.5, -1.1, 0.7), (0.4, 0.0, 0.2)),
    look_at((0.6, 0.0, 1.3), (0.45, 0.0, 0.0), (1.0, 0.0, 0.0)),
)
PERIOD_NS = 200_000_000
QUIET_FRAMES, BUMPED_FRAMES = 20, 10
BUMP = 0.01
REACH = 0.4


@dataclass
class Tally:
    """What was seen.

    shifts: mm, of every verdict without a bump. alarms: how many of these were false.
    delays: s from a bump to the warning, of those that came within 2 s. bumps: how many there were.
    """

    shifts: list[float] = field(default_factory=list)
    alarms: int = 0
    delays: list[float] = field(default_factory=list)
    bumps: int = 0


class WatchedArm:
    """An arm at rest, the noisy depth of a camera at 5 Hz, and the health of its calibration.

    size: (width, height), pixels. The simulated arm is rendered from its collision geometry.
    """

    def __init__(self, arm: str, view: np.ndarray, size: tuple[int, int], seed: int) -> None:
        settings = CameraSettings(ideal_intrinsics(*size), view, depth_unit='m', shadows=False)
        self.arm, self._T = load_arm(arm_file(arm)), view
        self._seen = SeenArm(self.arm, sample_scene(seed), settings)
        self._noise = DepthNoise(seed=seed)
        self._noise_rng = self._noise.generator()
        self._stamp_ns = 0

    def __enter__(self) -> WatchedArm:
        return self

    def __exit__(self, *exception: object) -> None:
        self._seen.__exit__(*exception)

    def watch(self, poses: int, rng: np.random.Generator, tally: Tally) -> None:
        """Watch random poses, 4 s each; then bump the camera by 1 cm and wait for the warning."""
        health = CalibrationHealth(self.arm, HealthSettings(geometry='collision'))
        for _ in range(poses):
            # Longer than the window, so that every pose begins with an empty one.
            self._stamp_ns += 10 * PERIOD_NS
            frames = self._frames(positions_near_home(self.arm, rng, REACH))
            direction = rng.normal(size=3)
            for _ in range(QUIET_FRAMES):
                _count(health.update(*next(frames), self._T), tally)
            # The camera stays and what is known of it moves: the same to whoever compares the two.
            believed = self._T @ transform(np.eye(3), BUMP * direction / np.linalg.norm(direction))
            tally.bumps += 1
            for k in range(BUMPED_FRAMES):
                if health.update(*next(frames), believed).health == Health.MOVED:
                    tally.delays.append((k + 1) * PERIOD_NS * 1e-9)
                    break

    def check(self) -> Run:
        """Return the check of one frame, of the arm at home drawn as a real one is."""
        health = CalibrationHealth(self.arm)
        frame, state = next(self._frames(self.arm.home))
        return lambda: health.update(frame, state, self._T)

    def _frames(self, q: np.ndarray) -> Iterator[tuple[CameraFrame, RobotState]]:
        perfect = self._seen.render(q)
        intrinsics = perfect.intrinsics
        while True:
            self._stamp_ns += PERIOD_NS
            depth = self._noise.apply(perfect.depth, intrinsics.K[0, 0], self._noise_rng)
            frame = CameraFrame(self._stamp_ns, perfect.frame_id, intrinsics, depth)
            yield frame, state_of(self.arm, q, self._stamp_ns)


def _count(report: HealthReport, tally: Tally) -> None:
    if report.health != Health.UNKNOWN:
        tally.shifts.append(1e3 * float(np.linalg.norm(report.shift)))
        tally.alarms += report.health == Health.MOVED
