"""Bench of the whole stack: how old the camera's image is in the command that rests on it.

Starts the simulated arm with everything, waits, then has the spline policy carry a plan out again
and again. Figures are those that the nodes publish on /diagnostics.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gae_arm.commands.benches.measure import Row
from gae_arm.commands.running_graph import running_graph
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file, share_folder
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_file import PlanFile, load_plan

if TYPE_CHECKING:
    from gae_arm.ros.pipeline_watch import Phase

PLAN = Path('config') / 'plans' / 'cube_to_bowl.yaml'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gae bench pipeline`."""
    parser.add_argument('--seconds', type=float, default=30.0, help='idle, and moving')
    parser.add_argument('--arm', default='panda', help='a name in config/arms, or a YAML file')
    parser.add_argument('--policy', default='spline', help='what carries the plan out')
    parser.add_argument('--viewer', action='store_true', help='with the web page (nobody looks)')


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield every stage, idle and moving; rates; how many plans were done, and halts."""
    from gae_arm.ros.pipeline_watch import watch

    file = load_plan(share_folder() / PLAN)
    base_frame = load_arm(arm_file(args.arm)).base_frame
    arguments = {
        'arm': args.arm,
        'policy': args.policy,
        'seed': str(args.seed),
        'viewer': str(args.viewer).lower(),
        'viewer_port': '0',
    }
    with running_graph('sim.launch.yaml', arguments):
        phases = watch(partial(_plan, file, base_frame), args.seconds)
    for phase in phases:
        yield from _rows_of(phase)


def _plan(file: PlanFile, base_frame: str, plan_id: str, now_ns: int) -> WaypointPlan:
    return file.plan(plan_id, now_ns, base_frame)


def _rows_of(phase: Phase) -> Iterator[Row]:
    for one in phase.latencies:
        from_control = 'command' in one.stage
        n = phase.commands if from_control else phase.clouds
        if n or not from_control:
            yield Row(f'{phase.name}: {one.stage}', 'ms', one.p50, one.p99, n)
    for name, rate in phase.rates.items():
        yield Row(f'{phase.name}: {name}', 'Hz', rate, rate, 1)
    if phase.name == 'moving':
        for name, count in (('plans done', phase.plans), ('halts', phase.halts)):
            yield Row(f'{phase.name}: {name}', '', count, count, 1)
