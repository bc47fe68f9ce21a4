"""Many trials by many processes, noted as they end: what was done is not done again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gae_arm.arm_sim.tasks.errors import SamplingError
from gae_arm.core.errors import ConfigError
from gae_arm.demonstrations.workers import run_jobs
from gae_arm.evaluation.trial import Result, Trial, run_trial


def run_campaign(
    trials: Iterable[Trial],
    workers: int = 1,
    log: Path | None = None,
    report: Callable[[Result], None] = lambda result: None,
    run: Callable[[Trial], Result] = run_trial,
) -> list[Result]:
    """Return the results of all trials, in their order; the same trial is done once.

    workers: processes; 0: in this one. log: a file that every result is added to; those that are in
    it already are taken from it. report: called with each new result. run: carries one trial out.
    Raises ConfigError if the log cannot be read or written, SamplingError if not one trial had a
    scene.
    """
    wanted = {trial.key: trial for trial in trials}
    done = {key: result for key, result in _logged(log) if key in wanted}
    todo = [trial for key, trial in wanted.items() if key not in done]
    for _, result in run_jobs(run, todo, workers):
        if result.trial.key not in wanted:
            raise ConfigError(f'{result.trial.weights} was changed while it was being evaluated')
        done[result.trial.key] = result
        _note(log, result)
        report(result)
    results = [done[key] for key in wanted]
    if results and not any(result.had_scene for result in results):
        raise SamplingError(results[-1].note)
    return results


def _logged(log: Path | None) -> Iterator[tuple[str, Result]]:
    """Yield keys as they were when the results were noted: weights may be others now."""
    if log is None or not log.exists():
        return
    for number, line in enumerate(log.read_text().splitlines(), 1):
        try:
            if line.strip():
                data = json.loads(line)
                yield data['key'], Result.from_dict(data)
        except (ValueError, KeyError, TypeError) as error:
            if number == len(log.read_text().splitlines()):
                return  # The last line of a run that was killed.
            raise ConfigError(f'{log}, line {number} is no result: {error}') from error


def _note(log: Path | None, result: Result) -> None:
    if log is None:
        return
    try:
        with log.open('a') as file:
            file.write(json.dumps(result.as_dict()) + '\n')
    except OSError as error:
        raise ConfigError(f'{log} cannot be written: {error}') from error
