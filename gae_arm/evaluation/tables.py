"""Results as rows: success with its interval per task and length, and why others failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from gae_arm.core.statistics import wilson
from gae_arm.demonstrations.oracle import Oracle
from gae_arm.evaluation.trial import IN_PROCESS, THROUGH_ROS, Result

LENGTHS = ('short', 'mid', 'long')
TOUCHED = {'distractor': 'distr.', 'target': 'target', 'other': 'other', 'nothing': 'none'}
"""What the hand may touch first, and the heads of its columns."""
THROUGH = {IN_PROCESS: '', THROUGH_ROS: ', through ROS'}


def grouped(
    results: Iterable[Result], key: Callable[[Result], Hashable]
) -> dict[Hashable, list[Result]]:
    """Return the results by key, in the order in which keys come."""
    groups: dict[Hashable, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return groups


def row(results: Sequence[Result], task: str, length: str) -> dict[str, Any]:
    """Return one row of plain JSON for results of one arm, policy and planner.

    A seed without a scene is among the causes, but not in rates and means. rate: None without any
    other. seconds, path_length: medians of the successes. collisions: share of the trials.
    interventions: mean seconds of a trial, by reason.
    """
    trial = results[0].trial
    tried = [r for r in results if r.had_scene]
    successes = sum(result.outcome.success for result in tried)
    low, high = wilson(successes, len(tried))
    done = [r.outcome for r in tried if r.outcome.success]
    held = Counter[str]()
    for r in tried:
        held.update(r.outcome.interventions)  # type: ignore[arg-type]
    causes = Counter(r.outcome.cause for r in results if not r.outcome.success)
    return {
        'task': task,
        'length': length,
        'planner': trial.planner,
        'policy': trial.policy,
        'arm': trial.arm,
        'episodes': len(tried),
        'successes': successes,
        'rate': successes / len(tried) if tried else None,
        'low': low,
        'high': high,
        'causes': dict(causes.most_common()),
        'seconds': float(np.median([o.seconds for o in done])) if done else None,
        'path_length': float(np.median([o.path_length for o in done])) if done else None,
        'collisions': float(np.mean([r.outcome.collisions > 0 for r in tried])) if tried else None,
        'interventions': {reason: value / len(tried) for reason, value in held.items()},
        'rejects': sum(r.rejects for r in results),
        'through': trial.through,
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


def totals(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return one row over all tasks for each arm and policy."""
    groups = grouped(results, lambda r: (r.trial.arm, r.trial.policy))
    return [row(found, 'all', 'all') for found in groups.values()]


def scenes_line(results: Sequence[Result]) -> str:
    """Return in words how many scenes there were, and how many draws were of no use."""
    named = {(r.trial.task, r.trial.seed, r.trial.words): r for r in results}
    scenes = [r for r in named.values() if r.had_scene]
    words, rejects = results[0].trial.words, sum(r.rejects for r in scenes)
    line = f'{len(scenes)} scenes from {words}; {rejects} draws had no room or view'
    missing = [r.note for r in named.values() if not r.had_scene]
    return f'{line}; not counted: {"; ".join(missing)}' if missing else line


def by_policy(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows by policy and arm, in words."""
    out: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        title = f'policy {row["policy"]}, arm {row["arm"]}'
        if row['planner'] != Oracle.name:
            title += f', planner {row["planner"]}'
        out.setdefault(title + THROUGH[row['through']], []).append(row)
    return out


def table(rows: Sequence[dict[str, Any]], title: str) -> Group:
    """Return rows of one policy and arm for a terminal of 80 columns, causes below."""
    out = Table(title=title, title_justify='left', box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    out.add_column('task', no_wrap=True)
    for name in ('success', '95%', 'n', 'time s', 'path m', 'hits', 'gov s'):
        out.add_column(name, justify='right', no_wrap=True)
    for r in rows:
        out.add_row(
            _name(r),
            *_rate(r),
            '' if r['seconds'] is None else f'{r["seconds"]:.1f}',
            '' if r['path_length'] is None else f'{r["path_length"]:.2f}',
            '' if r['collisions'] is None else f'{r["collisions"]:.0%}',
            f'{sum(r["interventions"].values()):.1f}',
        )
    failed = [r for r in rows if r['causes']]
    return Group(out, *(f' {_name(r)}, why not: {_causes(r)}' for r in failed))


def _name(row: dict[str, Any]) -> str:
    return f'all {row["length"]}' if row['task'] == 'all' != row['length'] else str(row['task'])


def sweep_table(rows: Sequence[dict[str, Any]], label: str) -> Table:
    """Return the rows of one sweep for a terminal: a line for each value, policy and arm."""
    out = Table(title=label, title_justify='left', box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ('value', 'policy', 'arm'):
        out.add_column(name, no_wrap=True)
    for name in ('success', '95%', 'n'):
        out.add_column(name, justify='right', no_wrap=True)
    out.add_column('why not')
    for r in rows:
        out.add_row(f'{r["value"]:g}', r['policy'], r['arm'], *_rate(r), _causes(r))
    return out


def _rate(row: dict[str, Any]) -> tuple[str, str, str]:
    interval = f'{row["low"]:.2f}-{row["high"]:.2f}'
    rate = '' if row['rate'] is None else f'{row["rate"]:.2f}'
    return rate, interval, str(row['episodes'])


def _causes(row: dict[str, Any]) -> str:
    return ', '.join(f'{cause} {count}' for cause, count in row['causes'].items())


def obedience_row(results: Sequence[Result]) -> dict[str, Any]:
    """Return how often the plan was obeyed, for results of one planner, policy and arm.

    A shifted plan is obeyed by touching the distractor first, an erased one by touching nothing.
    touched: how often what was touched first: the distractor that the plan leads to, the target
    that the words mean, other objects, or nothing. A seed without a scene is left out.
    """
    touched = [r.outcome.role or 'nothing' for r in results if r.had_scene]
    trial = results[0].trial
    obeyed = touched.count('nothing' if trial.planner == 'erased' else 'distractor')
    low, high = wilson(obeyed, len(touched))
    return {
        'planner': trial.planner,
        'policy': trial.policy,
        'arm': trial.arm,
        'episodes': len(touched),
        'successes': obeyed,
        'rate': obeyed / len(touched) if touched else None,
        'low': low,
        'high': high,
        'touched': dict(Counter(touched).most_common()),
        'through': trial.through,
    }


def obedience_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Return the rows of `obedience_row` for a terminal."""
    title = 'obedience: how often plans were obeyed, and what the hand touched first'
    out = Table(title=title, title_justify='left', box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ('plan', 'policy', 'arm'):
        out.add_column(name, no_wrap=True)
    for name in ('obeyed', '95%', 'n', *TOUCHED.values()):
        out.add_column(name, justify='right', no_wrap=True)
    for r in rows:
        out.add_row(
            r['planner'],
            r['policy'],
            r['arm'] + THROUGH[r['through']],
            *_rate(r),
            *(str(r['touched'].get(name, 0)) for name in TOUCHED),
        )
    return out
