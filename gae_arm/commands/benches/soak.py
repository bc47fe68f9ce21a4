"""Bench of endurance: random instructions, stops out of motion and new tables, for a long time.

The whole stack runs as in `gae demo`. Each message to the arm is judged by code that knows nothing
of the governor; a node that dies ends it with an error. Rows: how the instructions ended, messages
that break a limit, how soon the arm stands after a stop, and by how much the memory of each node
has grown since the warm-up.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from gae_arm.commands.benches.measure import Row, summary
from gae_arm.commands.endurance.memory import MemoryWatch
from gae_arm.commands.running_graph import running_graph
from gae_arm.core import checks
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import GaeError
from gae_arm.core.paths import arm_file

if TYPE_CHECKING:
    from gae_arm.commands.endurance.arm import SoakArm
    from gae_arm.commands.endurance.soak import Soak

READY_S, LONGEST_S = 240.0, 60.0
CAMERA_RATE = 15.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gae bench soak`."""
    parser.add_argument('--minutes', type=float, default=2.0, help='how long')
    parser.add_argument('--arm', default='panda', help='a name in config/arms, or a YAML file')
    parser.add_argument('--policy', default='servo', help='what carries plans out')
    parser.add_argument(
        '--real-time-factor', type=float, default=1.0, metavar='F',
        help='simulated seconds a second: below 1 where the machine is busy',
    )  # fmt: skip
    parser.add_argument('--model', default='bundled', help='the planner; see config/planners')


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield what came of it; then raises GaeError if a node died or the arm could not be freed."""
    seconds = 60 * checks.number('--minutes', args.minutes, 0.01, 10_000.0)
    factor = checks.number('--real-time-factor', args.real_time_factor, 0.01, 1.0)
    arguments = {
        'real_time_factor': str(factor),
        'publish_clock': str(factor != 1.0).lower(),
        'camera_rate': str(CAMERA_RATE * factor),
        'arm': args.arm,
        'task': 'playground',
        'seed': str(args.seed),
        'policy': args.policy,
        'planner': 'true',
        'model': args.model,
        'viewer': 'true',
        'viewer_port': '0',
    }
    with running_graph('sim.launch.yaml', arguments) as graph:
        from gae_arm.commands.endurance.arm import SoakArm
        from gae_arm.commands.endurance.soak import Soak
        from gae_arm.commands.show.conversation import Conversation
        from gae_arm.ros.observer import Observer

        memory = MemoryWatch(graph.pid)
        with Observer('soak', graph.is_well) as observer:
            observer.follow_clock_of('arm_control', READY_S)
            arm = SoakArm(observer, load_arm(arm_file(args.arm)))
            talk, random = Conversation(observer), Random(args.seed)
            soak = Soak(observer, arm, talk, memory, random, partial(print, file=sys.stderr))
            failure = None
            try:
                soak.run(seconds, LONGEST_S / factor)
            except GaeError as error:
                failure = error
    yield from _rows(soak, arm, memory)
    if failure is not None:
        raise failure


def _rows(soak: Soak, arm: SoakArm, memory: MemoryWatch) -> Iterator[Row]:
    given = soak.outcomes.total()
    for outcome, count in sorted(soak.outcomes.items()):
        yield Row(f'instructions: {outcome}', 'of n', count, count, given)
    broken, messages = arm.checker.violations, arm.checker.trajectories
    kinds = ', '.join(f'{kind} {n}' for kind, n in broken.items() if n)
    name = f'messages that break a limit{f" ({kinds})" if kinds else ""}'
    yield Row(name, 'of n', broken.total(), broken.total(), messages)
    for name, values in (('HALTED', arm.halted), ('standing', arm.stood)):
        if values:
            yield _with_max(f'stop: asked to {name}', 'ms', values)
    since = 'memory grown' if soak.warm else 'memory grown, warm-up and all'
    for name, values in sorted(memory.growth(soak.warm or 0.0).items()):
        yield _with_max(f'{since}: {name}', 'MB', values)


def _with_max(name: str, unit: str, values: list[float]) -> Row:
    row = summary(name, unit, values)
    return Row(**{**row.__dict__, 'max': max(values)})
