"""The robustness report as a picture: success against each error, policies beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot
from matplotlib.axes import Axes

from gae_arm.core.errors import ConfigError

Rows = Mapping[float, Sequence[dict[str, Any]]]
PAPER = {
    'paper: expert': ((0.0, 0.57), (0.01, 0.49), (0.10, 0.33), (0.50, 0.21)),
    'paper: IK': ((0.0, 0.42), (0.01, 0.30), (0.10, 0.11), (0.50, 0.04)),
}
"""Success at a depth noise, m: RoboTwin tasks, arXiv 2510.03896. Other tasks than ours: compare
how curves fall, not how high they begin."""


def draw_curves(path: Path, sweeps: Mapping[str, Rows]) -> None:
    """Write the picture; sweeps: by what is varied, rows of all tasks at each value.

    Raises ConfigError if it cannot be written.
    """
    figure, axes = pyplot.subplots(1, len(sweeps), figsize=(4 * len(sweeps), 4), sharey=True)
    for axis, (name, by_value) in zip(list(axes), sweeps.items(), strict=True):
        _draw(axis, name, by_value)
    axes[0].set_ylabel('success, 95% interval')
    axes[0].legend(fontsize=7)
    figure.tight_layout()
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise ConfigError(f'{path} cannot be written: {error}') from error
    finally:
        pyplot.close(figure)


def _draw(axis: Axes, name: str, by_value: Rows) -> None:
    lines: dict[str, list[tuple[float, float, float, float]]] = {}
    for value, rows in by_value.items():
        for row in rows:
            label = f'{row["policy"]}, {row["arm"]}'
            lines.setdefault(label, []).append((value, row['rate'], row['low'], row['high']))
    for label, points in lines.items():
        x, rate, low, high = zip(*points, strict=True)
        (line,) = axis.plot(x, rate, 'o-', label=label)
        axis.fill_between(x, low, high, alpha=0.15, color=line.get_color())
    if name.startswith('depth'):
        for label, pairs in PAPER.items():
            x, rate = zip(*pairs, strict=True)
            axis.plot(x, rate, 'x--', color='gray' if 'IK' in label else 'black', label=label)
        axis.set_xscale('symlog', linthresh=0.01)
    axis.set_xlabel(name)
    axis.set_ylim(0, 1)
    axis.grid(alpha=0.3)
