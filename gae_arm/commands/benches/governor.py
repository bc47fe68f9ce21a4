"""Bench of the governor: a campaign against its limits, what a tick costs, how soon the arm stands.

The campaign ends with an error if anything that left the governor broke a limit.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from gae_arm.commands.benches.measure import Row, compare, summary
from gae_arm.core.errors import GaeError

SEQUENCES = 100_000
PORTION = 50
SEAMS = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gae bench governor`."""
    parser.add_argument(
        '--sequences', type=int, metavar='N', default=SEQUENCES, help='length of the campaign'
    )
    parser.add_argument('--workers', type=int, metavar='W', default=1, help='processes to use')


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield the campaign's counts, the cost of a tick, the duration of stops, the seams."""
    from gae_arm.commands.benches.governor_campaign import ARMS
    from gae_arm.commands.benches.governor_motion import seam_steps, stop_durations
    from gae_arm.commands.benches.governor_tick import TickBench, ruckig_tick

    yield from campaign(args.seed, args.sequences, args.workers)
    for arm in ARMS:
        bare, full = TickBench(arm, rules=False), TickBench(arm, rules=True)
        yield from compare(f'tick, limits alone, {arm}', bare, ruckig_tick(arm), rounds=30)
        yield from compare(f'tick, all rules, {arm}', full, rounds=30)
    for arm in ARMS:
        for name, values in stop_durations(arm, args.seed).items():
            yield summary(f'{name}, {arm}', 'ms', values)
    for name, (unit, step) in seam_steps('panda', SEAMS, args.seed).items():
        yield Row(f'largest step of {name} at a seam', unit, step, step, SEAMS)


def campaign(seed: int, sequences: int, workers: int) -> Iterator[Row]:
    """Yield the counts of a campaign; then raise GaeError if a limit was broken."""
    import multiprocessing

    from gae_arm.commands.benches.governor_campaign import Tally, run_portion

    portions = [
        (seed, range(start, min(start + PORTION, sequences)))
        for start in range(0, sequences, PORTION)
    ]
    total = Tally()
    with multiprocessing.get_context('spawn').Pool(workers) as pool:
        for part in pool.imap_unordered(run_portion, portions):
            total.add(part)
            if total.sequences % max(PORTION, sequences // 20) < PORTION:
                print(f'{total.sequences} of {sequences} sequences', file=sys.stderr)
    yield _count('sequences', total.sequences)
    yield _count('violations', total.violations.total(), total.sequences)
    yield _count('- messages checked', total.messages)
    yield _count('- kinds of reasons given', len(total.reasons))
    yield summary('- largest share of a velocity limit', '1', total.speed)
    if total.violations:
        raise GaeError(f'limits were broken, seed {seed}: {dict(total.violations)}')


def _count(name: str, value: int, n: int | None = None) -> Row:
    return Row(name, '1', value, value, value if n is None else n)
