"""Bench of the point-cloud node: from the camera's stamp to the cloud in another process."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gae_arm.commands.benches.cloud_scene import BenchScene
from gae_arm.commands.benches.measure import Row
from gae_arm.commands.running_graph import running_graph
from gae_arm.point_cloud.calibration.extrinsics import Extrinsics, save_extrinsics

SIZE = (640, 480)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gae bench cloud_node`."""
    parser.add_argument('--rate', type=float, default=30.0, help='images a second')
    parser.add_argument('--seconds', type=float, default=120.0, help='how long')


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield latency, losses and processor share."""
    from gae_arm.ros.cloud_watch import watch

    scene = BenchScene(*SIZE, args.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'scene.npz'
        _save(scene, path)
        camera = Path(folder) / 'camera.yaml'
        save_extrinsics(camera, Extrinsics(scene.base_frame, 'camera', scene.T_base_camera))
        arguments = {'camera': str(camera), 'calibration_health': 'false'}
        with running_graph('point_cloud.launch.yaml', arguments):
            seen = watch(path, args.rate, args.seconds)
    name = f'{SIZE[0]}x{SIZE[1]} at {args.rate:g} Hz'
    p50, p99 = np.percentile(seen.latency * 1e3, [50, 99])
    yield Row(f'{name}: stamp to points', 'ms', float(p50), float(p99), len(seen.latency))
    lost = float(seen.sent - len(seen.latency))
    yield Row(f'{name}: images without a cloud', 'of n', lost, lost, seen.sent)
    p50, p99 = np.percentile(seen.cores, [50, 99])
    yield Row(f'{name}: processor', 'cores', float(p50), float(p99), len(seen.cores))


def _save(scene: BenchScene, path: Path) -> None:
    np.savez(
        path,
        depth=scene.depth,
        K=scene.intrinsics.K,
        joint_names=np.array(list(scene.positions)),
        positions=np.array(list(scene.positions.values())),
    )
