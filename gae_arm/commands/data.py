"""Make demonstrations, look at them, check them, and exchange them with other projects' formats.

  gae data make DATASET --task all --episodes 200 --workers 4
  gae data show DATASET --episode 3 --out picture.png
  gae data check DATASET
  gae data import lerobot FOLDER DATASET --arm panda
  gae data import hdf5 FILE DATASET
  gae data from-bag BAG --out DATASET
  gae data export DATASET FOLDER

A DATASET is a folder of episodes in our own format (docs/data.md).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from rich.console import Console

from gae_arm.commands import data_make
from gae_arm.commands.begun_dataset import begun_dataset
from gae_arm.commands.data_from_bag import add_from_bag
from gae_arm.commands.progress_bar import progress_bar
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import ConfigError
from gae_arm.core.paths import arm_file
from gae_arm.demonstrations.dataset import Dataset
from gae_arm.demonstrations.episode import Episode

SAID_BY_HAND = ('joints', 'gripper', 'ee', 'action_gripper', 'action_ee')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-verbs and their options."""
    verbs = parser.add_subparsers(dest='verb', metavar='VERB', required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text)

    data_make.add_arguments(add('make', 'let the demonstrator carry tasks out, and record it'))
    show = add('show', 'draw an episode: frames, cloud, waypoints')
    show.add_argument('dataset', type=Path)
    show.add_argument('--episode', type=int, help='its number; the first one by default')
    show.add_argument('--out', type=Path, metavar='F', help='write a picture: .png or .jpg')
    show.set_defaults(act=_show)
    check = add('check', 'read every byte; say what is there and what is corrupt')
    check.add_argument('dataset', type=Path)
    check.set_defaults(act=_check)
    _add_import(add('import', 'make a data set of a recording of another format'))
    add_from_bag(add('from-bag', 'make episodes of recordings of an arm'))
    export = add('export', 'write a data set as LeRobotDataset v3')
    export.add_argument('dataset', type=Path)
    export.add_argument('folder', type=Path)
    export.add_argument(
        '--images', action='store_true', help='colour as single images, without loss, not as video'
    )
    export.set_defaults(act=_export)


def run(args: argparse.Namespace) -> int:
    """Run the sub-verb."""
    result: int = args.act(args)
    return result


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('format', choices=('lerobot', 'hdf5'), help='hdf5: robomimic and LIBERO')
    parser.add_argument('source', type=Path, help='a LeRobotDataset v3 folder; an HDF5 file')
    parser.add_argument('dataset', type=Path)
    parser.add_argument('--arm', help='a name in config/arms, or a YAML file (hdf5: panda)')
    group = parser.add_argument_group(
        'columns of a LeRobot data set that gae did not write',
        "as KEY or KEY[first:behind], such as 'observation.state[0:7]'",
    )
    group.add_argument('--joints', help='joint positions, rad')
    group.add_argument('--gripper', help='opening of the gripper')
    group.add_argument(
        '--gripper-range', type=float, nargs=2, metavar=('CLOSED', 'OPEN'), default=(0.0, 1.0)
    )
    group.add_argument('--ee', help='x y z qx qy qz qw of the end effector in the base frame')
    group.add_argument('--action-gripper', help='commanded opening')
    group.add_argument('--action-ee', help='commanded pose')
    parser.set_defaults(act=_import)


def _show(args: argparse.Namespace) -> int:
    dataset = Dataset.open(args.dataset)
    if not len(dataset):
        raise ConfigError(f'{args.dataset} holds no episode')
    number = next(iter(dataset.paths)) if args.episode is None else args.episode
    stored = dataset.stored(number)
    episode = stored.load()
    facts = [f'episode {number}, {stored.path.stat().st_size:,} bytes', *episode_facts(episode)]
    print('\n'.join([*facts, *(f'note: {note}' for note in episode.notes)]))
    if args.out is not None:
        from gae_arm.demonstrations.picture import draw_episode

        try:
            draw_episode(episode, facts).save(args.out)
        except (OSError, ValueError) as error:
            raise ConfigError(f'{args.out} cannot be written: {error}') from error
    return 0


