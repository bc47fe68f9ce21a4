"""How often each policy succeeds at the tasks of the simulator, judged by the physics.

Scenes are drawn from the held-out ranges of every axis unless --training is given. Every trial is
determined by its options: the same command gives the same table. With --log it can be interrupted
and goes on where it was.

  gae eval tabletop --policy ik,spline,servo --waypoint-noise 0.02 --episodes 12
  gae eval tabletop --task pick_up --episodes 20 --through-ros
  gae eval tabletop --task stack_two --axis obstacles.count=0 --video stack.mp4
  gae eval robustness --policy ik,spline,servo --episodes 10 --plot curves.png
  gae eval obedience --policy spline,servo
  gae eval tabletop --planner my_model.yaml
  gae eval planner --model runs/tuned
  gae eval axes

`gae eval SUITE --help` says more about each.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from rich.console import Console
from tqdm import tqdm

from gae_arm.commands import eval_options
from gae_arm.commands.eval_options import ARMS
from gae_arm.commands.results import machine, write_results
from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

Rows = list[dict[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the suites, each with its own options."""
    suites = parser.add_subparsers(dest='suite', metavar='SUITE', required=True, title='suites')
    for name, suite in SUITES.items():
        one = suites.add_parser(name, help=suite.about, description=suite.about)
        suite.add_options(one)


def run(args: argparse.Namespace) -> int:
    """Run the suite; print the table, write what was asked for."""
    _check_video(args)
    console = Console()
    console.print(machine(), style='dim')
    rows = SUITES[args.suite].run(args, console)
    if 'json' in args and args.json is not None:
        write_results(args.json, rows, args.seed)
    return 0


def _tabletop(args: argparse.Namespace, console: Console) -> Rows:
    from gae_arm.demonstrations.oracle import PlanNoise
    from gae_arm.demonstrations.rollout import RolloutSettings
    from gae_arm.evaluation import tables
    from gae_arm.evaluation.planners import known_planner

    trials = _choice(args).trials(
        planner=known_planner(args.planner),
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


@dataclass(frozen=True)
class Suite:
    """about: in words. add_options: declares what can be chosen. run: prints, and returns rows."""

    about: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Console], Rows]


SUITES = {
    'tabletop': Suite('success per task and policy', eval_options.tabletop, _tabletop),
    'robustness': Suite(
        'success against noise, losses, delay and moved objects',
        eval_options.robustness,
        _robustness,
    ),
    'obedience': Suite(
        'whether the arm goes where the plan says', eval_options.obedience, _obedience
    ),
    'planner': Suite(
        "a planner's answers on new pictures, against the truth", eval_options.planner, _planner
    ),
    'axes': Suite(
        'in what scenes differ, and the two ranges of each; runs nothing', eval_options.axes, _axes
    ),
}


def _choice(args: argparse.Namespace) -> Any:
    from action_expert.policies import POLICIES
    from gae_arm.arm_sim.tasks.range_words import words_of
    from gae_arm.arm_sim.tasks.registry import TASKS
    from gae_arm.evaluation.suites import Choice

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
    if 'video' not in args or args.video is None:
        return
    if args.through_ros:
        raise InvalidValueError('--video is of trials in this process, without --through-ros')
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
