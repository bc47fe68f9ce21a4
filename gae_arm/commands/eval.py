"""How often each policy succeeds at the tasks of the simulator, judged by the physics.

Scenes are drawn from the held-out ranges of every axis unless --training is given. Every trial is
determined by its options: the same command gives the same table. With --log it can be interrupted
and goes on where it was.

  gae eval tabletop --policy ik,spline,servo --waypoint-noise 0.02 --episodes 12
  gae eval tabletop --task pick_up --episodes 20 --through-ros
  gae eval tabletop --task stack_two --axis obstacles.count=0 --video stack.mp4
  gae eval robustness --policy ik,spline,servo --episodes 10 --plot curves.png
  gae eval obedience --policy spline,servo
  gae eval axes
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from tqdm import tqdm

from gae_arm.commands.results import machine, write_results
from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

ARMS = ('panda', 'ur5', 'xarm7')
Rows = list[dict[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the suite and its options."""
    lines = '; '.join(f'{name}: {text}' for name, (text, _) in SUITES.items())
    parser.add_argument('suite', help=lines)
    add = parser.add_argument
    add('--model', default='bundled', metavar='M', help='planner: as `gae plan` takes it')
    add('--policy', default='spline', help='names, with commas')
    add('--weights', default='', metavar='FOLDER', help='expert: its weights; none: the shipped')
    add('--steps', type=int, default=1, metavar='N', help='expert: of the flow to an answer')
    add('--arm', default='panda', help=f'names, with commas: {", ".join(ARMS)}')
    add('--task', default='all', help='names, with commas; all by default')
    add('--planner', default='oracle', help='who makes the plans')
    add('--episodes', type=int, default=10, help='for each task, policy and arm')
    add('--seed', type=int, default=0, help='of the first episode; the next ones follow')
    add('--training', action='store_true', help='draw from the training ranges, not the held-out')
    words = (
        'AXIS=training, AXIS=held_out or AXIS.QUANTITY=VALUE; may be repeated; see gae eval axes'
    )
    add('--axis', action='append', default=[], metavar='CHOICE', help=words)
    add('--waypoint-noise', type=float, default=0.0, metavar='M', help='std along each axis')
    add('--orientation-noise', type=float, default=0.0, metavar='DEG', help='std about each axis')
    depth = 'std of the depth of every pixel and of every waypoint'
    add('--depth-noise', type=float, default=0.0, metavar='M', help=depth)
    add('--delay', type=float, default=0.0, metavar='S', help='from the cloud to its chunk')
    add('--drop', type=float, default=0.0, metavar='SHARE', help='of clouds that are lost')
    add('--drop-points', type=float, default=0.0, metavar='SHARE', help='of the points of a cloud')
    add('--sweep', default='all', help='robustness: which errors, with commas')
    add('--through-ros', action='store_true', help='on a graph of real nodes, one trial at a time')
    factor = '--through-ros: simulated seconds a second; less on a busy machine'
    add('--real-time-factor', type=float, default=0.5, metavar='F', help=factor)
    add('--workers', type=int, default=os.cpu_count() or 1, help='processes')
    add('--log', type=Path, metavar='F', help='results as they come; taken up again')
    add('--json', type=Path, metavar='F', help='write the rows to this file')
    add('--plot', type=Path, metavar='F', help='draw the curves of `robustness`')
    add('--video', type=Path, metavar='F', help='write chosen episodes to an .mp4 or .gif')
    which = 'numbers of the episodes in the video, with commas, from 0, for each task and policy'
    add('--video-episodes', default='0', metavar='N', help=which)


def run(args: argparse.Namespace) -> int:
    """Run the suite; print the table, write what was asked for."""
    _, suite = SUITES[checks.known('suite', args.suite, SUITES)]
    _check_video(args)
    console = Console()
    console.print(machine(), style='dim')
    rows = suite(args, console)
    if args.json is not None:
        write_results(args.json, rows, args.seed)
    return 0


def _tabletop(args: argparse.Namespace, console: Console) -> Rows:
    from gae_arm.demonstrations.oracle import PlanNoise
    from gae_arm.demonstrations.rollout import RolloutSettings
    from gae_arm.evaluation import tables

    trials = _choice(args).trials(
        planner=args.planner,
        noise=PlanNoise(args.waypoint_noise, np.radians(args.orientation_noise), args.depth_noise),
        rollout=RolloutSettings(delay=args.delay, drop=args.drop),
        pixel_noise=args.depth_noise,
        lost_points=checks.number('--drop-points', args.drop_points, 0.0, 1.0),
    )
    results = _run(args, trials)
    rows = tables.rows(results)
    for title, found in tables.by_policy(rows).items():
        console.print(tables.table(found, f'tabletop, {title}'))
    console.print(tables.scenes_line(results), style='dim')
    _film(args, results, console)
    return rows


def _robustness(args: argparse.Namespace, console: Console) -> Rows:
    from gae_arm.evaluation import suites, tables

    names = list(suites.SWEEPS) if args.sweep == 'all' else args.sweep.split(',')
    names = [checks.known('sweep', name, suites.SWEEPS) for name in names]
    sweeps = suites.robustness(_choice(args), names)
    results = _run(args, [t for sweep in sweeps.values() for ts in sweep.values() for t in ts])
    by_key = {result.trial.key: result for result in results}
    rows: Rows = []
    curves: dict[str, dict[float, Rows]] = {}
    for label, sweep in sweeps.items():
        curves[label] = {
            value: tables.totals([by_key[trial.key] for trial in trials])
            for value, trials in sweep.items()
        }
        found = [
            {'varied': label, 'value': v, **r} for v, some in curves[label].items() for r in some
        ]
        console.print(tables.sweep_table(found, label))
        rows += found
    if args.plot is not None:
        from gae_arm.evaluation.curves import draw_curves

        draw_curves(args.plot, curves)
    return rows


