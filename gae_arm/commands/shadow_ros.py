"""Shadow mode through the real nodes: launch/shadow.launch.yaml, a plan, and what came of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import GaeError
from gae_arm.core.plan import WaypointPlan
from gae_arm.shadow.imagined_arm import ShadowRun
from gae_arm.shadow.surroundings import crop_min

if TYPE_CHECKING:
    from gae_arm.ros.shadow_watch import Watched

LONGEST_S = 120.0
EVERY = 5
"""Of so many joint states one is kept for the picture."""


class RealNodes:
    """The stack on one scene, running; a context. Raises GaeError with its log if it dies."""

    def __init__(
        self, folder: Path, scene: str, arm_name: str, arm: ArmConfig, policy: str, clear: float,
        table: float,
    ) -> None:  # fmt: skip
        self._arm = arm
        self._words = [
            'shadow.launch.yaml',
            f'rgbd:={folder.absolute()}',
            f'scene:={scene}',
            f'arm:={arm_name}',
            f'policy:={policy}',
            f'clear:={clear}',
            f'table_height:={table:.4f}',
            f'crop_min:={list(crop_min(table))}',
        ]
        self._stack = ExitStack()

    def __enter__(self) -> RealNodes:
        from gae_arm.ros.observer import Observer
        from gae_arm.ros.shadow_watch import PlanWatch

        with ExitStack() as stack:
            self._log = stack.enter_context(tempfile.TemporaryFile('w+'))
            command = [sys.executable, '-m', 'gae_arm.commands.main', 'launch', *self._words]
            self._process = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT)
            stack.callback(self._stop)
            self._observer = Observer('shadow', lambda: self._process.poll() is None)
            stack.enter_context(self._observer)
            self._watch = PlanWatch(self._observer)
            try:
                self._watch.wait_ready()
            except GaeError as error:
                self._log.seek(0)
                raise GaeError(f'{error}; its log ends: {self._log.read()[-2000:]}') from error
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def now_ns(self) -> int:
        """Return the time of the nodes' clock."""
        return self._observer.now_ns()

    def run(self, plan: WaypointPlan) -> ShadowRun:
        """Have the nodes carry the plan out."""
        return self._shadow_run(self._watch.send(plan, LONGEST_S))

    def _shadow_run(self, watched: Watched) -> ShadowRun:
        kinematics, gripper = Kinematics(self._arm), self._arm.gripper
        states = watched.states[::EVERY]
        joints = [state.select(self._arm.joints) for state in states]
        return ShadowRun(
            outcome=watched.outcome,
            message=watched.message,
            seconds=watched.seconds,
            poses=[kinematics.forward(q) for q in joints],
            joints=joints,
            openings=[gripper.opening(state.select(gripper.joints)) for state in states],
            guide=watched.guide,
            slowed=dict(watched.slowed),
        )

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30.0)
