"""Shadow mode through the real nodes: launch/shadow.launch.yaml, a plan, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.commands.running_graph import launched
from gae_arm.core.arm import ArmConfig
from gae_arm.core.plan import WaypointPlan
from gae_arm.shadow.imagined_arm import ShadowRun
from gae_arm.shadow.surroundings import crop_min

if TYPE_CHECKING:
    from gae_arm.ros.observer import Observer
    from gae_arm.ros.shadow_watch import PlanWatch, Watched

LONGEST_S = 120.0
EVERY = 5
"""Of so many joint states one is kept for the picture."""


@contextmanager
def real_nodes(
    folder: Path, scene: str, arm_name: str, arm: ArmConfig, policy: str, clear: float, table: float
) -> Iterator[RealNodes]:
    """Run the stack on one scene; raise GaeError with what the nodes said if it fails."""
    from gae_arm.ros.observer import Observer
    from gae_arm.ros.shadow_watch import PlanWatch

    arguments = {
        'rgbd': str(folder.absolute()),
        'scene': scene,
        'arm': arm_name,
        'policy': policy,
        'clear': str(clear),
        'table_height': f'{table:.4f}',
        'crop_min': str(list(crop_min(table))),
    }
    with (
        launched('shadow.launch.yaml', arguments) as graph,
        Observer('shadow', graph.is_well) as observer,
    ):
        watch = PlanWatch(observer)
        watch.wait_ready()
        yield RealNodes(arm, observer, watch)


class RealNodes:
    """The stack on one scene, running."""

    def __init__(self, arm: ArmConfig, observer: Observer, watch: PlanWatch) -> None:
        self._arm, self._observer, self._watch = arm, observer, watch

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
