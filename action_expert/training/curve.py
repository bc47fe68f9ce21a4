"""Curves of a training run: a CSV file, a picture, and TensorBoard where it is installed."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

from action_expert.training.module import Losses
from action_expert.training.run import ExpertRun

CURVE, PICTURE = 'curve.csv', 'curve.png'
COLUMNS = ('step', 'situations', 'seconds', 'rate', *(f.name for f in dataclasses.fields(Losses)))


class Curve:
    """Means of the losses: a line of a CSV file every so many steps, and TensorBoard if there."""

    def __init__(self, run: ExpertRun) -> None:
        self._run, self._path = run, run.folder / CURVE
        self._sums: dict[str, float] = {}
        self._count = 0
        self._board = _tensorboard(run.folder)
        if not self._path.exists():
            with self._path.open('w', newline='') as file:
                csv.writer(file).writerow(COLUMNS)

    def add(self, losses: Losses) -> dict[str, float] | None:
        """Add the losses of a step; return the means when a line was written."""
        for name, value in losses.as_dict().items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        run = self._run
        if run.step % run.settings.log_every:
            return None
        means = {name: value / self._count for name, value in self._sums.items()}
        line = {
            'step': run.step,
            'situations': run.step * run.batch.size,
            'seconds': round(run.seconds, 1),
            'rate': run.settings.rate(run.step),
            **{name: round(value, 5) for name, value in means.items()},
        }
        with self._path.open('a', newline='') as file:
            csv.DictWriter(file, COLUMNS).writerow(line)
        if self._board is not None:
            for name, value in means.items():
                self._board.add_scalar(f'loss/{name}', value, run.step)
        self._sums, self._count = {}, 0
        return means


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / 'tensorboard'))


def plot_curve(folder: Path) -> None:
    """Draw the curve of a run's folder beside it; nothing where there is no line yet."""
    import matplotlib.pyplot as plt

    with (folder / CURVE).open(newline='') as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return
    figure, axes = plt.subplots(figsize=(7, 4), layout='constrained')
    situations = [int(row['situations']) for row in rows]
    for name in ('answer', 'aim'):
        axes.plot(situations, [float(row[name]) for row in rows], label=name)
    axes.set(xlabel='situations seen', ylabel='loss, in spreads of the corrections', yscale='log')
    axes.legend()
    figure.savefig(folder / PICTURE, dpi=120)
    plt.close(figure)
