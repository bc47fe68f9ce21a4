"""Makes a data set: the demonstrator carries tasks out in simulation, and what it did is recorded.

  gae data make DATASET --task all --episodes 200 --workers 4
  gae data make DATASET --task pick_up,stack_two --arm ur5 --held-out --images 5

However it ends, the same command goes on where it stopped; another --task, --seed or --episodes
adds to the data set.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from gae_arm.commands.progress_bar import progress_bar
from gae_arm.commands.results import machine, write_results
from gae_arm.core.paths import arm_file
from gae_arm.core.statistics import wilson
from gae_arm.demonstrations import maker
from gae_arm.demonstrations.dataset import Dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add('dataset', type=Path)
    add('--task', default='all', help='names, with commas; all by default')
    add('--episodes', type=int, default=10, metavar='N', help='attempts at each task')
    add('--seed', type=int, default=0, metavar='S', help='of the first scene; the next ones follow')
    add('--arm', default='panda', help='a name in config/arms, or a YAML file')
    add('--held-out', action='store_true', help='draw from the held-out ranges, not the training')
    add(
        '--images',
        type=int,
        nargs='?',
        const=3,
        default=0,
        metavar='K',
        help='keep every K-th camera frame (3 if K is not said), not only the first one',
    )
    add('--workers', type=int, default=os.cpu_count() or 1, metavar='W', help='processes')
    add('--json', type=Path, metavar='F', help='write the rows of the table to this file')
    parser.set_defaults(act=run)


def run(args: argparse.Namespace) -> int:
    """Make what is not there yet; print the table of what is."""
    from gae_arm.arm_sim.tasks.registry import TASKS
    from gae_arm.core.arm import load_arm
    from gae_arm.demonstrations.production import Production, numbers
    from gae_arm.demonstrations.recorder import RecorderSettings

    names = list(TASKS) if args.task == 'all' else [word.strip() for word in args.task.split(',')]
    wanted = numbers(names, args.seed, args.episodes)
    load_arm(arm_file(args.arm))  # Here, not in each worker, an unknown arm is one sentence.
    production = Production(
        arm=args.arm,
        ranges='held_out' if args.held_out else 'training',
        recorder=RecorderSettings(image_every=args.images),
    )
    began = time.perf_counter()
    done = make_with_progress(args.dataset, production, wanted, production.recipe(), args.workers)
    minutes = (time.perf_counter() - began) / 60
    rows = rows_of(Dataset.open(args.dataset), wanted)
    console = Console()
    console.print(machine(), style='dim')
    console.print(_table(rows, f'{args.arm}, {production.ranges} ranges'))
    attempts = done.made + done.failed
    if attempts:
        rate = attempts / minutes / max(args.workers, 1)
        print(f'{attempts} attempts in {minutes:.1f} min: {rate:.1f} per minute and process')
    if args.json is not None:
        write_results(args.json, rows, args.seed)
    return 0


def make_with_progress(
    folder: Path,
    make_episode: maker.MakeEpisode,
    seeds: Iterable[int],
    recipe: Mapping[str, Any],
    workers: int,
) -> maker.Progress:
    """Call `make_dataset` with a progress bar; print its messages and, at the end, the counts."""
    console = Console(stderr=True)
    with progress_bar(console) as bar:
        task = bar.add_task('episodes', total=None)

        def report(progress: maker.Progress, message: str) -> None:
            if message:
                console.print(message, style='yellow')
            failed = progress.failed + progress.failed_before
            text = f'{failed} failed' if failed else 'episodes'
            bar.update(task, total=progress.wanted, completed=progress.done, description=text)

        done = maker.make_dataset(folder, make_episode, seeds, recipe, workers, report=report)
    print(
        f'{done.there + done.made} episodes in {folder}: {done.made} made now '
        f'({done.remade} of them again), {done.failed + done.failed_before} attempts failed'
    )
    return done


def rows_of(dataset: Dataset, numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Return a row of plain JSON for each task, and one for all, of these episodes' numbers.

    A scene for which there was no room is no attempt of the demonstrator: it is among the causes,
    but not in the rate of success.
    """
    from gae_arm.demonstrations.production import task_of

    groups: dict[str, list[int]] = {}
    for number in numbers:
        groups.setdefault(task_of(number)[0], []).append(number)
    rows = [_row(name, dataset, group) for name, group in groups.items()]
    if len(rows) > 1:
        rows.append(_row('all', dataset, [n for group in groups.values() for n in group]))
    return rows


def _row(name: str, dataset: Dataset, numbers: list[int]) -> dict[str, Any]:
    from gae_arm.demonstrations.production import NO_SCENE

    failures = dataset.failures()
    made = [dataset.paths[n] for n in numbers if n in dataset.paths]
    failed = [failures[n].cause for n in numbers if n in failures and n not in dataset.paths]
    causes = Counter(failed)
    attempts = len(made) + len(failed) - causes[NO_SCENE]
    low, high = wilson(len(made), attempts)
    size = sum(path.stat().st_size for path in made)
    return {
        'task': name,
        'episodes': attempts,
        'successes': len(made),
        'rate': len(made) / attempts if attempts else None,
        'low': low,
        'high': high,
        'causes': dict(causes.most_common()),
        'bytes_per_episode': round(size / len(made)) if made else None,
    }


def _table(rows: list[dict[str, Any]], title: str) -> Table:
    out = Table(title=title, title_justify='left', box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    out.add_column('task', no_wrap=True)
    for name in ('made', 'failed', 'success', '95%', 'kB each'):
        out.add_column(name, justify='right', no_wrap=True)
    out.add_column('why not')
    for r in rows:
        size = r['bytes_per_episode']
        out.add_row(
            r['task'],
            str(r['successes']),
            str(r['episodes'] - r['successes']),
            '' if r['rate'] is None else f'{r["rate"]:.1%}',
            f'{r["low"]:.1%}-{r["high"]:.1%}',
            '' if size is None else f'{size / 1000:,.0f}',
            ', '.join(f'{cause} {count}' for cause, count in r['causes'].items()),
        )
    return out
