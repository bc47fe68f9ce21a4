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

COLUMNS = 3


def draw_curves(path: Path, sweeps: Mapping[str, Rows]) -> None:
    """Write the picture; sweeps: by what is varied, rows of all tasks at each value.

    Raises ConfigError if it cannot be written.
    """
    columns = min(len(sweeps), COLUMNS)
    lines = -(-len(sweeps) // columns)
    size = (4.2 * columns, 3.6 * lines)
    figure, grid = pyplot.subplots(lines, columns, figsize=size, sharey=True, squeeze=False)
    panels = list(grid.flat)
    for panel, (name, by_value) in zip(panels, sweeps.items(), strict=False):
        _draw(panel, name, by_value)
    for panel in panels[len(sweeps) :]:
        panel.axis('off')
    panels[0].legend(fontsize=8)
    for first in grid[:, 0]:
        first.set_ylabel('success, 95% interval')
    figure.tight_layout()
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise ConfigError(f'{path} cannot be written: {error}') from error
    finally:
        pyplot.close(figure)


def _draw(panel: Axes, name: str, by_value: Rows) -> None:
    lines: dict[str, list[tuple[float, float, float, float]]] = {}
    for value, rows in by_value.items():
        for row in rows:
            label = f'{row["policy"]}, {row["arm"]}'
            if row['rate'] is None:
                continue
            lines.setdefault(label, []).append((value, row['rate'], row['low'], row['high']))
    for label, points in lines.items():
        x, rate, low, high = zip(*points, strict=True)
        (line,) = panel.plot(x, rate, 'o-', label=label)
        panel.fill_between(x, low, high, alpha=0.12, color=line.get_color(), linewidth=0)
    if name.startswith('depth'):
        for label, pairs in PAPER.items():
            x, rate = zip(*pairs, strict=True)
            panel.plot(x, rate, 'x--', color='gray' if 'IK' in label else 'black', label=label)
        # Evenly spaced up to a centimetre, then by powers of ten.
        panel.set_xscale('symlog', linthresh=0.01)
    panel.set_xticks(list(by_value), [f'{value:g}' for value in by_value], minor=False)
    panel.minorticks_off()
    panel.set_xlabel(name)
    panel.set_ylim(-0.02, 1.02)
    panel.grid(alpha=0.3)
