"""The action expert: a network that corrects waypoints by what the cloud shows.

Situations are made first, then learned from, in two stages (APPF): trajectories only, then clouds.
Stop it at any time; the same command goes on where it stopped, to the same result. For several
processes or machines: accelerate launch -m gae_arm.commands.main train expert ...

  gae train expert --prepare 50000 --data situations
  gae train expert --stage action --data situations --out runs/action
  gae train expert --stage cloud --data situations --out runs/expert --from runs/action/weights
  gae train expert --dataset recorded --data situations
  gae train expert --data situations --out runs/expert --export models/expert
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gae_arm.commands.trainings import situations
from gae_arm.commands.trainings.loop import add_precision, packages_of_training, train
from gae_arm.core.errors import ConfigError

if TYPE_CHECKING:
    from action_expert.training.run import ExpertRun

BATCHES = {'action': 2048, 'cloud': 256}
"""Situations a step, by stage: without clouds they cost next to nothing."""
DEBUG_SHAPE = {
    'relief_width': 16,
    'width': 16,
    'heads': 2,
    'blocks': 1,
    'point_width': 16,
    'questions': 2,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    data = 'of shards of situations; they are made into the first one'
    add('--data', type=Path, nargs='+', default=[Path('situations')], metavar='FOLDER', help=data)
    add('--out', type=Path, default=Path('runs/expert'), metavar='FOLDER', help='of the run')
    add('--stage', default='cloud', choices=('action', 'cloud'), help='without or with clouds')
    add('--steps', type=int, default=20_000, help='of the whole run')
    add('--minutes', type=float, help='stop after so many, to be resumed later')
    batch = 'situations a step, of all processes together; none: 256, stage action 2048'
    add('--batch', type=int, help=batch)
    add('--rate', type=float, default=1e-3, help='learning rate after warm-up')
    add('--decay-from', type=float, default=0.5, help='share of the run after which it falls')
    add('--seed', type=int, default=0, help='of weights, order and noise')
    add('--from', dest='start', type=Path, metavar='WEIGHTS', help='begin with these weights')
    add_precision(parser)
    add('--debug', action='store_true', help='a tiny network')
    add('--measure', action='store_true', help='only measure, on situations of --data')
    add('--export', type=Path, metavar='FOLDER', help='only write the weights of the run')
    add('--json', type=Path, metavar='F', help='write what was measured to this file')
    situations.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Make situations, train or resume, measure, or export: what was asked for."""
    if situations.are_asked_for(args):
        situations.make(args)
    elif args.measure:
        _measure(args)
    elif args.export is not None:
        _export(args)
    else:
        _train(make_run(args), args)
    return 0


def make_run(args: argparse.Namespace) -> ExpertRun:
    """Return the run of these options; raise MissingDependencyError without torch."""
    with packages_of_training():
        from action_expert.training.run import BatchSettings, ExpertRun, RunSettings
    from action_expert.expert.network import NetworkShape
    from action_expert.expert.weights import Weights

    size = BATCHES[args.stage] if args.batch is None else args.batch
    settings = RunSettings(
        stage=args.stage,
        steps=args.steps,
        learning_rate=args.rate,
        decay_from=args.decay_from,
    )
    return ExpertRun(
        args.out,
        _table(args.data),
        settings,
        BatchSettings(size=size, seed=args.seed),
        NetworkShape(**DEBUG_SHAPE) if args.debug else None,
        Weights.load(args.start) if args.start else None,
        args.precision,
    )


def _table(folders: list[Path]) -> dict[str, Any]:
    from action_expert.training.shards import read_shards

    paths = [path for folder in folders for path in folder.glob('*.safetensors')]
    return read_shards(paths)


def _train(training: ExpertRun, args: argparse.Namespace) -> None:
    from action_expert.training.curve import Curve, plot_curve

    if not training.is_main:
        train(training, lambda losses: None, args.minutes)
        return
    train(training, Curve(training).add, args.minutes)
    plot_curve(training.folder)
    training.weights().save(args.out / 'weights')


def _export(args: argparse.Namespace) -> None:
    with packages_of_training():
        from action_expert.training.run import ExpertRun

    ExpertRun.reopen(args.out, _table(args.data)).weights().save(args.export)


def _measure(args: argparse.Namespace) -> None:
    from action_expert.expert.policy import weights_folder
    from action_expert.expert.weights import Weights
    from action_expert.training.measure import measure

    weights = Weights.load(weights_folder(args.weights))
    found = measure(weights, _table(args.data))
    for name, value in found.items():
        print(f'{name:<28}{value:8.2f}')
    if args.json is not None:
        try:
            args.json.write_text(json.dumps(found, indent=1) + '\n')
        except OSError as error:
            raise ConfigError(f'{args.json} cannot be written: {error}') from error
