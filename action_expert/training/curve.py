"""Curves of a training run: a CSV file, a picture, and TensorBoard where it is installed."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

from action_expert.training.module import Losses
from action_expert.training.run import ExpertRun
from gae_arm.core.training import CURVE, LossCurve

PICTURE = 'curve.png'
COLUMNS = ('step', 'situations', 'seconds', 'rate')


class Curve:
    """The losses of a run in a CSV file, and in TensorBoard if that is there."""

    def __init__(self, run: ExpertRun) -> None:
        names = tuple(field.name for field in dataclasses.fields(Losses))
        self._run = run
        self._curve = LossCurve(run.folder, COLUMNS, names, run.settings.log_every)
        self._board = _tensorboard(run.folder)

    def add(self, losses: Losses) -> dict[str, float] | None:
        """Add the losses of a step; return the means when a line was written."""
        run = self._run
        values = (
            run.step,
            run.step * run.batch.size,
            round(run.seconds, 1),
            run.settings.rate(run.step),
        )
        facts = dict(zip(COLUMNS, values, strict=True))
        means = self._curve.add(run.step, losses.as_dict(), facts)
        if means is not None and self._board is not None:
            for name, value in means.items():
                self._board.add_scalar(f'loss/{name}', value, run.step)
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
