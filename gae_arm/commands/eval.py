"""How often each policy succeeds at the tasks of the simulator, judged by the physics.

Scenes are drawn from the held-out ranges of every axis unless --training is given. Every trial is
determined by its options: the same command gives the same table. With --log it can be interrupted
and goes on where it was.

  gae eval tabletop --policy ik,spline,servo --waypoint-noise 0.02 --episodes 12
  gae eval robustness --policy ik,spline,servo --episodes 10 --plot curves.png
  gae eval obedience --policy spline,servo
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from tqdm import tqdm

from gae_arm.commands.results import machine, write_results
from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

SUITES = {
    'tabletop': 'success per task and policy',
    'robustness': 'success against noise, losses, delay and moved objects, as curves',
    'obedience': 'whether the arm goes where the plan says',
}
ARMS = ('panda', 'ur5', 'xarm7')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the suite and its options."""
    lines = '; '.join(f'{name}: {text}' for name, text in SUITES.items())
    parser.add_argument('suite', help=lines)
    add = parser.add_argument
    add('--policy', default='spline', help='names, with commas')
    add('--arm', default='panda', help=f'names, with commas: {", ".join(ARMS)}')
    add('--task', default='all', help='names, with commas; all by default')
    add('--planner', default='oracle', help='who makes the plans')
    add('--episodes', type=int, default=10, help='for each task, policy and arm')
    add('--seed', type=int, default=0, help='of the first episode; the next ones follow')
    add('--training', action='store_true', help='draw from the training ranges, not the held-out')
    add('--waypoint-noise', type=float, default=0.0, metavar='M', help='std along each axis')
    add('--orientation-noise', type=float, default=0.0, metavar='DEG', help='std about each axis')
    add('--depth-noise', type=float, default=0.0, metavar='M', help='std of depth readings')
    add('--delay', type=float, default=0.0, metavar='S', help='from the cloud to its chunk')
    add('--drop', type=float, default=0.0, metavar='SHARE', help='of clouds that are lost')
    add('--workers', type=int, default=os.cpu_count() or 1, help='processes')
    add('--log', type=Path, metavar='F', help='results as they come; taken up again')
    add('--json', type=Path, metavar='F', help='write the rows to this file')
    add('--plot', type=Path, metavar='F', help='draw the curves of `robustness`')


def run(args: argparse.Namespace) -> int:
    """Run the suite; print the table, write what was asked for."""
    checks.known('suite', args.suite, SUITES)
    console = Console()
    console.print(machine(), style='dim')
    rows: list[dict[str, Any]] = globals()[f'_{args.suite}'](args, console)
    if args.json is not None:
        write_results(args.json, rows, args.seed)
    return 0


def _tabletop(args: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    from gae_arm.demonstrations.oracle import PlanNoise
    from gae_arm.demonstrations.rollout import RolloutSettings
    from gae_arm.evaluation import suites, tables

    noise = PlanNoise(args.waypoint_noise, np.radians(args.orientation_noise), args.depth_noise)
    trials = suites.tabletop(
        _choice(args), noise, RolloutSettings(delay=args.delay, drop=args.drop)
    )
    rows = tables.rows(_run(args, trials))
    for title, found in tables.by_policy(rows).items():
        console.print(tables.table(found, f'tabletop, {title}'))
    return rows


def _robustness(args: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    from gae_arm.evaluation import suites, tables

    sweeps = suites.robustness(_choice(args))
    results = _run(args, [t for sweep in sweeps.values() for ts in sweep.values() for t in ts])
    by_key = {result.trial.key: result for result in results}
    rows, curves = [], {}
    for name, sweep in sweeps.items():
        curves[name] = {
            value: [r for r in tables.rows([by_key[t.key] for t in trials]) if r['task'] == 'all']
            for value, trials in sweep.items()
        }
        curves[name] = {
            value: [r for r in found if r['length'] == 'all']
            for value, found in curves[name].items()
        }
        for value, found in curves[name].items():
            for title, some in tables.by_policy(found).items():
                console.print(tables.table(some, f'{name} {value:g}, {title}'))
            rows += [{'varied': name, 'value': value, **r} for r in found]
    if args.plot is not None:
        from gae_arm.evaluation.curves import draw_curves

        draw_curves(args.plot, curves)
    return rows


def _obedience(args: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    from gae_arm.evaluation import suites, tables

    if args.task == 'all':
        args.task = 'pick_up,place_into_container'
    rows = []
    results = _run(args, suites.obedience(_choice(args)))
    groups = tables.grouped(results, lambda r: (r.trial.planner, r.trial.arm, r.trial.policy))
    for found in groups.values():
        row = tables.obedience_row(found)
        rows.append(row)
        counts = ', '.join(f'{k} {v}' for k, v in Counter(row['touched']).most_common())
        console.print(
            f'plan {row["planner"]}, {row["arm"]}, {row["policy"]}: obeyed {row["rate"]:.2f} '
            f'({row["low"]:.2f} to {row["high"]:.2f}) of {row["episodes"]}; touched: {counts}'
        )
    return rows


def _choice(args: argparse.Namespace) -> Any:
    from action_expert.policies import POLICIES
    from gae_arm.arm_sim.tasks.registry import TASKS
    from gae_arm.evaluation.suites import Choice
    from gae_arm.evaluation.trial import PLANNERS

    checks.known('planner', args.planner, PLANNERS)
    if args.episodes < 1:
        raise InvalidValueError(f'--episodes is {args.episodes}, at least 1 is needed')
    return Choice(
        tasks=list(TASKS) if args.task == 'all' else _names('task', args.task, TASKS),
        policies=_names('policy', args.policy, POLICIES),
        arms=_names('arm', args.arm, ARMS),
        episodes=args.episodes,
        seed=args.seed,
        ranges='training' if args.training else 'held_out',
    )


def _names(what: str, words: str, there: Any) -> list[str]:
    return [checks.known(what, word.strip(), there) for word in words.split(',')]


def _run(args: argparse.Namespace, trials: list[Any]) -> list[Any]:
    from gae_arm.evaluation.campaign import run_campaign

    with tqdm(total=len({t.key for t in trials}), unit='trial', smoothing=0.05) as bar:
        done = Counter[bool]()

        def report(result: Any) -> None:
            done[result.outcome.success] += 1
            bar.set_postfix_str(f'{done[True]} succeeded')
            bar.update()

        return run_campaign(trials, args.workers, args.log, report)
