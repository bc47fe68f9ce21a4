"""Time taken by ours and by what a user would pick instead, side by side in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Run = Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """One line of a bench.

    p50, p99: median and 99th percentile of n runs, in `unit`. peer, peer_p50: what ran beside it,
    None if nothing did. max: the largest of the n, where it matters.
    """

    name: str
    unit: str
    p50: float
    p99: float
    n: int
    peer: str | None = None
    peer_p50: float | None = None
    max: float | None = None

    @property
    def ratio(self) -> float | None:
        """Return peer_p50 / p50: above 1, ours is faster."""
        return None if self.peer_p50 is None else self.peer_p50 / self.p50

    def as_dict(self) -> dict[str, Any]:
        """Return the row of the results file; without a peer its keys are left out."""
        return {k: v for k, v in {**asdict(self), 'ratio': self.ratio}.items() if v is not None}


def summary(name: str, unit: str, values: Sequence[float]) -> Row:
    """Return the row of some values, at least one."""
    p50, p99 = (float(np.percentile(values, q)) for q in (50, 99))
    return Row(name, unit, p50, p99, len(values))


def compare(
    name: str, ours: Run, peers: Mapping[str, Run] | None = None, rounds: int = 20, each: int = 10
) -> Iterator[Row]:
    """Yield a row for every peer, or one without.

    In each round ours runs `each` times and every peer once, so that a busy moment of the machine
    meets all of them. The first run of each does not count.
    """
    others = dict(peers or {})
    for run in (ours, *others.values()):
        run()
    samples: list[float] = []
    slower: dict[str, list[float]] = {peer: [] for peer in others}
    for _ in range(rounds):
        samples += [_milliseconds(ours) for _ in range(each)]
        for peer, run in others.items():
            slower[peer].append(_milliseconds(run))
    row = summary(name, 'ms', samples)
    if not others:
        yield row
    for peer, times in slower.items():
        yield Row(**{**asdict(row), 'peer': peer, 'peer_p50': float(np.median(times))})


def _milliseconds(run: Run) -> float:
    start = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - start) / 1e6
