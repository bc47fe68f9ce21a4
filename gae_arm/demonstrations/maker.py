"""Many episodes by many processes: resumable, countable, and clean when it is stopped."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gae_arm.core.errors import GaeError
from gae_arm.demonstrations.atomic import DiskFullError, not_written, remove_unfinished
from gae_arm.demonstrations.dataset import FAILURES, Dataset, Failure
from gae_arm.demonstrations.episode import Episode
from gae_arm.demonstrations.episode_file import CorruptEpisodeError, verify, write_episode
from gae_arm.demonstrations.images import ImageCoding
from gae_arm.demonstrations.workers import run_jobs

MakeEpisode = Callable[[int], Episode | Failure]


@dataclass
class Progress:
    """How far the making is, counted in seeds.

    wanted: seeds asked for. there: valid episodes found at the start. made, failed: in this run;
    failed_before: attempts known to fail from an earlier run, not tried again. remade: of those
    made, how many replaced a corrupt file. bytes: written in this run.
    """

    wanted: int
    there: int = 0
    failed_before: int = 0
    made: int = 0
    failed: int = 0
    remade: int = 0
    bytes: int = 0

    @property
    def done(self) -> int:
        """Return the seeds that need no more work."""
        return self.there + self.failed_before + self.made + self.failed


def make_dataset(
    folder: Path,
    make_episode: MakeEpisode,
    seeds: Iterable[int],
    recipe: Mapping[str, Any],
    workers: int = 1,
    coding: ImageCoding | None = None,
    report: Callable[[Progress, str], None] = lambda progress, message: None,
) -> Progress:
    """Make the episodes of `seeds` that are not there yet; the seed is the episode's number.

    make_episode: takes a seed; with workers it must be picklable (a function of a module, or a
        partial of one). A Failure, or a GaeError raised, is counted and dropped; any other
        exception is a mistake in it: the work stops, a note says at which seed.
    recipe: plain JSON that tells how the episodes come about; a data set has one recipe.
    workers: processes, started afresh (spawn), one thread each; 0: in this process.
    report: called after every seed, with a message where there is something to say.

    However it ends (all made, disk full, Ctrl-C, killed), the same call goes on where it stopped:
    whole episodes and failures are kept, half-written files are removed, corrupt ones made again.
    Raises DiskFullError, ConfigError for another recipe, KeyboardInterrupt.
    """
    dataset = Dataset.create(folder, recipe)
    remove_unfinished(folder)
    seeds = list(dict.fromkeys(seeds))
    progress = Progress(len(seeds))
    todo = _todo(dataset, seeds, progress, report)
    report(progress, '')
    job = partial(_attempt, folder, make_episode, coding or ImageCoding())
    try:
        for seed, outcome in run_jobs(job, todo, workers):
            if isinstance(outcome, Failure):
                _note_failure(folder, seed, outcome)
                progress.failed += 1
            else:
                progress.made += 1
                progress.bytes += outcome.stat().st_size
            report(progress, '')
    finally:
        # A full disk must not hide why the work ended; the counts can be made again.
        with contextlib.suppress(DiskFullError):
            Dataset.open(folder).write_meta()
    return progress


def _todo(
    dataset: Dataset,
    seeds: list[int],
    progress: Progress,
    report: Callable[[Progress, str], None],
) -> list[int]:
    """Return the seeds to make; corrupt files among those that are there are removed."""
    failed, todo = dataset.failures(), []
    for problem in dataset.problems:
        report(progress, problem)
    for seed in seeds:
        path = dataset.paths.get(seed)
        if path is not None:
            try:
                verify(path)
                progress.there += 1
                continue
            except CorruptEpisodeError as error:
                report(progress, f'{error}; it is made again')
                path.unlink()
                del dataset.paths[seed]
                progress.remade += 1
        elif seed in failed:
            progress.failed_before += 1
            continue
        todo.append(seed)
    return todo


def _attempt(
    folder: Path, make_episode: MakeEpisode, coding: ImageCoding, seed: int
) -> Path | Failure:
    """Make and write one episode, in whatever process; return its path, or why there is none."""
    try:
        episode = make_episode(seed)
    except DiskFullError:
        raise
    except GaeError as error:
        return Failure(type(error).__name__, str(error))
    except Exception as error:
        error.add_note(f'while making the episode of seed {seed}')
        raise
    if isinstance(episode, Failure):
        return episode
    return write_episode(Dataset(folder, {}).episode_folder(seed), seed, episode, coding)


def _note_failure(folder: Path, seed: int, failure: Failure) -> None:
    entry = {'number': seed, 'cause': failure.cause, 'message': failure.message}
    path = folder / FAILURES
    try:
        with path.open('a') as file:
            # The newline goes first: the line before may be half-written.
            file.write('\n' + json.dumps(entry))
    except OSError as error:
        raise not_written(path, error) from error
