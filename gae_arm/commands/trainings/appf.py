"""Does it help to learn motion first (APPF)? Against clouds from scratch, by numbers of clouds.

Both see the same situations and take the same time: what the first stage costs, in steps without
clouds, scratch has more of with clouds. `--plot` draws the errors; hours at the default sizes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gae_arm.commands.benches.measure import Row, summary
from gae_arm.core.errors import InvalidValueError

if TYPE_CHECKING:
    from action_expert.expert.weights import Weights
    from action_expert.training.shards import Table

METRIC = 'near expert mm p50'
ACTION_SHARE = 0.35
"""Of the steps, for stage 1 ..."""
CHEAPER = 2.0
"""... which takes so much less time without clouds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add('--data', type=Path, default=Path('situations'), help='shards of `gae train expert`')
    add('--clouds', default='1000,10000,100000,0', help='numbers, with commas; 0: all there are')
    add('--seeds', type=int, default=3, help='of weights and order')
    add('--steps', type=int, default=4000, help='of training from scratch')
    add('--batch', type=int, default=64, help='situations a step')
    add('--held', type=int, default=2000, help='situations that are only measured on')
    add('--seed', type=int, default=0, help='the first one')
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
    """Yield, for each number of clouds, the error of both ways to learn; peer: from scratch."""
    from action_expert.training.measure import measure
    from action_expert.training.shards import read_shards

    table = read_shards(args.data.glob('*.safetensors'))
    there = len(table['state']) - args.held
    if there < 1:
        raise InvalidValueError(
            f'{args.data} has {there + args.held} situations, --held {args.held}'
        )
    held = {key: value[there:] for key, value in table.items()}
    learned = {key: value[:there] for key, value in table.items()}
    errors: dict[int, dict[str, list[float]]] = {}
    for count in sorted({min(int(n) or there, there) for n in args.clouds.split(',')}):
        some = {key: value[:count] for key, value in learned.items()}
        errors[count] = {'APPF': [], 'scratch': []}
        for seed in range(args.seed, args.seed + args.seeds):
            for name, found in errors[count].items():
                weights = _learned(some, learned, args, seed, name)
                found.append(measure(weights, held)[METRIC])
        one, other = (errors[count][name] for name in ('APPF', 'scratch'))
        row = summary(f'{METRIC}, {count} clouds, APPF', 'mm', one)
        yield Row(**{**row.__dict__, 'peer': 'scratch', 'peer_p50': float(np.median(other))})
    if args.plot is not None:
        _draw(errors, args.plot)


def _learned(some: Table, all_: Table, args: argparse.Namespace, seed: int, name: str) -> Weights:
    """Return weights after as much time, both ways. Trajectories without clouds are not scarce."""
    if name == 'scratch':
        return _train(some, args, seed, 'cloud', args.steps, None)
    first = _train(all_, args, seed, 'action', round(args.steps * ACTION_SHARE * CHEAPER), None)
    return _train(some, args, seed, 'cloud', round(args.steps * (1 - ACTION_SHARE)), first)


def _train(
    table: Table, args: argparse.Namespace, seed: int, stage: str, steps: int, start: Any
) -> Weights:
    from action_expert.training.batches import BatchSettings
    from action_expert.training.run import ExpertRun, RunSettings

    batch = BatchSettings(size=args.batch, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        settings = RunSettings(stage=stage, steps=steps, save_every=10**9)
        run = ExpertRun(Path(folder), table, settings, batch, start=start)
        for _ in run.train():
            pass
        return run.weights()


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
