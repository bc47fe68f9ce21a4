"""Clouds as PLY files, which MeshLab, CloudCompare, Blender and Open3D read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gae_arm.core.errors import ConfigError, InvalidValueError

TYPES = {'<f4': 'float', '|u1': 'uchar'}


def write_ply(path: Path, points: np.ndarray, colors: np.ndarray | None = None) -> None:
    """Write points (N, 3), metres, with colors uint8 (N, 3) if given, as a binary PLY file.

    Raises ConfigError if the file cannot be written.
    """
    columns = [(axis, '<f4') for axis in 'xyz']
    if colors is not None:
        if colors.shape != points.shape:
            raise InvalidValueError(f'{colors.shape} colours for {points.shape} points')
        columns += [(name, '|u1') for name in ('red', 'green', 'blue')]
    rows = np.empty(len(points), columns)
    for i, (name, _) in enumerate(columns):
        rows[name] = points[:, i] if i < 3 else colors[:, i - 3]  # type: ignore[index]
    header = ['ply', 'format binary_little_endian 1.0', f'element vertex {len(rows)}']
    header += [f'property {TYPES[kind]} {name}' for name, kind in columns] + ['end_header', '']
    try:
        path.write_bytes('\n'.join(header).encode() + rows.tobytes())
    except OSError as error:
        raise ConfigError(f'{path} cannot be written: {error}') from error
