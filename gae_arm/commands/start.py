"""The executables of the nodes: Ctrl-C is no error, not even while a node is still importing."""

from __future__ import annotations

import importlib
import signal
import sys
from functools import partial


def _start(module: str) -> None:
    # An exception inside the import of a C extension would come out as an ImportError.
    interrupts: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    node = importlib.import_module(module)
    if interrupts:
        sys.exit(0)
    node.main()


action_expert = partial(_start, 'action_expert.node')
arm_control = partial(_start, 'gae_arm.arm_control.node')
arm_sim = partial(_start, 'gae_arm.arm_sim.node')
calibration_health = partial(_start, 'gae_arm.point_cloud.calibration.node')
driver_bridge = partial(_start, 'gae_arm.arm_driver.node')
plan_markers = partial(_start, 'gae_arm.viewer.markers.node')
point_cloud = partial(_start, 'gae_arm.point_cloud.node')
shadow_source = partial(_start, 'gae_arm.shadow.node')
viewer = partial(_start, 'gae_arm.viewer.web.node')
vla_planner = partial(_start, 'vla_planner.node')
