"""Check the machine, ROS 2 and the running graph, and say what to do about each finding.

--arm ARM is the pre-flight check of a real arm that arm.launch.yaml runs (docs/real_arm.md): its
driver, camera, frames, limits, controller and stop. Only after it has passed can `gae resume` let
the arm move.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gae_arm.commands.doctor_checks.arm import check_arm, pass_preflight
from gae_arm.commands.doctor_checks.finding import Finding, Level, worst
from gae_arm.commands.doctor_checks.graph import check_graph
from gae_arm.commands.doctor_checks.machine import check_machine
from gae_arm.commands.doctor_checks.middleware import check_middleware
from gae_arm.commands.doctor_checks.simulation import check_simulation

COLORS = {Level.OK: 'green', Level.WARNING: 'yellow', Level.FAILURE: 'red'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument('--seconds', type=float, default=3.0, help='how long to watch the graph')
    parser.add_argument(
        '--arm', help='the pre-flight check of a real arm: a name in config/arms, or a YAML file'
    )
    parser.add_argument(
        '--driver', help='how its driver speaks: a name in config/drivers, or a YAML file'
    )
    parser.add_argument(
        '--graph-only', action='store_true', help='look at the running graph, not at the machine'
    )


def run(args: argparse.Namespace) -> int:
    """Print all findings; return 1 if one is a failure."""
    console = Console(soft_wrap=True)
    findings = []
    with console.status('looking'):
        for finding in _checks(args):
            findings.append(finding)
            say(console, finding)
    if args.arm is not None and worst(findings) != Level.FAILURE:
        findings.append(pass_preflight())
        say(console, findings[-1])
    level = worst(findings)
    counts = {level: sum(f.level == level for f in findings) for level in Level}
    console.print(
        f'{counts[Level.OK]} fine, {counts[Level.WARNING]} to improve, '
        f'{counts[Level.FAILURE]} to mend'
    )
    return 1 if level == Level.FAILURE else 0


def _checks(args: argparse.Namespace) -> Iterator[Finding]:
    if args.arm is not None:
        yield from check_arm(args.arm, args.driver, args.seconds)
        return
    if not args.graph_only:
        yield from check_machine()
        yield from check_simulation()
        yield from check_middleware()
    yield from check_graph(args.seconds)


def say(console: Console, finding: Finding) -> None:
    """Print a finding: in columns on a terminal, else in lines that are as long as they are."""
    if console.is_terminal:
        console.print(_columns(finding), soft_wrap=False)
        return
    lines = [f'{finding.level.name.lower():7} {finding.subject:18} {finding.text}']
    if finding.advice:
        lines.append(f'{"":26} -> {finding.advice}')
    console.print(Text('\n'.join(lines)))


def _columns(finding: Finding) -> Table:
    line = Table.grid(padding=(0, 1))
    line.add_column(width=7)
    line.add_column(min_width=18)
    line.add_column(overflow='fold')
    color = COLORS[finding.level]
    level = Text(finding.level.name.lower(), style=color)
    line.add_row(level, Text(finding.subject), Text(finding.text))
    if finding.advice:
        line.add_row('', '', Text(f'-> {finding.advice}', style='bold'))
    return line
