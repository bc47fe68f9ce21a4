"""`gae train planner --base MODEL --lora`: a model of your own, tuned on demonstrations.

Stop it at any time; the same command goes on from the last checkpoint, to the same result.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gae_arm.commands.trainings.loop import make_folder, packages_of_training, train
from gae_arm.core import geometry
from gae_arm.core.errors import ConfigError
from gae_arm.demonstrations.dataset import Dataset
from gae_arm.demonstrations.episode import Episode
from gae_arm.demonstrations.keyframes import plan_of

if TYPE_CHECKING:
    from vla_planner.training.tune import Sample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of tuning."""
    group = parser.add_argument_group('tuning of another model, on demonstrations')
    add = group.add_argument
    add('--base', metavar='MODEL', help='folder or hub name of the model that is tuned')
    add('--lora', action='store_true', help='through a LoRA adapter: the only way so far')
    add('--data', metavar='FOLDER', help='demonstrations of `gae data`, made or imported')
    add('--steps', type=int, default=1000, help='of the optimiser')
    add('--rank', type=int, default=16, help='of the adapter')
    add('--rate', type=float, default=1e-4, help='learning rate')


def run(args: argparse.Namespace) -> int:
    """Tune or resume; at the end write adapter and profile to --out."""
    if not args.lora or args.data is None:
        raise ConfigError('--base needs --lora and --data FOLDER')
    with packages_of_training():
        from vla_planner.training.tune import TuneRun, TuneSettings
    from vla_planner.profile import find_profile
    from vla_planner.prompts import load_prompts

    profile, folder = find_profile(args.base)
    if profile.format != 'ours':
        raise ConfigError(f'{args.base} answers in {profile.format!r}; tuned models answer in ours')
    found = list(samples(args.data))
    print(f'{len(found)} samples from {args.data}')
    settings = TuneSettings(args.steps, args.batch, args.rate, args.rank, args.seed)
    prompts = load_prompts(profile, folder)
    make_folder(args.out)
    training = TuneRun(args.out, profile, prompts, found, settings)
    train(training, training.curve(), args.minutes)
    if training.step < training.steps:
        print(f'{training.step} of {training.steps} steps; the same command goes on from there')
        return 0
    training.export()
    print(f'gae plan ... --model {args.out}')
    return 0


def samples(folder: str) -> Iterator[Sample]:
    """Yield what the demonstrations of a folder teach; those without a view of their plan, nothing.

    Each is the first image of its first camera with colour, intrinsics and pose; the answer is the
    keyframes of the demonstration, seen from there.
    """
    from pathlib import Path

    data = Dataset.open(Path(folder))
    for number in data.paths:
        sample = sample_of(data.stored(number).load())
        if sample is not None:
            yield sample


def sample_of(episode: Episode) -> Sample | None:
    """Return what one demonstration teaches, None if nothing."""
    from vla_planner.formats.written import written
    from vla_planner.training.tune import Sample

    if episode.success is False or not episode.instruction or not len(episode.keyframes):
        return None
    for camera in episode.cameras:
        if camera.color is None or camera.intrinsics is None or camera.T_base_camera is None:
            continue
        T_camera_base = geometry.invert(camera.T_base_camera[0])
        answer = written(plan_of(episode, T_camera_base, camera.frame_id), camera.intrinsics)
        if answer is not None:
            return Sample(camera.color[0], episode.instruction, answer)
    return None
