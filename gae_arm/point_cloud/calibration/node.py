"""Watches at run time whether the camera still stands where its calibration says."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node

from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.core.settings import Settings, setting
from gae_arm.point_cloud.calibration.health import (
    CalibrationHealth,
    Health,
    HealthReport,
    HealthSettings,
)
from gae_arm.ros import diagnostics, parameters
from gae_arm.ros.camera_input import CameraInput, CameraInputSettings, CameraView
from gae_arm.ros.diagnostics import Diagnostics
from gae_arm.ros.run import run_node

LEVELS = {
    Health.GOOD: diagnostics.OK,
    Health.UNKNOWN: diagnostics.STALE,
    Health.MOVED: diagnostics.WARN,
}


@dataclass(frozen=True)
class HealthNodeSettings(Settings):
    """Parameters of the node `calibration_health`, beside those of its camera and its verdict."""

    arm: str = setting('panda', 'arm: a name in config/arms, or a YAML file')
    rate: float = setting(5.0, 'frames looked at, Hz', low=0.5, high=60.0)


class CalibrationHealthNode(Node):
    """Node `calibration_health`: its verdict is on /diagnostics, and in the log when it changes.

    A process of its own, so that the acting path never waits for it.
    """

    def __init__(self) -> None:
        super().__init__('calibration_health')
        settings = parameters.declare(self, HealthNodeSettings)
        health = parameters.declare(self, HealthSettings)
        camera = parameters.declare(self, CameraInputSettings)
        arm = load_arm(arm_file(settings.arm))
        self._period_ns = round(1e9 / settings.rate)
        self._next_ns = 0
        self._health = CalibrationHealth(arm, health)
        self._report: HealthReport | None = None
        self._diagnostics = Diagnostics(self)
        self._load = diagnostics.ProcessLoad()
        self._camera = CameraInput(self, camera, arm.base_frame, self._look)
        self.create_timer(1.0, self._publish)

    def _look(self, view: CameraView) -> None:
        assert view.state is not None  # The input drops frames without one.
        stamp_ns = view.frame.stamp_ns
        if self._next_ns - self._period_ns <= stamp_ns < self._next_ns:
            return
        self._next_ns = stamp_ns + self._period_ns
        before = self._report
        self._report = self._health.update(view.frame, view.state, view.T_base_camera)
        self._camera.record.use(self._camera.now_ns() - stamp_ns)
        if before is None or before.health != self._report.health:
            # rclpy wants one severity for each place in the code.
            if self._report.health == Health.MOVED:
                self.get_logger().warning(self._report.message)
            else:
                self.get_logger().info(self._report.message)
            self._publish()

    def _publish(self) -> None:
        record, report = self._camera.record, self._report
        rate, used, _ = record.since_last(self._camera.now_ns())
        values: dict[str, object] = {'rate': rate, 'cpu_cores': self._load.cores()}
        if report is None or used == 0:
            why = record.last_drop or 'no images come'
            self._diagnostics.publish('calibration', diagnostics.STALE, f'unknown: {why}', values)
            return
        values |= {
            'health': report.health.name,
            'shift_mm': [round(1e3 * x, 1) for x in report.shift.tolist()],
            'turn_rad': report.turn,
            'matched_share': report.matched,
            'frames': report.frames,
        }
        self._diagnostics.publish('calibration', LEVELS[report.health], report.message, values)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run_node(CalibrationHealthNode, args)
