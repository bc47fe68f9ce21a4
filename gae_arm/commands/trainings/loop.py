"""The loop of every `gae train` command: a bar, the curve, and an end that keeps the work."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from gae_arm.core.errors import ConfigError, MissingDependencyError
from gae_arm.core.training import TrainingRun

L = TypeVar('L')


def train(
    training: TrainingRun[L],
    add: Callable[[L], dict[str, float] | None],
    minutes: float | None = None,
    after: Callable[[int], Any] = lambda step: None,
) -> None:
    """Train to the end, or until `minutes`, SIGINT or SIGTERM; then write a checkpoint.

    add: takes the losses of each step; the means that it returns are shown. after: called with the
    number of each step that is done. Of several processes one adds and shows; all stop together.
    """
    from tqdm import tqdm

    stop = StopRequest()
    until = float('inf') if minutes is None else time.monotonic() + 60 * minutes
    main = training.is_main
    with tqdm(total=training.steps, initial=training.step, mininterval=10, disable=not main) as bar:
        for losses in training.train(
            lambda run: run.agreed(stop.asked or time.monotonic() > until)
        ):
            bar.update()
            means = add(losses) if main else None
            if means:
                bar.set_postfix({name: f'{value:.3f}' for name, value in means.items()})
            after(training.step)
    training.save()


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how precise products are while training."""
    precise = 'of products; auto: bfloat16 where the hardware has it'
    parser.add_argument('--precision', default='auto', choices=('auto', 'bf16', 'no'), help=precise)


def make_folder(folder: Path) -> None:
    """Make the folder of a run if there is none; raise ConfigError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f'{folder} cannot be made: {error}') from error


@contextmanager
def packages_of_training() -> Iterator[None]:
    """Import in here what needs them; raises MissingDependencyError with how they are installed."""
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(
            f'training needs torch, transformers, accelerate and peft ({error}); install them '
            'with: pip install -r requirements/train.txt'
        ) from error


class StopRequest:
    """Remembers SIGINT and SIGTERM, so that a step ends before the run does."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, *_: Any) -> None:
        self.asked = True
