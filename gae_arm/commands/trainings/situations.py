"""What the expert learns from is made: stories, its own episodes, recorded ones."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gae_arm.core.errors import ConfigError

if TYPE_CHECKING:
    from action_expert.training.making import Made

SEEDS = 1_000_000
"""Scenes to learn from have seeds from here on; those below are for measuring."""
UNSEEN_PER_PLAN = 16
"""Situations of one plan where clouds, which cost most, are left out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that only make situations."""
    add = parser.add_argument
    add('--prepare', type=int, metavar='SCENES', help='only make situations, into --data')
    add('--task', default='', help='--prepare: names, with commas; all that are not held out')
    add('--no-clouds', action='store_true', help='--prepare: for the stage action alone, faster')
    add(
        '--dataset',
        type=Path,
        metavar='DATASET',
        help='only make situations of recorded episodes, into --data: see gae data',
    )
    add('--dagger', type=int, metavar='EPISODES', help='only make situations of --weights at work')
    add('--weights', default='', metavar='WEIGHTS', help='that act in --dagger; none: the shipped')
    add('--first', type=int, default=SEEDS, metavar='SEED', help='of --prepare and --dagger')
    cores = len(os.sched_getaffinity(0))
    add('--workers', type=int, default=cores, metavar='N', help='processes that make situations')


def are_asked_for(args: argparse.Namespace) -> bool:
    """Return whether the options say to make situations, and nothing else."""
    return any(option is not None for option in (args.prepare, args.dagger, args.dataset))


def make(args: argparse.Namespace) -> None:
    """Make the situations that were asked for, into the first folder of --data."""
    if args.prepare is not None:
        _prepare(args)
    elif args.dagger is not None:
        _dagger(args)
    else:
        _recorded(args)


@dataclass(frozen=True)
class Stories:
    """Makes the situations of a seed in whatever process: a worker has one maker for all."""

    clouds: bool
    tasks: tuple[str, ...] = ()

    def __call__(self, seed: int) -> list[Any]:
        """Return the situations of a scene."""
        return _maker(self.clouds, self.tasks)(seed)


@lru_cache(maxsize=2)
def _maker(clouds: bool, tasks: tuple[str, ...]) -> Any:
    from gae_arm.demonstrations.situations import SituationMaker, SituationSettings

    settings = SituationSettings() if clouds else SituationSettings(per_plan=UNSEEN_PER_PLAN)
    return SituationMaker(settings, tasks=tasks, clouds=clouds)


def _prepare(args: argparse.Namespace) -> None:
    from action_expert.training.making import SIZE, make_shards
    from gae_arm.arm_sim.tasks.registry import find_task

    clouds, seeds = not args.no_clouds, range(args.first, args.first + args.prepare)
    tasks = tuple(find_task(name).name for name in args.task.split(',') if name)
    name = '-'.join([*tasks, 'situations' if clouds else 'unseen'])
    size = max(1, min(SIZE, -(-len(seeds) // max(args.workers, 1))))
    run = partial(_run, workers=args.workers)
    _report(make_shards(args.data[0], Stories(clouds, tasks), seeds, size, name, run))


def _dagger(args: argparse.Namespace) -> None:
    from action_expert.expert.policy import weights_folder
    from action_expert.expert.weights import checksum
    from action_expert.training.making import make_shards
    from gae_arm.demonstrations.relabel import corrected_episode

    # Episodes of other weights are other episodes.
    name = f'corrected-{checksum(weights_folder(args.weights))[:8]}'
    job = partial(corrected_episode, weights=args.weights)
    seeds = range(args.first, args.first + args.dagger)
    run = partial(_run, workers=args.workers)
    _report(make_shards(args.data[0], job, seeds, 1, name, run))


def _run(job: Any, shards: Any, workers: int) -> Any:
    from gae_arm.demonstrations.workers import run_jobs

    return run_jobs(job, shards, workers if workers > 1 and len(shards) > 1 else 0)


def _report(shards: Iterable[Made]) -> None:
    from tqdm import tqdm

    empty = 0
    with tqdm(unit='situation', mininterval=5) as bar:
        for made in shards:
            bar.update(made.situations)
            empty += made.empty
    print(f'{bar.n} new situations; {empty} seeds gave none: no scene, or no way to do the task')


def _recorded(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from gae_arm.demonstrations.dataset import Dataset
    from gae_arm.demonstrations.recorded_situations import write_situations

    dataset = Dataset.open(args.dataset)
    if not dataset.paths:
        raise ConfigError(f'{args.dataset} holds no episode')
    with tqdm(unit='situation', mininterval=5) as bar:
        for count in write_situations(dataset, args.data[0]):
            bar.update(count)
    print(f'{len(dataset.paths)} episodes, {bar.n} new situations in {args.data[0]}')
    for problem in dataset.problems:
        print(f'left out: {problem}')