def episode_facts(episode: Episode) -> list[str]:
    """Return what a person wants to know of an episode, in lines."""
    success = {None: 'unknown', True: 'yes', False: 'no'}[episode.success]
    rate = (episode.steps - 1) / episode.seconds
    facts = [
        f'{episode.task}: {episode.instruction!r}',
        f'arm {episode.arm}, seed {episode.seed}, success: {success}, source: {episode.source}',
        f'{episode.steps} steps in {episode.seconds:.2f} s ({rate:.1f} Hz), '
        f'keyframes at {episode.keyframes.tolist()}',
    ]
    if episode.plans is not None:
        counts, missed = np.diff(episode.plans.starts).tolist(), episode.plans.mistaken
        facts.append(
            f'plans of {counts} waypoints, from steps {episode.plans.steps.tolist()}'
            + (f', {missed.sum()} of them missed on purpose' if missed.any() else '')
        )
    if episode.clouds is not None:
        count = np.diff(episode.clouds.starts)
        facts.append(f'{len(count)} clouds of {count.min():,} to {count.max():,} points')
    for camera in episode.cameras:
        kinds = [kind for kind in ('color', 'depth') if getattr(camera, kind) is not None]
        lacks = [key for key in ('intrinsics', 'T_base_camera') if getattr(camera, key) is None]
        lack = f', without {" and ".join(lacks)}' if lacks else ''
        height, width = camera.size
        facts.append(
            f'camera {camera.name!r}: {len(camera.stamps_ns)} frames {width}x{height}, '
            f'{" and ".join(kinds)}{lack}'
        )
    return facts


def _check(args: argparse.Namespace) -> int:
    dataset = Dataset.open(args.dataset)
    steps = clouds = size = good = 0
    with progress_bar(Console(stderr=True)) as bar:
        for stored in bar.track(dataset.verified(), total=len(dataset), description='reading'):
            episode = stored.load()
            good, steps, size = good + 1, steps + episode.steps, size + stored.path.stat().st_size
            clouds += 0 if episode.clouds is None else len(episode.clouds.stamps_ns)
    causes = ', '.join(sorted({failure.cause for failure in dataset.failures().values()}))
    print(f'{good} whole episodes, {steps:,} steps, {clouds:,} clouds, {size:,} bytes')
    if good:
        print(f'{size / good:,.0f} bytes an episode, {size / steps:,.0f} a step')
    print(f'{len(dataset.failures())} attempts failed{f": {causes}" if causes else ""}')
    for problem in dataset.problems:
        print(problem, file=sys.stderr)
    return 1 if dataset.problems else 0


def _import(args: argparse.Namespace) -> int:
    arm = None if args.arm is None else load_arm(arm_file(args.arm))
    episodes: Iterable[Episode]
    if args.format == 'lerobot':
        from gae_arm.demonstrations.lerobot_import import LerobotColumns, read_lerobot

        said = {key: getattr(args, key) for key in SAID_BY_HAND}
        columns = LerobotColumns(**said, gripper_range=tuple(args.gripper_range))
        episodes = read_lerobot(args.source, arm, columns)
    else:
        from gae_arm.demonstrations.hdf5_import import read_hdf5

        episodes = read_hdf5(args.source, arm or load_arm(arm_file('panda')))
    recipe = {'import': args.format, 'source': args.source.name}
    notes: dict[str, None] = {}
    with begun_dataset(args.dataset, recipe) as dataset:
        for number, episode in enumerate(episodes):
            if number not in dataset.paths:
                dataset.add(number, episode)
            notes |= dict.fromkeys(episode.notes)
        dataset.write_meta()
    print('\n'.join([f'{len(dataset)} episodes in {args.dataset}', *notes]))
    return 0


def _export(args: argparse.Namespace) -> int:
    from gae_arm.demonstrations.lerobot_export import write_lerobot

    dataset = Dataset.open(args.dataset)
    with progress_bar(Console(stderr=True)) as bar:
        stored = bar.track(dataset.verified(), total=len(dataset), description='writing')
        count = write_lerobot((one.load() for one in stored), args.folder, video=not args.images)
    for problem in dataset.problems:
        print(problem, file=sys.stderr)
    print(f'{count} episodes in {args.folder}')
    return 0
