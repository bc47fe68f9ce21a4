"""Bench of the cloud: depth image -> cropped, masked cloud -> 512 local points, and messages."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gae_arm.commands.benches.measure import Row, compare

SIZES = ((160, 120), (320, 240), (640, 480), (848, 480), (1280, 720))
STAGES_SIZE = (640, 480)
MESSAGE_POINTS = 640 * 480


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gae bench cloud`."""
    parser.add_argument('--rounds', type=int, default=20, help='runs of every slow peer')
    parser.add_argument('--plot', type=Path, metavar='F', help='draw the cost over image sizes')


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield the full path at every image size, its stages, and the codec."""
    from gae_arm.commands.benches.cloud_peers import left_out

    for line in left_out():
        print(line, file=sys.stderr)
    full = []
    for size in SIZES:
        for row in _full_path(size, args.rounds, args.seed):
            full.append(row)
            yield row
    yield from _stages(args.rounds, args.seed)
    yield from _codec(args.rounds, args.seed)
    if args.plot is not None:
        _plot(args.plot, full)


def _full_path(size: tuple[int, int], rounds: int, seed: int) -> Iterator[Row]:
    from gae_arm.commands.benches.cloud_peers import full_paths
    from gae_arm.commands.benches.cloud_scene import BenchScene

    scene = BenchScene(*size, seed)
    peers = full_paths(scene)
    if size != STAGES_SIZE:
        # Plain numpy takes a second for a large image; once is enough.
        peers = {name: run for name, run in peers.items() if name.startswith('Open3D')}
    yield from compare(_name(size), scene.full_path, peers, rounds)


def _name(size: tuple[int, int]) -> str:
    return f'depth {size[0]}x{size[1]} to 512 local points'


def _stages(rounds: int, seed: int) -> Iterator[Row]:
    from gae_arm.commands.benches import cloud_peers
    from gae_arm.commands.benches.cloud_scene import BenchScene

    scene = BenchScene(*STAGES_SIZE, seed)
    cloud = scene.cloud().points.copy()
    near = cloud[((cloud - scene.center) ** 2).sum(1) < scene.sampler.radius**2]
    samplers = cloud_peers.samplers(near, scene.sampler.count)

    def sample() -> None:
        scene.sampler.sample(cloud, scene.center)

    def unmasked() -> None:
        scene.pipeline.process(scene.frame, scene.T_base_camera)

    size = f'{STAGES_SIZE[0]}x{STAGES_SIZE[1]}'
    yield from compare(f'{size}: depth to cloud', scene.cloud, cloud_peers.clouds(scene), rounds)
    yield from compare(f'{size}: depth to cloud, robot not masked', unmasked)
    yield from compare(f'{size}: depth to cloud, camera moved', scene.moving_camera)
    yield from compare(f'{size}: reading the depth once', scene.depth.max)
    yield from compare('link poses', lambda: scene.robot.link_transforms(scene.positions))
    yield from compare(f'cloud, {len(near):,} points near, to 512', sample, samplers, rounds)
    yield from _coverage(near, scene.sampler.sample(cloud, scene.center).points, seed)


def _coverage(near: np.ndarray, sample: np.ndarray, seed: int) -> Iterator[Row]:
    """Yield how far the points are from the nearest sample: ours, exact FPS, and chance."""
    from gae_arm.commands.benches.cloud_peers import farthest_points

    def distances(to: np.ndarray) -> np.ndarray:
        return 1000 * np.sqrt([((to - p) ** 2).sum(1).min() for p in near])

    ours = distances(sample)
    p50, p99 = (float(np.percentile(ours, q)) for q in (50, 99))
    chance = np.random.default_rng(seed).choice(len(near), len(sample), replace=False)
    for peer, other in (
        ('exact FPS', farthest_points(near, len(sample))),
        ('random', near[chance]),
    ):
        peer_p50 = float(np.median(distances(other)))
        yield Row('near point to nearest sample', 'mm', p50, p99, len(ours), peer, peer_p50)


def _codec(rounds: int, seed: int) -> Iterator[Row]:
    from gae_arm.commands.benches import cloud_peers
    from gae_arm.core.cloud_codec import decode, encode, read_points

    random = np.random.default_rng(seed)
    points = random.standard_normal((MESSAGE_POINTS, 3), np.float32)
    cloud = encode(points)

    def read() -> np.ndarray:
        layout = cloud.width, cloud.height, cloud.point_step, cloud.row_step, cloud.is_bigendian
        return read_points(decode(cloud.fields, *layout, cloud.data))

    encoders, decoders = cloud_peers.encoders(points), cloud_peers.decoders(points)
    yield from compare(f'encode {len(points):,} points', lambda: encode(points), encoders, rounds)
    yield from compare(f'decode {len(points):,} points', read, decoders, rounds)


def _plot(path: Path, full: list[Row]) -> None:
    from gae_arm.commands.benches.chart import draw_chart

    lines: dict[str, list[tuple[float, float]]] = {'ours': []}
    for size in SIZES:
        pixels, same = size[0] * size[1], [row for row in full if row.name == _name(size)]
        lines['ours'].append((pixels, same[0].p50))
        for row in same:
            if row.peer is not None and row.peer_p50 is not None:
                lines.setdefault(row.peer, []).append((pixels, row.peer_p50))
    ticks = [(width * height, f'{width}x{height}') for width, height in SIZES]
    title = 'A depth image to 512 local points around a pose'
    some = {name: points for name, points in lines.items() if len(points) > 1}
    draw_chart(path, title, ticks, 'milliseconds per frame, median', some)
