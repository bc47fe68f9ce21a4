"""Does it help to learn motion first (APPF)? Against clouds from scratch, by numbers of clouds.

Both see the same situations and take the same time: steps of both stages are timed first, and what
the first stage costs, in steps without clouds, scratch has more of with clouds. With --episodes the
weights of both act, too: on held-out scenes, with plans that are off by 2 cm and 10 degrees.
`--plot` draws the errors; hours at the default sizes.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gae_arm.commands.benches.measure import Row, summary
from gae_arm.commands.trainings.loop import packages_of_training
from gae_arm.core.errors import InvalidValueError

if TYPE_CHECKING:
    from action_expert.expert.weights import Weights
    from action_expert.training.run import ExpertRun
    from action_expert.training.shards import Table

METRIC = 'near expert mm p50'
WAYS = ('APPF', 'scratch')
ACTION_SHARE = 0.35
"""Of the time, for stage 1."""
TIMED = 20
"""Steps of each stage that are timed, after a few that warm up."""
NOISE = (0.02, 10.0)
"""m and degrees: errors of the plans in --episodes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    data = 'shards of `gae train expert`'
    add('--data', type=Path, nargs='+', default=[Path('situations')], metavar='FOLDER', help=data)
    add('--clouds', default='1000,10000,100000,0', help='numbers, with commas; 0: all there are')
    add('--seeds', type=int, default=3, help='of weights and order')
    add('--steps', type=int, default=4000, help='of training from scratch; APPF takes as long')
    add('--batch', type=int, default=64, help='situations a step')
    add('--held', type=int, default=2000, help='situations that are only measured on')
    add('--seed', type=int, default=0, help='the first one')
    episodes = 'held-out scenes of each task in which the weights act; 0: none'
    add('--episodes', type=int, default=0, metavar='N', help=episodes)
    cores = len(os.sched_getaffinity(0))
    add('--workers', type=int, default=cores, metavar='W', help='processes of --episodes')
    add('--json', type=Path, metavar='F', help='write the rows to this file')
    add('--plot', type=Path, metavar='F', help='draw the errors')


def run(args: argparse.Namespace) -> int:
    """Train both ways, print and write what came out."""
    from gae_arm.commands.results import write_results

    found = []
    for row in rows(args):
        print(f'{row.name}: {row.p50:.2f} {row.unit}; {row.peer}: {row.peer_p50:.2f}', flush=True)
        found.append(row.as_dict())
    if args.json is not None:
        write_results(args.json, found, args.seed)
    return 0


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield, for each number of clouds, how good both ways to learn are; peer: from scratch."""
    with packages_of_training():
        from action_expert.training.measure import measure
    learned, held = _tables(args)
    costs = {stage: _seconds_a_step(learned, args, stage) for stage in ('action', 'cloud')}
    print('; '.join(f'stage {stage}: {1e3 * s:.1f} ms a step' for stage, s in costs.items()))
    errors: dict[int, dict[str, list[float]]] = {}
    there = len(learned['state'])
    for count in sorted({min(int(n) or there, there) for n in args.clouds.split(',')}):
        some = {key: value[:count] for key, value in learned.items()}
        found: dict[str, list[Learned]] = {way: [] for way in WAYS}
        for seed in range(args.seed, args.seed + args.seeds):
            for way in WAYS:
                found[way].append(_learned(some, learned, args, seed, _steps(way, args, costs)))
        errors[count] = {
            way: [measure(one.weights, held)[METRIC] for one in found[way]] for way in WAYS
        }
        yield _row(f'{METRIC}, {count} clouds', 'mm', errors[count])
        seconds = {way: [one.seconds for one in found[way]] for way in WAYS}
        yield _row(f'training, {count} clouds', 's', seconds)
        if args.episodes:
            rates = {way: [_success(one.weights, args) for one in found[way]] for way in WAYS}
            yield _row(f'success, {count} clouds', 'of 1', rates)
    if args.plot is not None:
        _draw(errors, args.plot)


@dataclass(frozen=True)
class Learned:
    """Weights, and the seconds that they took."""

    weights: Weights
    seconds: float


def _tables(args: argparse.Namespace) -> tuple[Table, Table]:
    """Return what is learned from, and what is only measured on."""
    from action_expert.training.shards import read_shards

    table = read_shards(path for folder in args.data for path in folder.glob('*.safetensors'))
    there = len(table['state']) - args.held
    if there < 1:
        raise InvalidValueError(f'--data has {there + args.held} situations, --held {args.held}')
    learned = {key: value[:there] for key, value in table.items()}
    return learned, {key: value[there:] for key, value in table.items()}


def _row(name: str, unit: str, values: dict[str, list[float]]) -> Row:
    row = summary(f'{name}, APPF', unit, values['APPF'])
    return Row(
        **{**row.__dict__, 'peer': 'scratch', 'peer_p50': float(np.median(values['scratch']))}
    )


def _steps(way: str, args: argparse.Namespace, costs: dict[str, float]) -> dict[str, int]:
    """Return the steps of each stage that take as long, both ways, as scratch's."""
    if way == 'scratch':
        return {'cloud': args.steps}
    seconds = args.steps * costs['cloud']
    shares = {'action': ACTION_SHARE, 'cloud': 1 - ACTION_SHARE}
    return {stage: max(1, round(share * seconds / costs[stage])) for stage, share in shares.items()}


