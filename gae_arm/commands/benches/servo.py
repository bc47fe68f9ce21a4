"""Bench of the node `arm_control`: how punctual its commands are, what a tick takes, how fresh.

Jitter is |dt - T| between two commands as the sender's DDS stamped them, while the arm is led on a
circle by chunks from another process. Loaded: one process more per core that never rests.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from gae_arm.arm_control.loop_record import KEPT
from gae_arm.commands.benches.measure import Row, compare, summary
from gae_arm.commands.running_graph import launched, own_domain
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file

RATES = (100, 250)
FIFO = 40
STEPS = (0.0, 0.01, 0.03, 0.06, 0.1)
TICKS = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gae bench servo`."""
    parser.add_argument('--seconds', type=float, default=30.0, help='how long for each row')
    parser.add_argument('--arm', default='panda', help='a name in config/arms, or a YAML file')


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield jitter and latency of the node, and the cost of kinematics and governor."""
    for rate in RATES:
        yield from _jitter(args, rate, 'idle', 0)
        with _busy_cores():
            yield from _jitter(args, rate, 'loaded', 0)
            yield from _jitter(args, rate, 'loaded fifo', FIFO)
    yield from _ticks(args.arm)


def _jitter(args: argparse.Namespace, rate: int, label: str, priority: int) -> Iterator[Row]:
    from gae_arm.ros.command_watch import watch

    period = 1.0 / rate
    off = dict.fromkeys(('cloud', 'control', 'expert'), 'false')
    alone = {'arm': args.arm, 'camera_rate': '0.0', **off}
    control = {
        'arm': args.arm,
        'use_cloud': 'false',
        'period': str(period),
        'real_time_priority': str(priority),
    }
    with (
        own_domain(),
        launched('sim.launch.yaml', alone),
        launched('arm_control.launch.yaml', control),
    ):
        seen = watch(load_arm(arm_file(args.arm)), args.seconds)
    granted = seen.health['real_time']
    if priority and 'SCHED_FIFO' not in granted.split(',')[0]:
        print(f'jitter {rate} Hz {label}: left out; {granted}', file=sys.stderr)
        return
    jitter = np.abs(seen.intervals - period) * 1e3
    row = summary(f'jitter {rate} Hz {label}', 'ms', jitter.tolist())
    yield dataclasses.replace(row, max=float(jitter.max()))
    p50, p99 = (float(seen.health[f'state_to_command_{p}_ms']) for p in ('p50', 'p99'))
    yield Row(f'sense to command, {rate} Hz {label}', 'ms', p50, p99, min(len(jitter), KEPT))
    yield summary(f'stop to standing, {rate} Hz {label}', 'ms', (seen.stops * 1e3).tolist())


@contextmanager
def _busy_cores() -> Iterator[None]:
    """Keep every core busy with a process of ordinary priority."""
    command = [sys.executable, '-c', 'while True: pass']
    busy = [subprocess.Popen(command) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def _ticks(name: str) -> Iterator[Row]:
    """Yield what one tick spends on the chunk's inverse kinematics, and in the governor."""
    from gae_arm.arm_control.ik import DifferentialIk
    from gae_arm.arm_control.kinematics import Kinematics
    from gae_arm.commands.benches.governor_tick import TickBench, wave

    kinematics = Kinematics(load_arm(arm_file(name)))
    ik = DifferentialIk(kinematics)
    gaps = np.diff(STEPS, prepend=-STEPS[1])
    starts = iter(np.arange(TICKS) * 0.01)

    def solve() -> None:
        seconds = next(starts)
        q = wave(kinematics.arm, np.array([seconds]))[0]
        targets = wave(kinematics.arm, seconds + np.array(STEPS))
        for target, gap in zip(targets, gaps, strict=True):
            q = q + gap * ik.step(q, kinematics.forward(target), gap).q_dot

    yield from compare('ik tick', solve)
    yield from compare('governor tick', TickBench(name, rules=True), rounds=30)
