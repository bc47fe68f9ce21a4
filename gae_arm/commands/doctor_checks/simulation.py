"""The simulated arm: can this machine run it in real time."""

from __future__ import annotations

import time
from collections.abc import Iterator

from gae_arm.commands.doctor_checks.finding import Finding, Level, judge
from gae_arm.core.errors import GaeError

SECONDS = 1.0
# The physics shares the machine with camera, cloud, planner and expert.
WANTED_FACTOR = 4.0


def check_simulation() -> Iterator[Finding]:
    """Step the default arm for a simulated second and compare with the clock."""
    try:
        from gae_arm.arm_sim.simulation import ArmSimulation
        from gae_arm.core.arm import load_arm
        from gae_arm.core.paths import arm_file

        simulation = ArmSimulation(load_arm(arm_file('panda')))
    except (GaeError, ImportError) as error:
        yield Finding(Level.FAILURE, 'simulation', str(error), './gae setup')
        return
    steps = round(SECONDS * 1e9 / simulation.timestep_ns)
    start = time.perf_counter()
    simulation.step(steps)
    factor = SECONDS / (time.perf_counter() - start)
    yield judge(
        'simulation',
        factor >= WANTED_FACTOR,
        f'physics alone runs {factor:.1f} times as fast as real time',
        'stop what else keeps the processor busy; below 1 the simulated arm lags behind',
        Level.WARNING if factor > 1 else Level.FAILURE,
    )
