"""Bench of the cloud: depth image -> cropped, masked cloud -> 512 local points, and messages."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from gae_arm.commands.benches.measure import Row, compare

SIZES = ((160, 120), (320, 240), (640, 480), (848, 480), (1280, 720))
MESSAGE_POINTS = 640 * 480


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gae bench cloud`."""
    parser.add_argument('--rounds', type=int, default=20, help='runs of every slow peer')
    parser.add_argument('--plot', type=Path, metavar='F', help='draw the cost over image sizes')


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield the full path, its stages, the codec and the image sizes."""
    yield from _path(args.rounds, args.seed)
    yield from _codec(args.rounds, args.seed)
    sizes = list(_sizes(args.rounds, args.seed))
    yield from sizes
    if args.plot is not None:
        from gae_arm.commands.benches.cloud_plot import draw_sizes

        pixels = [width * height for width, height in SIZES]
        draw_sizes(args.plot, SIZES, pixels, sizes)


def _path(rounds: int, seed: int) -> Iterator[Row]:
    from gae_arm.commands.benches import cloud_peers
    from gae_arm.commands.benches.cloud_scene import BenchScene

    scene = BenchScene(640, 480, seed)
    cloud = scene.cloud().points.copy()
    near = cloud[((cloud - scene.center) ** 2).sum(1) < scene.sampler.radius**2]
    full = 'depth 640x480 to 512 local points'
    yield from compare(full, scene.full_path, cloud_peers.full_paths(scene), rounds)
    yield from compare('- depth to cloud', scene.cloud, cloud_peers.clouds(scene), rounds)
    samplers = cloud_peers.samplers(near, scene.sampler.count)
    sample = f'- cloud to local points ({len(near):,} in the sphere)'
    yield from compare(sample, lambda: scene.sampler.sample(cloud, scene.center), samplers, rounds)
    yield from compare('- link poses', lambda: scene.robot.link_transforms(scene.positions))
    unmasked = lambda: scene.pipeline.process(scene.frame, scene.T_base_camera)  # noqa: E731
    yield from compare('- depth to cloud, robot not masked', unmasked)
    yield from compare('- depth to cloud, camera moved', scene.moving_camera)
    yield from compare('- reading the depth image once', scene.depth.max)


def _codec(rounds: int, seed: int) -> Iterator[Row]:
    import numpy as np

    from gae_arm.commands.benches import cloud_peers
    from gae_arm.point_cloud.codec import decode, encode, read_points

    random = np.random.default_rng(seed)
    points = random.standard_normal((MESSAGE_POINTS, 3), np.float32)
    cloud = encode(points)

    def read() -> np.ndarray:
        layout = cloud.width, cloud.height, cloud.point_step, cloud.row_step, cloud.is_bigendian
        return read_points(decode(cloud.fields, *layout, cloud.data))

    encoders, decoders = cloud_peers.encoders(points), cloud_peers.decoders(cloud.data)
    yield from compare(f'encode {len(points):,} points', lambda: encode(points), encoders, rounds)
    yield from compare(f'decode {len(points):,} points', read, decoders, rounds)


def _sizes(rounds: int, seed: int) -> Iterator[Row]:
    from gae_arm.commands.benches.cloud_peers import Open3DRoute, optional
    from gae_arm.commands.benches.cloud_scene import BenchScene

    o3d = optional('open3d')
    for width, height in SIZES:
        scene = BenchScene(width, height, seed)
        name = f'depth {width}x{height} to 512 local points'
        route = 'Open3D: crop, local crop, voxel, FPS'
        peers = {} if o3d is None else {route: Open3DRoute(scene, o3d).local_samples}
        yield from compare(name, scene.full_path, peers, max(rounds // 2, 1))
