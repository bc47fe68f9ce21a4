"""The simulated arm as a node, seen from another process: pace, processor, rates, following."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from gae_arm.commands.benches.measure import Row
from gae_arm.commands.running_graph import running_graph
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file

SIZES = ((320, 240), (640, 480))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument('--seconds', type=float, default=20.0, help='how long at each image size')
    parser.add_argument('--arm', default='panda', help='a name in config/arms, or a YAML file')


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield the rows: without a camera, then with one of each size."""
    yield from _measure('no camera', args, {'camera_rate': '0.0'})
    for width, height in SIZES:
        size = {'camera_width': str(width), 'camera_height': str(height)}
        yield from _measure(f'{width}x{height}', args, size)


def _measure(label: str, args: argparse.Namespace, camera: dict[str, str]) -> Iterator[Row]:
    from gae_arm.ros.arm_watch import watch

    arguments = {'cloud': 'false', 'control': 'false', 'arm': args.arm, **camera}
    with running_graph('sim.launch.yaml', arguments):
        seen = watch(load_arm(arm_file(args.arm)), args.seconds, camera=label != 'no camera')
    yield _row(f'real-time factor, {label}', 'x', seen.real_time_factor)
    yield _row(f'processor, {label}', 'cores', seen.cpu_cores)
    if seen.images:
        yield _row(f'camera, {label}', 'Hz', np.array([seen.images / seen.seconds]))
    yield _row(f'joint_states interval, {label}', 'ms', seen.intervals * 1e3)
    jitter = np.abs(seen.intervals - np.median(seen.intervals))
    yield _row(f'joint_states jitter, {label}', 'ms', jitter * 1e3)
    yield _row(f'following error, {label}', 'mrad', seen.error * 1e3)


def _row(name: str, unit: str, values: np.ndarray) -> Row:
    p50, p99 = np.percentile(values, [50, 99])
    return Row(name, unit, float(p50), float(p99), len(values))
