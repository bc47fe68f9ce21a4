"""Record the running stack to a bag that `ros2 bag`, Foxglove and `gae replay` open; Ctrl-C ends.

The stack's topics are recorded in whatever namespace they are, with the QoS of their publishers;
also what nodes set as parameters, so that `gae replay --diff` runs with the same.

Examples:
  gae record
  gae record --out bags/first --seconds 30
  gae record --topics /joint_states /camera/color/image_raw
"""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.table import Table

from gae_arm.core.errors import GaeError

if TYPE_CHECKING:
    from gae_arm.recording.bag_sink import BagSink
    from gae_arm.recording.recorder.node import RecorderNode

SHOW_SECONDS = 0.5
OUT = 'new folder of the bag; by default gae_ with date and time, here'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to, what and how long."""
    parser.add_argument('--out', type=Path, metavar='FOLDER', help=OUT)
    parser.add_argument('--topics', nargs='+', default=(), metavar='NAME', help='these, no others')
    parser.add_argument('--seconds', type=float, metavar='S', help='end after so long')
    parser.add_argument(
        '--use-sim-time', action='store_true', help='times of /clock, for a graph that runs on it'
    )


def run(args: argparse.Namespace) -> int:
    """Record until Ctrl-C or the time is over; a full disk ends it too, with exit code 1."""
    from gae_arm.recording.bag_sink import BagSink
    from gae_arm.recording.bag_writer import BagWriter
    from gae_arm.recording.recorder.node import record

    folder = args.out or Path(datetime.now().strftime('gae_%Y_%m_%d-%H_%M_%S'))
    console = Console()
    sink = BagSink(BagWriter(folder))
    try:
        console.print(f'recording to {folder}; Ctrl-C ends')
        with Live(console=console, auto_refresh=False, transient=True) as live:
            watch = _Watch(sink, live, args.seconds)
            recorder = record(sink, args.topics, args.use_sim_time, watch.goes_on)
    finally:
        sink.close()
    _say(console, recorder, sink)
    if sink.error is not None:
        raise GaeError(f'{sink.error}; what was recorded before is in {folder}')
    if sink.writer.full:
        raise GaeError(f'the disk is full; what was recorded before is whole, in {folder}')
    return 0


class _Watch:
    """Shows how the recording goes, and says when it is long enough."""

    def __init__(self, sink: BagSink, live: Live, seconds: float | None) -> None:
        self._sink, self._live, self._seconds = sink, live, seconds
        self._start = self._shown = time.monotonic()

    def goes_on(self, recorder: RecorderNode) -> bool:
        now = time.monotonic()
        if now > self._shown + SHOW_SECONDS:
            self._shown = now
            self._live.update(self._line(recorder, now - self._start), refresh=True)
        return self._seconds is None or now < self._start + self._seconds

    def _line(self, recorder: RecorderNode, seconds: float) -> str:
        lost = recorder.lost.total() + self._sink.overrun.total()
        return (
            f'{seconds:.1f} s, {len(recorder.heard)} topics, {sum(recorder.heard.values()):,} '
            f'messages, {self._sink.writer.size / 1e6:,.1f} MB, {lost} lost'
        )


def _say(console: Console, recorder: RecorderNode, sink: BagSink) -> None:
    """Print what is in the bag, and what is not."""
    counts = sink.writer.counts
    seconds = max((counts.end_ns - counts.start_ns) * 1e-9, 1e-9)
    table = Table()
    for column in ('topic', 'messages', 'Hz', 'lost'):
        table.add_column(column, justify='left' if column == 'topic' else 'right')
    for name in sorted(recorder.heard):
        count = counts.messages.get(name, 0)
        lost = recorder.lost[name] + sink.overrun[name]
        table.add_row(name, str(count), f'{count / seconds:.1f}', str(lost))
    console.print(table)
    console.print(
        f'{counts.total:,} messages, {seconds:.1f} s, {sink.writer.size / 1e6:,.1f} MB in '
        f'{sink.writer.folder}'
    )
    if not recorder.heard:
        console.print('no topic of the stack was there: does it run, in this ROS_DOMAIN_ID?')
