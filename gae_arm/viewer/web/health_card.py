"""Latency and rates on the page: a table, and how they went in the last two minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from gae_arm.core.pipeline_health import (
    END_TO_END,
    Health,
    HealthHistory,
    latencies,
    rates,
)
from gae_arm.viewer import palette
from gae_arm.viewer.web.cards import CARD, SMALL

WIDTH, HEIGHT = 240, 40
RATE_COLORS = {'clouds': palette.CLOUD, 'chunks': palette.OPEN}


def health_card(health: Health, history: HealthHistory) -> str:
    """Return p50 and p99 of every stage, rates, and two plots over time."""
    rows = ''.join(
        f'<tr><td>{escape(one.stage)}</td><td style="text-align:right">{one.p50:.1f}</td>'
        f'<td style="text-align:right">{one.p99:.1f}</td></tr>'
        for one in latencies(health)
    )
    head = '<tr><td></td><td style="text-align:right">p50</td><td>&nbsp;p99 ms</td></tr>'
    table = f'<table style="width:100%">{head}{rows}</table>' if rows else 'nothing measured yet'
    said = ', '.join(f'{escape(name)} {rate:.1f} Hz' for name, rate in rates(health).items())
    plots = ''
    if len(history.end_to_end) > 1:
        plots = plot({END_TO_END: (history.end_to_end, palette.GUIDE)}, 'ms')
    lines = {
        name: (values, RATE_COLORS.get(name, palette.UNCHANGED))
        for name, values in history.rates.items()
        if len(values) > 1
    }
    plots += plot(lines, 'Hz') if lines else ''
    return f'<div style="{CARD}{SMALL}" data-testid="health">{table}<div>{said}</div>{plots}</div>'


def plot(lines: Mapping[str, tuple[Sequence[float], palette.RGB]], unit: str) -> str:
    """Return lines over time from 0 up, as SVG with a caption."""
    most = max(max(values) for values, _ in lines.values()) or 1.0
    drawn = ''
    for values, color in lines.values():
        step = WIDTH / max(len(values) - 1, 1)
        points = ' '.join(
            f'{k * step:.1f},{HEIGHT * (1 - value / most):.1f}' for k, value in enumerate(values)
        )
        drawn += (
            f'<polyline points="{points}" fill="none" stroke="{palette.css(color)}" '
            'stroke-width="1.5"/>'
        )
    names = ', '.join(
        f'<span style="color:{palette.css(color)}">{escape(name)}</span>'
        for name, (_, color) in lines.items()
    )
    return (
        f'<svg viewBox="-2 -2 {WIDTH + 4} {HEIGHT + 4}" style="width:100%">{drawn}</svg>'
        f'<div>{names}: 0 to {most:.1f} {unit}</div>'
    )
