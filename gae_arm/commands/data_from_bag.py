"""Make episodes for training of recordings, such as a teleoperated arm's.

  gae data from-bag BAG BAG --out DATASET
  gae data from-bag BAG --out DATASET --split bag --instruction "put the cube away"

Bags that are in the data set already are passed over (docs/record_replay.md).
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

from gae_arm.commands.begun_dataset import begun_dataset
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import ConfigError, GaeError
from gae_arm.core.paths import arm_file
from gae_arm.demonstrations.dataset import Dataset, Failure
from gae_arm.demonstrations.episode import Episode
from gae_arm.recording.bag_episode_settings import BagEpisodeSettings
from gae_arm.recording.bag_reader import open_bag
from gae_arm.recording.bag_topics import parse_remaps
from gae_arm.recording.settings_of import node_parameters

VOXEL = 0.006


def add_from_bag(parser: argparse.ArgumentParser) -> None:
    """Declare the bags, the data set, and how demonstrations are cut out."""
    parser.description = __doc__
    parser.add_argument('bags', type=Path, nargs='+', metavar='BAG', help='folder, .mcap or .db3')
    parser.add_argument(
        '--out', type=Path, required=True, metavar='DATASET', help='a new one, or added to'
    )
    parser.add_argument('--arm', help='a name in config/arms, or a file (as recorded, else panda)')
    parser.add_argument('--remap', nargs='+', default=(), metavar='FROM:=TO', help='topic names')
    parser.add_argument(
        '--voxel', type=float, default=VOXEL, metavar='M', help='one point per cube of clouds, m'
    )
    parser.add_argument(
        '--slop', type=float, default=0.0, metavar='S', help='between images of one time, s'
    )
    for field in dataclasses.fields(BagEpisodeSettings):
        name, text = field.name.replace('_', '-'), field.metadata['description']
        if isinstance(field.default, bool):
            no = f'do not {text}'
            parser.add_argument(f'--no-{name}', dest=field.name, action='store_false', help=no)
        else:
            kind, choices = type(field.default), field.metadata['choices'] or None
            parser.add_argument(
                f'--{name}', type=kind, default=field.default, choices=choices, help=text
            )
    parser.set_defaults(act=from_bag)


def from_bag(args: argparse.Namespace) -> int:
    """Add the episodes of each bag that is not in the data set yet; return 0 if there are some."""
    names = [field.name for field in dataclasses.fields(BagEpisodeSettings)]
    settings = BagEpisodeSettings(**{name: getattr(args, name) for name in names})
    recipe = {'import': 'bag', 'voxel': args.voxel, **dataclasses.asdict(settings)}
    with begun_dataset(args.out, recipe) as dataset:
        made = _add_bags(dataset, settings, args)
        print(f'{made} episodes made, {len(dataset)} in {args.out}')
        if not len(dataset):
            raise ConfigError('no bag gave an episode')
    return 0


def _add_bags(dataset: Dataset, settings: BagEpisodeSettings, args: argparse.Namespace) -> int:
    """Add what the bags give; return how many episodes. What is wrong with a bag is printed."""
    known = {dataset.stored(number).words['source'] for number in dataset.paths}
    made = 0
    for path in args.bags:
        if f'bag {path.name}' in known:
            print(f'{path.name}: in the data set already')
            continue
        try:
            made += _add(dataset, path, settings, args)
        except GaeError as error:
            print(f'{path.name}: {error}', file=sys.stderr)
    dataset.write_meta()
    return made


def _add(
    dataset: Dataset, path: Path, settings: BagEpisodeSettings, args: argparse.Namespace
) -> int:
    """Add the episodes of one bag; return how many. Failures and notes are printed."""
    made = 0
    for outcome in _outcomes(path, settings, args):
        if isinstance(outcome, Failure):
            print(f'{path.name}: left out: {outcome.message}', file=sys.stderr)
            continue
        number = max(dataset.paths, default=-1) + 1
        dataset.add(number, outcome)
        made += 1
        clouds = 0 if outcome.clouds is None else len(outcome.clouds.stamps_ns)
        print(
            f'{path.name}: episode {number}, {outcome.instruction!r}: {outcome.steps} steps in '
            f'{outcome.seconds:.1f} s, {clouds} clouds, keyframes at {outcome.keyframes.tolist()}'
        )
        for note in outcome.notes:
            print(f'    {note}')
    return made


def _outcomes(
    path: Path, settings: BagEpisodeSettings, args: argparse.Namespace
) -> Iterator[Episode | Failure]:
    """Yield what comes of one bag; what is wrong with it is printed at the end."""
    from gae_arm.commands.replay_diff import cloud_maker
    from gae_arm.recording.bag_episodes import SIGHTS, WORDS, episodes_of
    from gae_arm.recording.rerun.memory import BagMemory
    from gae_arm.recording.said import DecodedBag
    from gae_arm.ros.bag_decoding import decode

    bag = open_bag(path)
    remaps = parse_remaps(args.remap)
    words, sights = (DecodedBag(bag, decode, wanted, remaps) for wanted in (WORDS, SIGHTS))
    parameters = node_parameters(bag.parameters, 'point_cloud')
    arm = load_arm(arm_file(args.arm or parameters.get('arm', 'panda')))
    maker = cloud_maker(arm, {**parameters, 'voxel_size': args.voxel})
    memory = BagMemory(round(float(parameters.get('slop', args.slop)) * 1e9))
    yield from episodes_of(words, sights, arm, maker, memory, settings)
    for problem in dict.fromkeys([*words.problems(), *sights.problems()]):
        print(f'{path.name}: {problem}', file=sys.stderr)
