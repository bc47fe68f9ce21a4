"""Is the camera still where its calibration says? The arm itself is the gauge.

Every frame tells how far the arm is seen from where camera pose and joints put it (`arm_shift`);
the median over a second is compared with a threshold. A camera that was moved so far that nothing
is where the arm should be is told by the depths behind that place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from gae_arm.core import checks
from gae_arm.core.arm import ArmConfig
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.geometry import invert, rigid
from gae_arm.core.motion import RobotState
from gae_arm.core.settings import Settings, setting
from gae_arm.point_cloud.calibration.arm_image import ArmSurface
from gae_arm.point_cloud.calibration.arm_shift import ArmShift, arm_shift
from gae_arm.point_cloud.rays import RayTable

MILLIMETRE = np.float32(0.001)
EXPOSURE_NS = 10_000_000
ADVICE = 'was the camera moved? Then calibrate it again'


class Health(IntEnum):
    """What is known about the calibration."""

    UNKNOWN = 0
    GOOD = 1
    MOVED = 2


@dataclass(frozen=True)
class HealthSettings(Settings):
    """When a calibration counts as broken."""

    geometry: str = setting(
        'visual',
        "shape of the arm in the URDF: visual, or collision for the simulated arm's",
        choices=('visual', 'collision'),
    )
    max_shift: float = setting(
        0.006, 'largest distance of the arm from where it should be seen, m', low=1e-4, high=0.05
    )
    max_turn: float = setting(
        math.radians(2.5), 'largest rotation of the same, rad', low=1e-4, high=1.0
    )
    window: float = setting(1.0, 'time over which medians are taken, s', low=0.0, high=60.0)
    min_frames: int = setting(4, 'fewest frames in it for a verdict', low=1, high=1000)
    min_matched: float = setting(
        0.5, 'least share of the arm that is seen in its place', low=0.1, high=1.0
    )
    max_motion: float = setting(
        0.01, 'largest joint motion between image and joint state, rad or m', low=0.0, high=1.0
    )
    shift_reference: tuple[float, ...] = setting(
        (0.0, 0.0, 0.0),
        'shift in the optical frame that a good calibration shows, m: bias of depth and meshes',
        length=3,
    )


@dataclass(frozen=True, eq=False)
class HealthReport(checks.Contract):
    """The verdict, for a person and for /diagnostics.

    stamp_ns: of the newest frame. health, message: in a word and in a sentence.
    frames: how many the medians below are of; without any they are NaN.
    shift: float64 (3,), metres, optical frame: how far the arm is seen from where it should be,
    without the reference. turn: radians. matched: share of the arm that is seen in its place.
    directions: in how many of three the surface that is seen determines the shift.
    """

    stamp_ns: int
    health: Health
    message: str
    frames: int
    shift: np.ndarray
    turn: float
    matched: float
    directions: float


class CalibrationHealth:
    """Watches one camera; give it frames at 5 Hz or more. One instance per thread."""

    def __init__(self, arm: ArmConfig, settings: HealthSettings | None = None) -> None:
        self.settings = settings or HealthSettings()
        self._surface = ArmSurface(arm, self.settings.geometry)
        self._rays: RayTable | None = None
        self._window: list[tuple[int, ArmShift]] = []
        self._surface.warm_up()

    def update(
        self, frame: CameraFrame, state: RobotState, T_base_camera: np.ndarray
    ) -> HealthReport:
        """Take one frame, the joint state nearest to it, and the calibrated pose at that time.

        Frames during which the arm moves too fast are not used, nor those that hardly show it.
        After a stamp that jumps back a new window begins. Raises InvalidValueError for missing
        joints and for a transform that is not rigid.
        """
        T_base_camera = rigid('T_base_camera', T_base_camera)
        oldest = frame.stamp_ns - self.settings.window * 1e9
        self._window = [s for s in self._window if oldest <= s[0] < frame.stamp_ns]
        if not self._moves(frame, state):
            T_camera_links = invert(T_base_camera) @ self._surface.link_transforms(state)
            image = self._surface.draw(T_camera_links, frame.intrinsics)
            shift = arm_shift(image, _metres(frame.depth), self._rays_of(frame.intrinsics))
            if shift is not None and self._tells(shift):
                self._window.append((frame.stamp_ns, shift))
        return self._report(frame.stamp_ns)

    def _moves(self, frame: CameraFrame, state: RobotState) -> bool:
        """Return whether image and joint state may show different poses of the arm."""
        apart = (abs(frame.stamp_ns - state.stamp_ns) + EXPOSURE_NS) / 1e9
        return float(np.abs(state.velocity).max(initial=0.0)) * apart > self.settings.max_motion

    def _tells(self, shift: ArmShift) -> bool:
        """Return whether the frame shows enough of the arm, or that it is not in its place."""
        least = self.settings.min_matched
        return shift.behind > 1 - least or (shift.directions > 0 and shift.hidden <= 1 - least)

    def _rays_of(self, intrinsics: CameraIntrinsics) -> RayTable:
        if self._rays is None or self._rays.intrinsics != intrinsics:
            self._rays = RayTable.of(intrinsics)
        return self._rays

    def _report(self, stamp_ns: int) -> HealthReport:
        seen = [shift for _, shift in self._window]
        medians = np.full(7, np.nan)
        if seen:
            rows = [
                [*s.shift, np.linalg.norm(s.turn), s.matched, s.directions, s.behind] for s in seen
            ]
            medians = np.median(rows, axis=0)
        shift = medians[:3] - self.settings.shift_reference
        turn, matched, directions, behind = (float(x) for x in medians[3:])
        health, message = self._verdict(len(seen), shift, turn, matched, behind)
        return HealthReport(stamp_ns, health, message, len(seen), shift, turn, matched, directions)

    def _verdict(
        self, frames: int, shift: np.ndarray, turn: float, matched: float, behind: float
    ) -> tuple[Health, str]:
        config = self.settings
        if frames < config.min_frames:
            return Health.UNKNOWN, (
                f'in the last {config.window:.1f} s {frames} frames show enough of the arm at '
                f'rest, {config.min_frames} are needed'
            )
        if behind > 1 - config.min_matched:
            return Health.MOVED, (
                f'the arm is not seen where it should be: {behind:.0%} of its place is empty; '
                f'{ADVICE}'
            )
        if matched < config.min_matched:
            return Health.UNKNOWN, f'only {matched:.0%} of the arm is seen: it is covered'
        distance = float(np.linalg.norm(shift))
        message = (
            f'the arm is seen {1e3 * distance:.1f} mm and {math.degrees(turn):.1f} degrees from '
            'where it should be'
        )
        if distance <= config.max_shift and turn <= config.max_turn:
            return Health.GOOD, message
        return Health.MOVED, (
            f'{message}, allowed are {1e3 * config.max_shift:.1f} mm and '
            f'{math.degrees(config.max_turn):.1f} degrees; {ADVICE}'
        )


def _metres(depth: np.ndarray) -> np.ndarray:
    """Return float32 metres of a depth image in either of its types."""
    return depth * MILLIMETRE if depth.dtype == np.uint16 else depth
