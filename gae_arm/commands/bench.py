"""Measure speed, beside what a user would pick instead, in one run on this machine."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from gae_arm.commands.benches.measure import Row
from gae_arm.commands.results import machine, write_results

BENCHES = {
    'sim': 'the simulated arm as a node: pace, processor, rates, following error',
    'cloud_node': 'camera stamp to points over DDS, losses, processor',
    'cloud': 'depth image to local points, stage by stage; points to and from messages',
    'calibration': "error of the camera's pose; what its health check tells, and costs",
    'servo': 'commands to the arm: punctuality, idle and busy; what a tick takes; how fresh it is',
    'governor': "a campaign against the arm's limits; cost of a tick; how soon the arm stands",
    'planner_answers': 'spoiled answers of models: none may raise, no bad plan may pass',
    'pipeline': 'camera stamp to joint command, and every stage between, idle and moving',
    'soak': 'random instructions for a long time: deaths, limits, stops, memory',
    'expert': 'the action expert: an answer by steps of its flow; a whole chunk for each cloud',
    'data': 'loading demonstrations, beside a torch DataLoader over .npz files',
}

ONLY_BY_NAME = {'soak'}
"""Not among those that run if none is named."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options, and those of each bench."""
    _add_common(parser, json=None, seed=0)
    title = f'benches (if none is named, all run but {", ".join(ONLY_BY_NAME)})'
    names = parser.add_subparsers(dest='name', metavar='NAME', title=title)
    for name, text in BENCHES.items():
        bench = names.add_parser(name, help=text, description=text)
        # No defaults: they would undo what stands before the name.
        _add_common(bench, json=argparse.SUPPRESS, seed=argparse.SUPPRESS)
        _module(name).add_arguments(bench)


def run(args: argparse.Namespace) -> int:
    """Run the bench, or all with their defaults; print the rows, write them if asked to."""
    console = Console()
    console.print(machine(), style='dim')
    rows: list[Row] = []
    try:
        for name in [args.name] if args.name else [n for n in BENCHES if n not in ONLY_BY_NAME]:
            _measure(name, args if args.name else _defaults(name, args), console, rows)
    finally:
        if args.json is not None:
            write_results(args.json, [row.as_dict() for row in rows], args.seed)
    return 0


def _measure(name: str, args: argparse.Namespace, console: Console, rows: list[Row]) -> None:
    """Run one bench; what it measured is added and printed, also where it then fails."""
    found: list[Row] = []
    try:
        with console.status(f'measuring {name}'):
            for row in _module(name).rows(args):
                found.append(row)
    finally:
        rows += found
        if found:
            console.print(_table(name, found))


def _add_common(parser: argparse.ArgumentParser, json: Any, seed: Any) -> None:
    text = 'write the rows to this file'
    parser.add_argument('--json', type=Path, metavar='F', default=json, help=text)
    parser.add_argument('--seed', type=int, default=seed, help='of all that is random')


def _defaults(name: str, args: argparse.Namespace) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    _module(name).add_arguments(parser)
    return parser.parse_args([], argparse.Namespace(**vars(args)))


def _module(name: str) -> Any:
    return importlib.import_module(f'gae_arm.commands.benches.{name}')


def _table(name: str, rows: Sequence[Row]) -> Table:
    table = Table(title=f'bench {name}', title_justify='left')
    for column in ('what', 'p50', 'p99', 'max', '', 'n', 'beside it', 'p50', 'times'):
        table.add_column(column, justify='left' if column in ('what', 'beside it') else 'right')
    for row in rows:
        beside = ['', '', '']
        if row.peer is not None and row.peer_p50 is not None and row.ratio is not None:
            beside = [row.peer, f'{row.peer_p50:.3f}', f'{row.ratio:.1f}']
        largest = '' if row.max is None else f'{row.max:.3f}'
        numbers = (f'{row.p50:.3f}', f'{row.p99:.3f}', largest, row.unit, str(row.n))
        table.add_row(row.name, *numbers, *beside)
    return table
