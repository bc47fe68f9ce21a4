"""Scenes in a folder: `NAME_rgb.png`, `NAME_depth.npy`, `NAME_camera.json`, `NAME_instruction.txt`.

Depth and camera are what `gae_arm.point_cloud.rgbd_files` reads; other suffixes are found as well.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gae_arm.core import checks
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import ConfigError
from gae_arm.point_cloud.rgbd_files import load_rgbd

PARTS = ('rgb', 'depth', 'camera', 'instruction')
NEEDED = PARTS[:3]
FRAME = 'camera_color_optical_frame'


@dataclass(frozen=True, eq=False)
class RgbdScene(checks.Contract):
    """One real image, where its camera stood, and what a person asked for.

    frame: with colour, stamp 0. T_base_camera: float64 (4, 4), None where nobody measured it.
    instruction: '' for none.
    """

    name: str
    frame: CameraFrame
    T_base_camera: np.ndarray | None
    instruction: str


def scene_names(folder: Path) -> list[str]:
    """Return the names of the scenes in a folder; raise ConfigError if there are none."""
    names = sorted(p.name.removesuffix(p.suffix)[: -len('_camera')] for p in _files(folder))
    if not names:
        raise ConfigError(f'{folder} has no scene: no file *_camera.json or *_camera.yaml')
    return names


def load_scene(folder: Path, name: str) -> RgbdScene:
    """Read one scene; raise ConfigError with the file for what is missing or cannot be read."""
    parts = {part: sorted(folder.glob(f'{name}_{part}.*')) for part in PARTS}
    missing = [part for part in NEEDED if not parts[part]]
    if missing:
        raise ConfigError(
            f'{folder} has no {[f"{name}_{part}.*" for part in missing]}; it has the scenes '
            f'{scene_names(folder)}'
        )
    frame, T = load_rgbd(*(parts[part][0] for part in NEEDED))
    text = parts['instruction'][0].read_text(encoding='utf-8') if parts['instruction'] else ''
    return RgbdScene(name, dataclasses.replace(frame, frame_id=FRAME), T, text.strip())


def _files(folder: Path) -> list[Path]:
    return [p for p in folder.glob('*_camera.*') if p.suffix in ('.json', '.yaml', '.yml')]
