"""Surfaces made by formula: grey images that shade a colour; the same name, the same image."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache

import numpy as np

SIDE = 128
Pattern = Callable[[np.random.Generator, np.ndarray, np.ndarray], np.ndarray]


def _plain(_: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.ones_like(u + v)


def _speckle(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    grain = rng.random((u + v).shape)
    return np.asarray(1.0 - 0.35 * (grain > 0.93) - 0.10 * (grain < 0.15))


def _linen(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    threads = 0.5 * np.sin(2 * np.pi * 32 * u) + 0.5 * np.sin(2 * np.pi * 32 * v)
    return np.asarray(0.9 + 0.08 * threads + 0.03 * rng.standard_normal(threads.shape))


def _wood(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    bend = 0.10 * np.sin(2 * np.pi * u + 1.0) + 0.02 * np.sin(4 * np.pi * u)
    rings = np.sin(2 * np.pi * (5 * v + 2 * bend)) + np.sin(2 * np.pi * (13 * v + 3 * bend))
    fibre = np.repeat(rng.standard_normal((SIDE, 1)), SIDE, axis=1)
    plank = np.where((4 * v) % 1 < 0.03, -0.16, 0.0)
    return np.asarray(0.90 + 0.025 * rings + 0.035 * fibre + plank)


def _checker(_: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.where((np.floor(8 * u) + np.floor(8 * v)) % 2 == 0, 1.0, 0.72)


def _stripes(_: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.where(np.floor(12 * (u + v)) % 2 == 0, 1.0, 0.74)


def _dots(_: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.where(np.hypot((6 * u) % 1 - 0.5, (6 * v) % 1 - 0.5) < 0.28, 0.66, 1.0)


def _marble(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    cloud = np.zeros_like(u + v)
    for octave in (1, 2, 4, 8):
        phase = rng.uniform(0, 2 * np.pi, 2)
        waves = np.sin(2 * np.pi * octave * u + phase[0]) + np.sin(
            2 * np.pi * octave * v + 2 * cloud + phase[1]
        )
        cloud = cloud + waves / octave
    veins = np.abs(np.sin(np.pi * (2 * u + 2 * v) + 1.2 * cloud))
    return np.asarray(1.0 - 0.35 * np.exp(-10 * veins))


_PATTERNS: dict[str, Pattern] = {
    'plain': _plain,
    'speckle': _speckle,
    'linen': _linen,
    'wood': _wood,
    'checker': _checker,
    'stripes': _stripes,
    'dots': _dots,
    'marble': _marble,
}
TEXTURES = tuple(_PATTERNS)


@cache
def texture_image(name: str) -> np.ndarray:
    """Return the image of one of TEXTURES, uint8 (SIDE, SIDE, 3), grey, read-only."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    u, v = np.meshgrid(*(np.arange(SIDE) / SIDE,) * 2)
    grey = np.clip(_PATTERNS[name](rng, u, v), 0.0, 1.0)
    image = np.repeat(np.rint(255 * grey).astype(np.uint8)[..., None], 3, axis=-1)
    image.flags.writeable = False
    return image
