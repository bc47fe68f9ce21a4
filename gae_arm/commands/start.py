"""The executables of the nodes: Ctrl-C is no error, not even while a node is still importing."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from functools import partial
from typing import Any


def _start(module: str) -> None:
    # An exception inside the import of a C extension would come out as an ImportError.
    interrupt = signal.signal(signal.SIGINT, _leave)
    node = importlib.import_module(module)
    try:
        signal.signal(signal.SIGINT, interrupt)
        node.main()
    except KeyboardInterrupt:
        sys.exit(0)


def _leave(*_: Any) -> None:
    os._exit(0)  # Nothing has been opened yet that would have to be closed.


arm_sim = partial(_start, 'gae_arm.arm_sim.node')
calibration_health = partial(_start, 'gae_arm.point_cloud.calibration.node')
point_cloud = partial(_start, 'gae_arm.point_cloud.node')
