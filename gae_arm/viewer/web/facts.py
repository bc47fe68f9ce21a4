"""What the page knows of the running graph."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gae_arm.core.motion import ArmStatus, RobotState
from gae_arm.core.pipeline_health import HealthHistory
from gae_arm.core.progress import PlanProgress
from gae_arm.viewer.shown_plan import ShownPlan

STALE_NS = {'joint states': 500_000_000, 'cloud': 2_000_000_000}


@dataclass(frozen=True, eq=False)
class SeenCloud:
    """points: float32 (N, 3), metres, base frame. colors: uint8 (N, 3) RGB, or None."""

    stamp_ns: int
    points: np.ndarray
    colors: np.ndarray | None


@dataclass
class Facts:
    """The newest of everything; None, '' or empty where nothing has come yet.

    camera, annotated: uint8 (H, W, 3) RGB, what the camera sees, and what the planner saw.
    guide, executed: float64 (N, 3), metres, base frame. arm_there: somebody publishes the status.
    health: values by key of every status on /diagnostics; history: of what matters of it.
    troubles: by subject, why something cannot be shown. answer: what the last click led to.
    """

    now_ns: int = 0
    urdf: str = ''
    state: RobotState | None = None
    cloud: SeenCloud | None = None
    status: ArmStatus | None = None
    arm_there: bool = False
    plan: ShownPlan | None = None
    proposal: ShownPlan | None = None
    progress: PlanProgress | None = None
    camera: np.ndarray | None = None
    annotated: np.ndarray | None = None
    guide: np.ndarray | None = None
    executed: np.ndarray | None = None
    health: dict[str, dict[str, str]] = field(default_factory=dict)
    history: HealthHistory = field(default_factory=HealthHistory)
    troubles: dict[str, str] = field(default_factory=dict)
    answer: str = ''

    def gaps(self) -> list[str]:
        """Return a sentence for each thing that is missing, late or wrong."""
        out = [] if self.urdf else ['no robot_description yet']
        for subject, thing in (('joint states', self.state), ('cloud', self.cloud)):
            if thing is None:
                out.append(f'no {subject} yet')
            elif self.now_ns - thing.stamp_ns > STALE_NS[subject]:
                age = (self.now_ns - thing.stamp_ns) / 1e9
                out.append(f'{subject}: {age:.1f} s old, what is drawn is not what is')
        return out + [f'{subject}: {text}' for subject, text in sorted(self.troubles.items())]
