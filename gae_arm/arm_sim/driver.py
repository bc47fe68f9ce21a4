"""The simulated arm behind its controllers, as ros2_control runs a real one; no ROS in here."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from gae_arm.arm_sim.model import Modifier
from gae_arm.arm_sim.scene import Scene
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.arm_sim.trajectory import TrajectoryExecutor, TrajectoryProgress
from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import RobotState
from gae_arm.core.trajectory import JointTrajectory


class ArmDriver:
    """A joint_trajectory_controller and a forward_command_controller (gripper) on a simulation.

    controller: parameters of the first, as `TrajectoryExecutor` takes them by keyword. Times are
    the caller's, nanoseconds. Commands may come from another thread than `advance`.
    """

    def __init__(self, simulation: ArmSimulation, **controller: Any) -> None:
        self.simulation = simulation
        self._n = len(simulation.arm.joints)
        limits = simulation.arm.limits
        self._executor = TrajectoryExecutor(
            simulation.arm.joints,
            limits.lower,
            limits.upper,
            simulation.arm.home,
            **controller,
        )
        self._lock = threading.Lock()

    def command_trajectory(self, trajectory: JointTrajectory, now_ns: int) -> None:
        """Replace what the arm does; raise TrajectoryRefusedError and change nothing if refused."""
        state = self.simulation.observe()
        with self._lock:
            self._executor.accept(
                trajectory, now_ns, state.position[: self._n], state.velocity[: self._n]
            )

    def command_gripper(self, positions: npt.ArrayLike) -> None:
        """Send the finger joints (M,) to positions, m or rad; InvalidValueError if outside."""
        gripper = self.simulation.arm.gripper
        target = checks.array('gripper command', positions, (len(gripper.joints),))
        low, high = np.sort([gripper.closed, gripper.opened], axis=0)
        outside = np.flatnonzero((target < low) | (target > high))
        if len(outside):
            j = int(outside[0])
            raise InvalidValueError(
                f'gripper joint {gripper.joints[j]!r} is {target[j]}, limits are '
                f'{low[j]} to {high[j]}'
            )
        self.simulation.command_gripper(target)

    def advance(self, times_ns: Iterable[int]) -> None:
        """Do one time step for each time, with the set points of that time."""
        for now_ns in times_ns:
            with self._lock:
                self.simulation.step_to(*self._executor.sample(now_ns))

    def progress(self, now_ns: int) -> TrajectoryProgress:
        """Return how far the active trajectory is."""
        return self._executor.progress(now_ns)

    def observe(self) -> RobotState:
        """Return the state of arm and finger joints, stamped with simulation time."""
        return self.simulation.observe()

    def reset(self, scene: Scene | int, modifiers: Iterable[Modifier] | None = None) -> None:
        """Put the arm home, forget its trajectory, and lay out a scene: see `ArmSimulation`."""
        with self._lock:
            self._executor.hold(self.simulation.arm.home)
            self.simulation.reset(scene, modifiers)
