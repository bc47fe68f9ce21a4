"""What a re-run found, for a person: lines of text, and a plot over the time of the bag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from gae_arm.core.errors import ConfigError
from gae_arm.demonstrations.atomic import not_written
from gae_arm.recording.rerun.finding import Finding, Summary

LEAST = 1e-12
"""Differences are drawn on a logarithmic axis: exact equality is drawn here."""


def lines(summaries: Sequence[Summary], tolerance: float) -> Iterator[str]:
    """Yield what a person wants to know, in Markdown."""
    for summary in summaries:
        if not summary.recorded:
            yield f'- {summary.kind}s: none in the bag'
            continue
        verdict = f'{summary.equal} equal within {tolerance:g}' if summary.compared else 'none'
        yield (
            f'- {summary.kind}s: {summary.recorded} recorded, {summary.compared} compared, '
            f'{verdict}'
        )
        for name, (p50, p99, most) in summary.quantities.items():
            yield f'  - {name}: p50 {p50:.2e}, p99 {p99:.2e}, largest {most:.2e}'
        for text, counts in (('differ in shape', summary.shapes), ('left out', summary.left_out)):
            for reason, count in counts.items():
                yield f'  - {count} {text}: {reason}'


def rows(summaries: Sequence[Summary]) -> list[dict[str, object]]:
    """Return the rows of the results file: kind, metric, n, value."""
    out: list[dict[str, object]] = []
    for s in summaries:
        counts = {'recorded': s.recorded, 'compared': s.compared, 'equal': s.equal}
        out += [
            {'kind': s.kind, 'metric': name, 'n': s.recorded, 'value': value}
            for name, value in counts.items()
        ]
        for name, values in s.quantities.items():
            for which, value in zip(('p50', 'p99', 'max'), values, strict=True):
                metric = f'{name} {which}'
                out.append({'kind': s.kind, 'metric': metric, 'n': s.compared, 'value': value})
    return out


def write_report(
    folder: Path,
    title: str,
    text: Sequence[str],
    findings: Sequence[Finding],
    paths: Sequence[tuple[int, np.ndarray, np.ndarray]],
) -> None:
    """Write `report.md` and `differences.png`; ConfigError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        body = [f'# {title}', '', *text, '', '![differences](differences.png)', '']
        (folder / 'report.md').write_text('\n'.join(body))
        _draw(folder / 'differences.png', title, findings, paths)
    except OSError as error:
        raise not_written(folder, error) from error
    except ValueError as error:
        raise ConfigError(f'{folder}: the plot cannot be written: {error}') from error


def _draw(
    path: Path,
    title: str,
    findings: Sequence[Finding],
    paths: Sequence[tuple[int, np.ndarray, np.ndarray]],
) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7), layout='constrained')
    above, below = figure.subplots(2, 1, sharex=True)
    figure.suptitle(title)
    begin = min([f.stamp_ns for f in findings], default=0)
    quantities = dict.fromkeys((f.kind, name) for f in findings for name in f.differences)
    for kind, name in quantities:
        mine = [f for f in findings if f.kind == kind and name in f.differences]
        seconds = [(f.stamp_ns - begin) * 1e-9 for f in mine]
        values = [max(f.differences[name], LEAST) for f in mine]
        above.semilogy(seconds, values, '.', markersize=3, label=f'{kind}: {name}')
    above.set_ylabel('largest difference')
    if quantities:
        above.legend(loc='upper right', fontsize=8)
    if paths:
        seconds = [(stamp - begin) * 1e-9 for stamp, _, _ in paths]
        recorded, made = (np.stack(p) for p in list(zip(*paths, strict=True))[1:])
        for k, axis in enumerate('xyz'):
            below.plot(seconds, recorded[:, k], '-', color=f'C{k}', alpha=0.4, linewidth=4)
            below.plot(seconds, made[:, k], '-', color=f'C{k}', linewidth=1, label=axis)
        below.legend(loc='upper right', fontsize=8)
    below.set_ylabel('first action, m (wide: recorded)')
    below.set_xlabel('s')
    figure.savefig(path, dpi=110)
