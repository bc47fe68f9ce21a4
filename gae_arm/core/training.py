"""What the training runs of both halves share: schedule, loop, whole checkpoints, loss curve."""

from __future__ import annotations

import csv
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Generic, Self, TypeVar

CHECKPOINT, CURVE = 'checkpoint', 'curve.csv'
LEAST_RATE = 0.02
L = TypeVar('L')


def scheduled_rate(
    step: int, steps: int, learning_rate: float, warm_up: int, decay_from: float
) -> float:
    """Return the learning rate of a step of `steps`.

    It rises for `warm_up` steps, stays, and falls linearly from the share `decay_from` of the run
    on, to `LEAST_RATE` of itself.
    """
    left = (1 - step / steps) / max(1 - decay_from, 1e-9)
    return learning_rate * min(1.0, (step + 1) / warm_up) * min(1.0, max(LEAST_RATE, left))


class TrainingRun(ABC, Generic[L]):
    """A run in a folder, with checkpoints every `save_every` steps and at the end.

    step: done so far. seconds: that they took. L: the losses of a step.
    """

    def __init__(self, folder: Path, steps: int, save_every: int) -> None:
        self.folder, self.steps = folder, steps
        self.step, self.seconds = 0, 0.0
        self._save_every = save_every

    @property
    def checkpoint(self) -> Path:
        """Return the folder of the newest checkpoint, whether there is one or not."""
        return self.folder / CHECKPOINT

    def train(self, until: Callable[[Self], bool] = lambda run: False) -> Iterator[L]:
        """Train on, yielding the losses of each step; `until` is asked after each one."""
        self._begin()
        while self.step < self.steps:
            began = time.perf_counter()
            losses = self._one_step()
            self.step += 1
            self.seconds += time.perf_counter() - began
            yield losses
            if self.step % self._save_every == 0 or self.step == self.steps:
                self.save()
            if until(self):
                break

    def save(self) -> None:
        """Write a checkpoint that replaces the last one only when it is whole."""
        if not self._is_main():
            return
        new, old = self.folder / f'{CHECKPOINT}.new', self.checkpoint
        last = self.folder / f'{CHECKPOINT}.last'
        shutil.rmtree(new, ignore_errors=True)
        self._write(new)
        shutil.rmtree(last, ignore_errors=True)
        if old.is_dir():
            old.rename(last)
        new.rename(old)

    @property
    def is_main(self) -> bool:
        """Return whether this is the one process that writes and tells."""
        return self._is_main()

    def agreed(self, stop: bool) -> bool:
        """Return what all processes of the run do where this one wants to stop, or not."""
        return stop

    @abstractmethod
    def _begin(self) -> None:
        """Make the model ready to learn."""

    @abstractmethod
    def _one_step(self) -> L:
        """Do step number `step`."""

    @abstractmethod
    def _is_main(self) -> bool:
        """Return whether this is the one process that writes."""

    @abstractmethod
    def _write(self, folder: Path) -> None:
        """Write all that is needed to go on exactly."""


class LossCurve:
    """Means of the losses: a line of a CSV file every `every` steps, after the facts of the step.

    columns: names of the facts. names: of the losses.
    """

    def __init__(
        self, folder: Path, columns: tuple[str, ...], names: tuple[str, ...], every: int
    ) -> None:
        self._path, self._columns, self._every = folder / CURVE, (*columns, *names), every
        self._sums = dict.fromkeys(names, 0.0)
        self._count = 0
        if not self._path.exists():
            with self._path.open('w', newline='') as file:
                csv.writer(file).writerow(self._columns)

    def add(
        self, step: int, losses: Mapping[str, float], facts: Mapping[str, float]
    ) -> dict[str, float] | None:
        """Add the losses of a step; return the means when a line was written."""
        for name, value in losses.items():
            self._sums[name] += value
        self._count += 1
        if step % self._every:
            return None
        means = {name: value / self._count for name, value in self._sums.items()}
        line = {**facts, **{name: round(value, 5) for name, value in means.items()}}
        with self._path.open('a', newline='') as file:
            csv.DictWriter(file, self._columns).writerow(line)
        self._sums, self._count = dict.fromkeys(self._sums, 0.0), 0
        return means
