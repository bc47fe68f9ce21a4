"""Play a bag into the graph, with /clock; or run clouds and policy again on it, and compare.

Nodes that shall live in the bag's time run with use_sim_time:=true. With --inputs only what drivers
and people send is played, so that the stack beside it does its own work on it.

--diff runs the cloud pipeline and the policy again, in this process, on what each recorded cloud
and chunk was made from, and compares: equal within the tolerance for the same version and policy
(exit code 0, else 1), a report for another one.

Examples:
  gae replay BAG --rate 0.5 --loop
  gae replay BAG --inputs --remap /left/joint_states:=joint_states
  gae replay BAG --diff --out report
  gae replay BAG --diff --policy servo --out report
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live

from gae_arm.core.errors import ConfigError
from gae_arm.recording.bag_reader import open_bag
from gae_arm.recording.bag_topics import absolute, parse_remaps

if TYPE_CHECKING:
    from gae_arm.recording.bag_reader import Bag

SHOW_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bag, how it is played, and what is compared."""
    parser.add_argument('bag', type=Path, metavar='BAG', help='folder, .mcap or .db3')
    parser.add_argument(
        '--remap', nargs='+', default=(), metavar='FROM:=TO', help='recorded name to another one'
    )
    play = parser.add_argument_group('playing')
    play.add_argument('--rate', type=float, default=1.0, help='seconds of the bag a second')
    play.add_argument('--loop', action='store_true', help='begin again at the end')
    play.add_argument('--no-clock', action='store_true', help='do not publish /clock')
    what = play.add_mutually_exclusive_group()
    what.add_argument('--topics', nargs='+', metavar='NAME', help='these, no others')
    what.add_argument('--inputs', action='store_true', help='only what drivers and people send')
    diff = parser.add_argument_group('comparing')
    diff.add_argument('--diff', action='store_true', help='run again and compare; plays nothing')
    diff.add_argument('--policy', metavar='NAME', help='another one than the recorded')
    diff.add_argument(
        '--planner', metavar='NAME', help="another one than the recorded; 'none': run none"
    )
    diff.add_argument('--arm', help='where the bag does not say: a name in config/arms, or a file')
    diff.add_argument(
        '--tolerance',
        type=float,
        metavar='T',
        help='m, rad, opening; larger differences give exit code 1 (1e-5; another policy: none)',
    )
    diff.add_argument('--out', type=Path, metavar='FOLDER', help='write report.md and a plot')
    diff.add_argument('--json', type=Path, metavar='F', help='write the figures to this file')


def run(args: argparse.Namespace) -> int:
    """Play, or compare."""
    bag = open_bag(args.bag)
    if args.diff:
        from gae_arm.commands.replay_diff import diff

        return diff(bag, args)
    return _play(bag, args)


def _play(bag: Bag, args: argparse.Namespace) -> int:
    from gae_arm.recording.player.node import PlaySettings, play

    if not args.rate > 0:
        raise ConfigError(f'--rate is {args.rate}, it must be above 0')
    settings = PlaySettings(
        args.rate, args.loop, not args.no_clock, _names(bag, args), parse_remaps(args.remap)
    )
    console = Console()
    with Live(console=console, auto_refresh=False, transient=True) as live:
        watch = _Watch(live)
        player = play(bag, settings, watch.goes_on)
    for topic, why in player.skipped.items():
        console.print(f'{topic} was not played: {why}')
    for problem in bag.problems:
        console.print(problem, style='yellow')
    console.print(f'{watch.played:,} messages played, {watch.seconds:.1f} s of the bag')
    if not watch.played:
        raise ConfigError(f'{args.bag} holds no messages of {sorted(settings.names or bag.topics)}')
    return 0


def _names(bag: Bag, args: argparse.Namespace) -> set[str] | None:
    """Return the recorded names to play; None for all."""
    from gae_arm.recording.bag_topics import find_topics
    from gae_arm.ros import topics

    if args.topics:
        names = {absolute(name) for name in args.topics}
        missing = sorted(names - set(bag.topics))
        if missing:
            raise ConfigError(f'{bag.path} has no {missing}; it has: {sorted(bag.topics)}')
        return names
    if args.inputs:
        wanted = [topic.name for topic in topics.INPUTS]
        return set(find_topics(bag.topics, wanted, parse_remaps(args.remap)).values())
    return None


class _Watch:
    """Shows how far the bag has been played."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._first_ns: int | None = None
        self._shown = 0.0
        self.played, self.seconds = 0, 0.0

    def goes_on(self, log_ns: int, played: int) -> bool:
        if self._first_ns is None:
            self._first_ns = log_ns
        self.played, self.seconds = played + 1, (log_ns - self._first_ns) * 1e-9
        now = time.monotonic()
        if now > self._shown + SHOW_SECONDS:
            self._shown = now
            self._live.update(f'{self.seconds:.1f} s, {self.played:,} messages', refresh=True)
        return True
