"""`gae eval planner`: how good a planner's answers are, on pictures it has never seen."""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from gae_arm.core.errors import ConfigError
from gae_arm.core.statistics import quantile_interval

RANGES = ('tasks', 'elsewhere', 'training', 'held-out', 'begun')
"""Of those of `gae train planner --evaluate`."""
SCENES_A_LENS = 20
"""Of every hundred pictures, so many scenes are seen through all lenses."""
MOST_PLAYGROUNDS = 30
"""Tables of the demo that are looked at, at most."""


def run(args: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    """Print and return one row a metric: metric, ranges, n, value, low, high."""
    import torch

    from gae_arm.commands.trainings.planner import lessons
    from gae_arm.evaluation.lenses import LensReport, lens_scene, through_lenses
    from gae_arm.evaluation.looking import shared_planner
    from gae_arm.evaluation.playground import playground_rows
    from vla_planner.training.evaluate import score_planner

    torch.set_num_threads(1)
    planner = shared_planner(args.model)
    if planner.profile.format != 'compact' or planner.profile.backend != 'hf':
        raise ConfigError(
            f'{args.model} answers in {planner.profile.format!r}; only compact answers of a model '
            'in this process can be held against the truth'
        )
    answers = _Answers(planner)
    rows = [{'ranges': '-', **row} for row in _sizes(planner, answers)]
    for ranges in RANGES:
        make = lessons(planner.profile.width, planner.profile.height, ranges).make
        seeds = range(args.seed, args.seed + args.episodes)
        drawn = (make(seed) for seed in tqdm(seeds, desc=ranges, unit='picture'))
        found = score_planner(answers, drawn, at_once=1).rows()
        rows += [{'ranges': ranges, **row} for row in found]
    rows.append({'ranges': 'all', **_quantile('latency p50 s', answers.seconds, 0.5)})
    rows.append({'ranges': 'all', **_quantile('latency p99 s', answers.seconds, 0.99)})
    rows.append({'ranges': 'all', **_quantile('computing p50 s', answers.computing, 0.5)})
    seen = LensReport()
    looks = range(args.seed, args.seed + max(1, args.episodes * SCENES_A_LENS // 100))
    for number in tqdm(looks, desc='lenses', unit='scene'):
        seen.add(through_lenses(planner, lens_scene(number)))
    rows += [{'ranges': 'training', **row} for row in seen.rows()]
    scenes = min(args.episodes, MOST_PLAYGROUNDS)
    rows += [{'ranges': 'demo', **row} for row in playground_rows(planner, scenes, args.seed)]
    console.print(_table(rows, args))
    return rows


class _Answers:
    """The backend as the measures ask it; seconds, computing: each answer took, and computed."""

    def __init__(self, planner: Any) -> None:
        self._planner = planner
        self.seconds: list[float] = []
        self.computing: list[float] = []

    def __call__(self, images: np.ndarray, sentences: Sequence[str]) -> list[str]:
        from vla_planner.formats.compact import asked_next

        out = []
        for rgb, text in zip(images, sentences, strict=True):
            begun, computed = time.perf_counter(), time.process_time()
            said = self._said(rgb, text, simpler=False)
            if order := asked_next(text, said):
                said = self._said(rgb, order, simpler=True)
            out.append(said)
            self.seconds.append(time.perf_counter() - begun)
            self.computing.append(time.process_time() - computed)
        return out

    def _said(self, rgb: np.ndarray, text: str, simpler: bool) -> str:
        from vla_planner.backends.backend import Asking
        from vla_planner.errors import PlannerError
        from vla_planner.formats.compact import FIRST
        from vla_planner.prompts import Turn

        profile = self._planner.profile
        leaning = profile.leaning(again=FIRST in text, simpler=simpler)
        talk = [Turn('user', text, rgb)]
        try:
            return ''.join(
                self._planner.backend.answer(talk, Asking(profile.tokens, 60.0, leaning))
            )
        except PlannerError:
            return ''  # Too long for it: a refusal that is none of its answers.


def _sizes(planner: Any, answers: _Answers) -> Iterator[dict[str, Any]]:
    """Yield how large the model is, and this process with it after an answer, without pictures."""
    profile = planner.profile
    answers(np.zeros((1, profile.height, profile.width, 3), np.uint8), ['lift the red cube'])
    answers.seconds.clear()
    answers.computing.clear()
    parameters = sum(p.numel() for p in planner.backend.model.parameters())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for metric, value in (('parameters, 1e6', parameters / 1e6), ('memory, MB', peak / 1024)):
        yield {'metric': metric, 'n': 1, 'value': value, 'low': value, 'high': value}


def _quantile(metric: str, values: Sequence[float], share: float) -> dict[str, Any]:
    low, high = quantile_interval(values, share)
    value = float(np.quantile(values, share))
    return {'metric': metric, 'n': len(values), 'value': value, 'low': low, 'high': high}


def _table(rows: list[dict[str, Any]], args: argparse.Namespace) -> Table:
    title = f'{args.model}, {args.episodes} pictures of each range, seed {args.seed}, one thread'
    table = Table(title=title, title_justify='left')
    for column in ('ranges', 'metric', 'value', '95%', 'n'):
        table.add_column(column, justify='left' if column in ('ranges', 'metric') else 'right')
    for row in rows:
        interval = f'{row["low"]:.4f} to {row["high"]:.4f}'
        table.add_row(row['ranges'], row['metric'], f'{row["value"]:.4f}', interval, str(row['n']))
    return table
