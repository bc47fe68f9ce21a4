"""The bundled planner: a small vision-language model, trained from nothing on made pictures.

No data set is read or written: pictures of random tables are drawn as they are needed. Stop it at
any time; the same command goes on from the last checkpoint, to the same result.
"""

from __future__ import annotations

import argparse
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gae_arm.core.errors import ConfigError, MissingDependencyError

if TYPE_CHECKING:
    from vla_planner.training.run import Lessons, PlannerRun


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument('--out', type=Path, required=True, metavar='FOLDER', help='of the run')
    parser.add_argument('--pictures', type=int, default=500_000, help='to see in all')
    parser.add_argument('--minutes', type=float, help='stop after so many, to be resumed later')
    parser.add_argument('--batch', type=int, default=8, help='pictures a step')
    parser.add_argument('--seed', type=int, default=0, help='of weights and pictures')
    parser.add_argument(
        '--from',
        dest='warm',
        type=Path,
        metavar='FOLDER',
        help='begin with the weights of another run; its words may differ',
    )
    parser.add_argument('--export', type=Path, metavar='FOLDER', help='only write the model there')
    parser.add_argument('--debug', action='store_true', help='a tiny model on tiny pictures')
    parser.add_argument('--evaluate-every', type=int, default=2000, metavar='STEPS')
    parser.add_argument('--evaluate', type=int, metavar='N', help='only measure, on N pictures')


def run(args: argparse.Namespace) -> int:
    """Train or resume; or only measure."""
    training = make_run(args)
    if args.export is not None:
        training.export(args.export)
        return 0
    if args.evaluate is not None:
        report(training, args.evaluate)
        return 0
    stop = _StopRequest()
    until = time.monotonic() + 60 * args.minutes if args.minutes else float('inf')
    _train(training, args, lambda _: stop.asked or time.monotonic() > until)
    return 0


def make_run(args: argparse.Namespace) -> PlannerRun:
    """Return the run of these options; raise MissingDependencyError without torch."""
    try:
        from vla_planner.training.model import DEBUG, PlannerShape
        from vla_planner.training.run import PlannerRun, RunSettings
    except ImportError as error:
        raise MissingDependencyError(
            f'training needs torch, transformers and accelerate ({error}); install them with: '
            'pip install -r requirements/train.txt'
        ) from error
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f'{args.out} cannot be made: {error}') from error
    shape = DEBUG if args.debug else PlannerShape()
    settings = RunSettings(args.pictures, args.batch, seed=args.seed)
    taught = lessons(shape.width, shape.height)
    return PlannerRun(args.out, shape, settings, taught, args.warm)


def lessons(width: int, height: int) -> Lessons:
    """Return lessons of width x height pixels from the training ranges."""
    from gae_arm.arm_sim.objects.catalogue import KINDS
    from gae_arm.arm_sim.scene import COLORS
    from gae_arm.grounding.lessons import LessonMaker
    from gae_arm.grounding.speech import vocabulary
    from vla_planner.training.run import Lessons

    maker = LessonMaker(width, height)
    return Lessons(maker, tuple(KINDS), tuple(COLORS), tuple(vocabulary()))


class _StopRequest:
    """Remembers SIGINT and SIGTERM, so that a step ends before the run does."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, *_: Any) -> None:
        self.asked = True


def _train(training: PlannerRun, args: argparse.Namespace, until: Any) -> None:
    from tqdm import tqdm

    from vla_planner.training.run import Curve

    curve = Curve(training)
    settings = training.settings
    with tqdm(total=settings.steps, initial=training.step, mininterval=10) as bar:
        for losses in training.train(until):
            bar.update()
            means = curve.add(losses)
            if means:
                bar.set_postfix({name: f'{value:.3f}' for name, value in means.items()})
            if training.step % args.evaluate_every == 0:
                report(training, 60)
        training.save()


def report(training: PlannerRun, count: int) -> None:
    """Print how good the planner is on held-out lessons of the training ranges."""
    from functools import partial

    from vla_planner.training.evaluate import generate, score_planner

    model = training.model.eval()
    answer = partial(generate, model, training.shape, training.vocabulary)
    score = score_planner(answer, (training.lessons.make(seed) for seed in range(count)))
    model.train()
    print(f'\nstep {training.step}, {count} pictures', flush=True)
    for row in score.rows():
        print(
            f'  {row["metric"]:<40} {row["value"]:8.4f}  [{row["low"]:.4f}, {row["high"]:.4f}]'
            f'  n={row["n"]}',
            flush=True,
        )