def _obedience(args: argparse.Namespace, console: Console) -> Rows:
    from gae_arm.evaluation import suites, tables

    if args.task == 'all':
        args.task = 'pick_up,place_into_container'
    results = _run(args, suites.obedience(_choice(args)))
    groups = tables.grouped(results, lambda r: (r.trial.planner, r.trial.arm, r.trial.policy))
    rows = [tables.obedience_row(found) for found in groups.values()]
    console.print(tables.obedience_table(rows))
    _film(args, results, console)
    return rows


def _axes(args: argparse.Namespace, console: Console) -> Rows:
    from gae_arm.arm_sim.tasks.axes import AXES

    for name, axis in AXES.items():
        console.print(f'[bold]{name}[/]: {axis.meaning}')
        for quantity in axis.training:
            console.print(f'  .{quantity}', highlight=False)
            console.print(f'    training  {axis.training[quantity]}', highlight=False)
            console.print(f'    held_out  {axis.held_out[quantity]}', highlight=False)
    return []


def _planner(args: argparse.Namespace, console: Console) -> Rows:
    from gae_arm.commands import eval_planner

    return eval_planner.run(args, console)


SUITES: dict[str, tuple[str, Callable[[argparse.Namespace, Console], Rows]]] = {
    'tabletop': ('success per task and policy', _tabletop),
    'robustness': ('success against noise, losses, delay and moved objects', _robustness),
    'obedience': ('whether the arm goes where the plan says', _obedience),
    'planner': ("a planner's answers on new pictures, against the truth", _planner),
    'axes': ('in what scenes differ, and the two ranges of each; runs nothing', _axes),
}


def _choice(args: argparse.Namespace) -> Any:
    from action_expert.policies import POLICIES
    from gae_arm.arm_sim.tasks.range_words import words_of
    from gae_arm.arm_sim.tasks.registry import TASKS
    from gae_arm.evaluation.planners import PLANNERS
    from gae_arm.evaluation.suites import Choice

    checks.known('planner', args.planner, PLANNERS)
    if args.episodes < 1:
        raise InvalidValueError(f'--episodes is {args.episodes}, at least 1 is needed')
    return Choice(
        tasks=list(TASKS) if args.task == 'all' else _names('task', args.task, TASKS),
        policies=_names('policy', args.policy, POLICIES),
        arms=_names('arm', args.arm, ARMS),
        episodes=args.episodes,
        seed=checks.integer('--seed', args.seed, 0, 2**31 - 1),
        ranges=words_of('training' if args.training else 'held_out', args.axis),
        weights=args.weights,
        flow_steps=args.steps,
    )


def _names(what: str, words: str, there: Any) -> list[str]:
    return [checks.known(what, word.strip(), there) for word in words.split(',')]


def _run(args: argparse.Namespace, trials: list[Any]) -> list[Any]:
    """Return the results, in order; on the way show how many have succeeded."""
    from gae_arm.evaluation.campaign import run_campaign
    from gae_arm.evaluation.trial import THROUGH_ROS, run_trial

    how, workers = run_trial, args.workers
    if args.through_ros:
        from gae_arm.commands.eval_graph import run_graph_trial

        factor = checks.number('--real-time-factor', args.real_time_factor, 0.01, 20.0)
        trials = [dataclasses.replace(trial, through=THROUGH_ROS) for trial in trials]
        how, workers = partial(run_graph_trial, real_time_factor=factor), 0
    with tqdm(total=len({t.key for t in trials}), unit='trial', smoothing=0.05) as bar:
        done = Counter[bool]()

        def report(result: Any) -> None:
            done[result.outcome.success] += 1
            bar.set_postfix_str(f'{done[True]} succeeded')
            bar.update()

        return run_campaign(trials, workers, args.log, report, how)


def _check_video(args: argparse.Namespace) -> None:
    """Say at once what would be said after the last trial."""
    if args.video is None:
        return
    if args.through_ros or args.suite not in ('tabletop', 'obedience'):
        raise InvalidValueError('--video is of `tabletop` and `obedience`, without --through-ros')
    from gae_arm.evaluation.video import check_video

    _episodes(args)
    check_video(args.video)


def _film(args: argparse.Namespace, results: list[Any], console: Console) -> None:
    """Run the chosen episodes again, and write what the camera sees."""
    if args.video is None:
        return
    from gae_arm.evaluation.caption import RATE
    from gae_arm.evaluation.film import film_trial
    from gae_arm.evaluation.video import open_video

    chosen = _episodes(args)
    video = open_video(args.video, RATE)
    for result in results:
        if result.trial.seed - args.seed in chosen:
            outcome = film_trial(result.trial, video.add)
            how = 'success' if outcome.success else outcome.cause
            console.print(f'filmed {result.trial.task}, seed {result.trial.seed}: {how}')
    video.close()


def _episodes(args: argparse.Namespace) -> set[int]:
    try:
        chosen = {int(word) for word in args.video_episodes.split(',')}
    except ValueError as error:
        raise InvalidValueError(
            f'--video-episodes is {args.video_episodes!r}, not numbers with commas'
        ) from error
    if not chosen <= set(range(args.episodes)):
        raise InvalidValueError(
            f'--video-episodes is {args.video_episodes}; there are: 0 to {args.episodes - 1}'
        )
    return chosen
