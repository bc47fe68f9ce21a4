"""The truth about a simulation, now."""

from __future__ import annotations

from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.core.truth import Truth


def observe_truth(simulation: ArmSimulation) -> Truth:
    """Return what is the case now."""
    return Truth(
        simulation.stamp_ns,
        simulation.object_poses(),
        simulation.object_joints(),
        simulation.object_speeds(),
        simulation.touches(),
    )