def _learned(
    some: Table, all_: Table, args: argparse.Namespace, seed: int, steps: dict[str, int]
) -> Learned:
    """Return what is learned stage by stage. Trajectories without clouds are not scarce."""
    weights, seconds = None, 0.0
    for stage, count in steps.items():
        table = all_ if stage == 'action' else some
        with tempfile.TemporaryDirectory() as folder:
            run = _make_run(Path(folder), table, args, seed, stage, count, weights)
            began = _clock()
            for _ in run.train():
                pass
            seconds += _clock() - began
            weights = run.weights()
    assert weights is not None
    return Learned(weights, seconds)


def _make_run(
    folder: Path,
    table: Table,
    args: argparse.Namespace,
    seed: int,
    stage: str,
    steps: int,
    start: Weights | None = None,
) -> ExpertRun:
    from action_expert.training.batches import BatchSettings
    from action_expert.training.run import ExpertRun, RunSettings

    settings = RunSettings(stage=stage, steps=steps, save_every=10**9)
    return ExpertRun(
        folder, table, settings, BatchSettings(size=args.batch, seed=seed), start=start
    )


def _seconds_a_step(table: Table, args: argparse.Namespace, stage: str) -> float:
    """Return what a step of a stage takes."""
    warm = max(1, TIMED // 5)
    with tempfile.TemporaryDirectory() as folder:
        steps = _make_run(Path(folder), table, args, args.seed, stage, warm + TIMED).train()
        for _ in itertools.islice(steps, warm):
            pass
        began = _clock()
        for _ in steps:
            pass
        return (_clock() - began) / TIMED


def _clock() -> float:
    """Return seconds of this process's cores, which others do not lengthen; with a GPU, of time."""
    import torch

    if not torch.cuda.is_available():
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def _success(weights: Weights, args: argparse.Namespace) -> float:
    """Return how often the policy succeeds with these weights."""
    from gae_arm.arm_sim.tasks.registry import TASKS
    from gae_arm.demonstrations.oracle import PlanNoise
    from gae_arm.evaluation.campaign import run_campaign
    from gae_arm.evaluation.suites import Choice
    from gae_arm.evaluation.tables import row

    with tempfile.TemporaryDirectory() as folder:
        weights.save(Path(folder))
        choice = Choice(list(TASKS), ['expert'], ['panda'], args.episodes, 0, weights=folder)
        noise = PlanNoise(NOISE[0], float(np.radians(NOISE[1])))
        results = run_campaign(choice.trials(noise=noise), args.workers)
    return float(row(results, 'all', 'all')['rate'])


def _draw(errors: dict[int, dict[str, list[float]]], path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout='constrained')
    for name in ('APPF', 'scratch'):
        values = np.array([found[name] for found in errors.values()])
        axes.plot(list(errors), np.median(values, axis=1), marker='o', label=name)
        axes.fill_between(list(errors), values.min(axis=1), values.max(axis=1), alpha=0.2)
    axes.set(xlabel='situations with clouds', ylabel=f'{METRIC}, held out', xscale='log')
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)
