"""Statistics as LeRobot keeps them: of each feature, for an episode and for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np

QUANTILES = {'q01': 0.01, 'q10': 0.1, 'q50': 0.5, 'q90': 0.9, 'q99': 0.99}
FRAMES = 10
Stats = dict[str, dict[str, np.ndarray]]


def numbers(values: np.ndarray) -> dict[str, np.ndarray]:
    """Return min, max, mean, std, count and quantiles over the rows of (T, D)."""
    v = np.asarray(values, np.float64)
    out = {'min': v.min(0), 'max': v.max(0), 'mean': v.mean(0), 'std': v.std(0)}
    out['count'] = np.array([len(v)])
    return out | {name: np.quantile(v, q, axis=0) for name, q in QUANTILES.items()}


def pixels(images: np.ndarray, scale: float) -> dict[str, np.ndarray]:
    """Return the same for each channel, (C, 1, 1), of images (F, H, W, C); count is the frames.

    A sample of frames and pixels is enough. scale: 1/255 for colour, 1 for depth.
    """
    chosen = images[np.unique(np.linspace(0, len(images) - 1, FRAMES).astype(int)), ::2, ::2]
    found = numbers(chosen.reshape(-1, images.shape[-1]) * scale)
    out = {key: value[:, None, None] for key, value in found.items() if key != 'count'}
    return {**out, 'count': np.array([len(images)])}


def combined(episodes: list[Stats]) -> Stats:
    """Return the statistics of all episodes.

    Exact, except for the quantiles: their means weighted by count, as LeRobot does it.
    """
    return {key: _combined([stats[key] for stats in episodes]) for key in episodes[0]}


def _combined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    counts = np.array([float(part['count'][0]) for part in parts])
    weights = counts / counts.sum()

    def weighted(values: list[np.ndarray]) -> np.ndarray:
        return np.tensordot(weights, np.stack(values), 1)

    mean = weighted([part['mean'] for part in parts])
    variance = weighted([part['std'] ** 2 + (part['mean'] - mean) ** 2 for part in parts])
    out = {
        'min': np.min([part['min'] for part in parts], axis=0),
        'max': np.max([part['max'] for part in parts], axis=0),
        'mean': mean,
        'std': np.sqrt(variance),
        'count': np.array([int(counts.sum())]),
    }
    return out | {name: weighted([part[name] for part in parts]) for name in QUANTILES}


def plain(stats: Stats) -> dict[str, Any]:
    """Return the statistics as lists, for JSON."""
    return {k: {name: v.tolist() for name, v in part.items()} for k, part in stats.items()}
