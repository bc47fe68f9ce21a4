"""Bench of loading demonstrations, beside a plain torch DataLoader over .npz files."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gae_arm.commands.benches.measure import Row

STEPS, POINTS, HORIZON, BATCH = 200, 2048, 16, 64
FRAMES, SIZE = 20, (120, 160)
ROUNDS, SECONDS = 7, 0.4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gae bench data`."""
    parser.add_argument('--episodes', type=int, default=32, help='episodes of the made data set')


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield windows per second with and without clouds, time to write, bytes of an episode."""
    from gae_arm.demonstrations.dataset import Dataset

    random = np.random.default_rng(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        dataset = Dataset.create(Path(folder) / 'ours', {'made for': 'bench data'})
        (Path(folder) / 'npz').mkdir()
        writing = []
        for number in range(args.episodes):
            episode = _episode(random, number)
            start = time.perf_counter()
            dataset.add(number, episode)
            writing.append(1e3 * (time.perf_counter() - start))
            _write_npz(Path(folder) / 'npz' / f'{number}.npz', episode)
        yield _row('write an episode', 'ms', writing)
        sizes = [path.stat().st_size / 1e3 for path in dataset.paths.values()]
        peers = [path.stat().st_size / 1e3 for path in Path(folder, 'npz').iterdir()]
        yield _row('an episode on disk', 'kB', sizes, '.npz of the same', float(np.median(peers)))
        yield from _loading(dataset, Path(folder) / 'npz', args.seed)


def _loading(dataset: Any, npz: Path, seed: int) -> Iterator[Row]:
    """Yield the time of a window, ours and the peer's in turn, so that both meet busy moments."""
    from gae_arm.demonstrations.order import Batches, OrderSettings
    from gae_arm.demonstrations.windows import Windows, WindowSettings

    for clouds in (True, False):
        windows = Windows(dataset, WindowSettings(horizon=HORIZON, clouds=clouds))
        order = iter(Batches(windows.counts, OrderSettings(batch=BATCH, seed=seed)))

        def ours(windows: Any = windows, order: Any = order) -> None:
            windows.batch(next(order))

        peer = _torch_loader(npz, clouds, seed)
        name = f'a window {"with a cloud" if clouds else "of motion alone"}'
        mine, other = [], []
        for _ in range(ROUNDS):
            mine.append(_microseconds(ours))
            if peer is not None:
                other.append(_microseconds(peer))
        beside = float(np.median(other)) if other else None
        title = 'torch DataLoader over .npz' if other else None
        yield _row(name, 'us', mine, title, beside)
        print(f'{name}: {1e6 / np.median(mine):,.0f} a second', file=sys.stderr)


def _torch_loader(folder: Path, clouds: bool, seed: int) -> Callable[[], None] | None:
    """Return what takes one batch from a plain DataLoader, or None without torch."""
    try:
        import torch
    except ImportError:
        print(
            'without torch there is no peer: pip install -r requirements/train.txt', file=sys.stderr
        )
        return None

    paths = sorted(folder.iterdir())

    class Plain(torch.utils.data.Dataset):  # type: ignore[type-arg]
        """What one writes first: open the file, take the step's part."""

        def __len__(self) -> int:
            return STEPS * len(paths)

        def __getitem__(self, index: int) -> dict[str, np.ndarray]:
            t = index % STEPS
            ahead = np.minimum(np.arange(t, t + HORIZON), STEPS - 1)
            with np.load(paths[index // STEPS], allow_pickle=False) as file:
                out = {key: file[key][t] for key in ('position', 'orientation', 'gripper')}
                for key in ('action_position', 'action_orientation', 'action_gripper'):
                    out[key] = file[key][ahead]
                if clouds:
                    out['cloud'] = file['points'][t // 2].astype(np.float32)
            return out

    generator = torch.Generator().manual_seed(seed)
    loader = torch.utils.data.DataLoader(Plain(), BATCH, shuffle=True, generator=generator)
    batches = iter(loader)

    def take() -> None:
        nonlocal batches
        try:
            next(batches)
        except StopIteration:
            batches = iter(loader)
            next(batches)

    return take


def _microseconds(take: Callable[[], None]) -> float:
    """Return the time of one window over a while of taking batches."""
    take()
    start = time.perf_counter()
    count = 0
    while time.perf_counter() - start < SECONDS or not count:
        take()
        count += BATCH
    return 1e6 * (time.perf_counter() - start) / count


def _row(
    name: str, unit: str, values: list[float], peer: str | None = None, beside: float | None = None
) -> Row:
    p50, p99 = (float(np.percentile(values, q)) for q in (50, 99))
    return Row(name, unit, p50, p99, len(values), peer, beside)


def _episode(random: np.random.Generator, seed: int) -> Any:
    """Return ten seconds at 20 Hz, clouds at 10 Hz, images at 2 Hz."""
    from gae_arm.core.camera import CameraIntrinsics
    from gae_arm.demonstrations.episode import CameraTrack, CloudTrack, Episode

    stamps = np.arange(STEPS) * 50_000_000
    position = np.cumsum(0.005 * random.standard_normal((STEPS, 3)), 0)
    down = np.tile([1.0, 0.0, 0.0, 0.0], (STEPS, 1))
    gripper = (np.arange(STEPS) < STEPS // 2).astype(float)
    joints = np.cumsum(0.01 * random.standard_normal((STEPS, 7)), 0)
    clouds = [random.random((POINTS, 3), np.float32) for _ in range(STEPS // 2)]
    height, width = SIZE
    v, u = np.mgrid[:height, :width]
    smooth = np.stack([u, v, (u * v) // 80], -1) % 256
    color = np.tile(smooth.astype(np.uint8), (FRAMES, 1, 1, 1))
    depth = (900 + u + random.integers(0, 8, (FRAMES, height, width))).astype(np.uint16)
    K = np.array([[150.0, 0, (width - 1) / 2], [0, 150.0, (height - 1) / 2], [0, 0, 1]])
    camera = CameraTrack(
        'camera',
        'camera_color_optical_frame',
        stamps[:: STEPS // FRAMES],
        color,
        depth,
        CameraIntrinsics(width, height, K),
        np.tile(np.eye(4), (FRAMES, 1, 1)),
    )
    return Episode(
        arm='panda',
        base_frame='panda_link0',
        joint_names=tuple(f'panda_joint{i}' for i in range(1, 8)),
        stamps_ns=stamps,
        joint_position=joints,
        joint_velocity=np.zeros_like(joints),
        position=position,
        orientation=down,
        gripper=gripper,
        action_position=position,
        action_orientation=down,
        action_gripper=gripper,
        instruction='a bench',
        task='bench',
        source='gae bench data',
        seed=seed,
        keyframes=np.array([STEPS // 2, STEPS - 1]),
        clouds=CloudTrack.of(stamps[::2], clouds),
        cameras=(camera,),
    )


def _write_npz(path: Path, episode: Any) -> None:
    """Write what the peer reads: the same numbers, as one writes them first."""
    keys = ('position', 'orientation', 'gripper')
    arrays = {key: getattr(episode, key).astype(np.float32) for key in keys}
    arrays |= {
        f'action_{key}': getattr(episode, f'action_{key}').astype(np.float32) for key in keys
    }
    camera = episode.cameras[0]
    arrays |= {'points': episode.clouds.points.reshape(-1, POINTS, 3)}
    np.savez(path, **arrays, color=camera.color, depth=camera.depth)
