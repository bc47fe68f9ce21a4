"""What a planner may ask about where it plans: a cell in this process, or a graph of nodes."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.core.arm import ArmConfig
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import GaeError
from gae_arm.core.motion import RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.truth import Truth


class NoPlanError(GaeError):
    """A planner has no plan: the message says why. The trial has failed, the others go on."""


class Workplace(Protocol):
    """A simulated arm with a task laid out before it.

    instance: what was laid out; planners that are no oracles read its `instruction` only.
    """

    @property
    def arm(self) -> ArmConfig:
        """Return the arm."""

    @property
    def instance(self) -> TaskInstance:
        """Return the task."""

    @property
    def now_ns(self) -> int:
        """Return the node clock's time, nanoseconds."""

    @property
    def T_base_camera(self) -> np.ndarray:
        """Return the pose (4, 4) of the camera's optical frame."""

    def observe(self) -> RobotState:
        """Return the arm's state."""

    def frame(self) -> CameraFrame:
        """Return what the camera sees now."""

    def truth(self) -> Truth:
        """Return what is the case, for oracles."""


class Planner(Protocol):
    """What thinks: asked for a plan at the start, and again whenever one has been carried out."""

    name: str

    def begin(self, place: Workplace) -> None:
        """Begin with the task that has just been laid out."""

    def plan(self, place: Workplace) -> WaypointPlan | None:
        """Return the next plan in the base frame, None when the task is thought to be done.

        Raises NoPlanError.
        """
