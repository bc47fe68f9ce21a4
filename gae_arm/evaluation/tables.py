"""Results as rows: success with its interval per task and length, and why others failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from gae_arm.core.statistics import wilson
from gae_arm.evaluation.trial import Result

LENGTHS = ('short', 'mid', 'long')


def grouped(
    results: Iterable[Result], key: Callable[[Result], Hashable]
) -> dict[Hashable, list[Result]]:
    """Return the results by key, in the order in which keys come."""
    groups: dict[Hashable, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return groups


def row(results: Sequence[Result], task: str, length: str) -> dict[str, Any]:
    """Return one row of plain JSON for results of one arm, policy and planner."""
    trial = results[0].trial
    successes = sum(result.outcome.success for result in results)
    low, high = wilson(successes, len(results))
    done = [r.outcome for r in results if r.outcome.success]
    causes = Counter(r.outcome.cause for r in results if not r.outcome.success)
    return {
        'task': task,
        'length': length,
        'planner': trial.planner,
        'policy': trial.policy,
        'arm': trial.arm,
        'episodes': len(results),
        'successes': successes,
        'rate': successes / len(results),
        'low': low,
        'high': high,
        'causes': dict(causes.most_common()),
        'seconds': float(np.median([o.seconds for o in done])) if done else None,
        'path_length': float(np.median([o.path_length for o in done])) if done else None,
        'collisions': float(np.mean([r.outcome.collisions > 0 for r in results])),
        'interventions': float(np.mean([sum(r.outcome.interventions.values()) for r in results])),
    }


def rows(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return rows per task, per length and for all, for each arm and policy."""
    out = []
    for group in grouped(results, lambda r: (r.trial.arm, r.trial.policy)).values():
        for task, found in grouped(group, lambda r: r.trial.task).items():
            out.append(row(found, str(task), found[0].length))
        for length in LENGTHS:
            found = [r for r in group if r.length == length]
            if found:
                out.append(row(found, 'all', length))
        out.append(row(group, 'all', 'all'))
    return out


def by_policy(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows by policy and arm, in words."""
    out: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        out.setdefault(f'policy {row["policy"]}, arm {row["arm"]}', []).append(row)
    return out


def table(rows: Sequence[dict[str, Any]], title: str) -> Table:
    """Return rows of one policy and arm for a terminal of 80 columns."""
    out = Table(title=title, title_justify='left', box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    out.add_column('task', no_wrap=True)
    for name in ('success', '95%', 'n', 'time s', 'path m', 'hits'):
        out.add_column(name, justify='right', no_wrap=True)
    out.add_column('why not')
    for r in rows:
        task = r['task'] if r['task'] != 'all' or r['length'] == 'all' else f'all {r["length"]}'
        out.add_row(
            task,
            f'{r["rate"]:.2f}',
            f'{r["low"]:.2f}-{r["high"]:.2f}',
            str(r['episodes']),
            '' if r['seconds'] is None else f'{r["seconds"]:.1f}',
            '' if r['path_length'] is None else f'{r["path_length"]:.2f}',
            f'{r["collisions"]:.0%}',
            ', '.join(f'{cause} {count}' for cause, count in r['causes'].items()),
        )
    return out


def obedience_row(results: Sequence[Result]) -> dict[str, Any]:
    """Return how often the plan was obeyed, for results of one planner, policy and arm.

    A shifted plan is obeyed by touching the distractor first, an erased one by touching nothing.
    """
    touched = [_touched(result) for result in results]
    wanted = 'nothing' if results[0].trial.planner == 'erased' else 'distractor'
    obeyed = touched.count(wanted)
    low, high = wilson(obeyed, len(results))
    rate = obeyed / len(results)
    trial = results[0].trial
    return {
        'planner': trial.planner,
        'policy': trial.policy,
        'arm': trial.arm,
        'episodes': len(results),
        'successes': obeyed,
        'rate': rate,
        'low': low,
        'high': high,
        'touched': dict(Counter(touched)),
    }


def _touched(result: Result) -> str:
    """Return what the hand touched first: the distractor that was meant, target, other, nothing."""
    return result.outcome.role or 'nothing'
