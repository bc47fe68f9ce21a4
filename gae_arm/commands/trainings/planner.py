"""The bundled planner: a small vision-language model, trained from nothing on made pictures.

No data set is read or written: pictures of random tables are drawn as they are needed. Stop it at
any time; the same command goes on from the last checkpoint, to the same result.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gae_arm.commands.trainings import tuning
from gae_arm.commands.trainings.loop import add_precision, make_folder, packages_of_training, train

if TYPE_CHECKING:
    from vla_planner.training.run import Lessons, PlannerRun

RANGES = {
    'training': 'new pictures of what is trained on: tasks, also half done, and crowded tables',
    'tasks': "new scenes of the tasks in their training ranges; and an order for what isn't there",
    'elsewhere': 'as tasks, with held-out cameras, textures, light and sentences',
    'held-out': 'the tasks with all held out at once; words and kinds of objects are taught',
    'fresh': 'as held-out, but usual nouns in sentences that nobody looked at: see `FRESH`',
    'begun': 'as held-out, of tasks that are half done or done: what comes next, or nothing',
}
ELSEWHERE = ('camera_pose', 'camera_intrinsics', 'texture', 'table_texture', 'light', 'wording')
"""Axes that are held out where only the surroundings and sentences are."""
QUICK = 60
"""Pictures of each range that are measured while training."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add('--out', type=Path, required=True, metavar='FOLDER', help='of the run')
    add('--pictures', type=int, default=300_000, help='to see in all')
    add('--minutes', type=float, help='stop after so many, to be resumed later')
    add('--batch', type=int, default=16, help='pictures a step')
    add('--seed', type=int, default=0, help='of weights and pictures')
    add_precision(parser)
    add('--debug', action='store_true', help='a tiny model on tiny pictures')
    add(
        '--from',
        dest='warm',
        type=Path,
        metavar='FOLDER',
        help='begin with the weights of another run or exported model; its words, image size and '
        'number of encoder layers may differ',
    )
    add('--evaluate-every', type=int, default=500, metavar='STEPS')
    add('--evaluate', type=int, metavar='N', help='only measure, on N pictures of each range')
    add('--export', type=Path, metavar='FOLDER', help='only write the model for transformers')
    add('--json', type=Path, metavar='F', help='write what was measured to this file')
    tuning.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train or resume; or only measure or export; or tune another model."""
    if args.base is not None:
        return tuning.run(args)
    training = make_run(args)
    if args.export is not None:
        training.export(args.export)
    if args.evaluate is not None:
        _measure(training, args)
    if args.export is None and args.evaluate is None:
        _train(training, args)
    return 0


def make_run(args: argparse.Namespace) -> PlannerRun:
    """Return the run of these options; raise MissingDependencyError without torch."""
    with packages_of_training():
        from vla_planner.training.model import DEBUG, PlannerShape
        from vla_planner.training.run import PlannerRun, RunSettings
    make_folder(args.out)
    shape = DEBUG if args.debug else PlannerShape()
    settings = RunSettings(args.pictures, args.batch, seed=args.seed)
    taught = lessons(shape.width, shape.height)
    return PlannerRun(args.out, shape, settings, taught, args.warm, args.precision)


def lessons(width: int, height: int, measured: str = '') -> Lessons:
    """Return lessons of width x height pixels; measured: on which of RANGES, '': to learn from."""
    from gae_arm.arm_sim.objects.catalogue import KINDS
    from gae_arm.arm_sim.scene import COLORS
    from gae_arm.arm_sim.tasks.axes import HELD_OUT, TRAINING, Choices
    from gae_arm.arm_sim.tasks.phrases import FRESH
    from gae_arm.grounding.lessons import LessonMaker
    from gae_arm.grounding.speech import vocabulary
    from vla_planner.training.run import Lessons

    as_it_is: dict[str, Any] = {'developed_share': 0.0} if measured else {}
    ranges = {
        'tasks': TRAINING,
        'elsewhere': TRAINING.held_out_in(*ELSEWHERE),
        'held-out': HELD_OUT,
        'fresh': HELD_OUT.override('wording', book=Choices((FRESH,))),
        'begun': HELD_OUT,
    }
    if measured in ranges:
        begun, absent = float(measured == 'begun'), measured in ('tasks', 'elsewhere')
        as_it_is |= {'ranges': ranges[measured], 'task_share': 1.0, 'begun_share': begun}
        as_it_is |= {'count': 2, 'absent_share': 1.0} if absent else {'count': 1}
        as_it_is |= {'told_share': 1.0, 'once': True}
    maker = LessonMaker(width, height, **as_it_is)
    return Lessons(maker, tuple(KINDS), tuple(COLORS), tuple(vocabulary()))


def _train(training: PlannerRun, args: argparse.Namespace) -> None:
    def evaluate(step: int) -> None:
        if step % args.evaluate_every == 0:
            for ranges in RANGES:
                _print(training, ranges, _rows(training, ranges, QUICK))

    train(training, training.curve(), args.minutes, evaluate)


def _measure(training: PlannerRun, args: argparse.Namespace) -> None:
    from gae_arm.commands.results import write_results

    found = []
    for ranges in RANGES:
        rows = _rows(training, ranges, args.evaluate)
        _print(training, ranges, rows)
        found += [{'ranges': ranges, **row} for row in rows]
    if args.json is not None:
        write_results(args.json, found, args.seed)


def _rows(training: PlannerRun, ranges: str, count: int) -> list[dict[str, Any]]:
    """Return one row a metric, on pictures that are never trained on."""
    from vla_planner.training.evaluate import generate, score_planner, step_by_step

    make = lessons(training.shape.width, training.shape.height, ranges).make
    model = training.model.eval()
    answer = step_by_step(partial(generate, model, training.shape, training.vocabulary))
    score = score_planner(answer, (make(seed) for seed in range(count)))
    model.train()
    return score.rows()


def _print(training: PlannerRun, ranges: str, rows: list[dict[str, Any]]) -> None:
    print(f'\nstep {training.step}, {ranges}: {RANGES[ranges]}')
    for row in rows:
        interval = f'{row["low"]:.4f} to {row["high"]:.4f}'
        print(
            f'  {row["metric"]:<40} {row["value"]:8.4f}  ({interval}, n = {row["n"]})', flush=True
        )
