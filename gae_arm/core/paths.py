"""Where the package's own files are: `config/` and `launch/`, from a checkout or installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import gae_arm
from gae_arm.core.errors import ConfigError


def share_folder() -> Path:
    """Return the folder that holds `config/` and `launch/`.

    Searched in this order: the checkout that `gae_arm` is imported from, the prefixes of
    AMENT_PREFIX_PATH, the Python environment. Raises ConfigError with what was searched.
    """
    prefixes = [p for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    candidates = [
        Path(gae_arm.__file__).resolve().parents[1],
        *(Path(prefix) / 'share' / 'gae_arm' for prefix in (*prefixes, sys.prefix)),
    ]
    for folder in candidates:
        if (folder / 'config' / 'arms').is_dir():
            return folder
    raise ConfigError(f'no folder with config/arms; searched: {[str(c) for c in candidates]}')


def arm_file(name: str) -> Path:
    """Return the YAML file of an arm: a name in `config/arms/`, or a path to a file of your own."""
    if name.endswith(('.yaml', '.yml')):
        return Path(name)
    return share_folder() / 'config' / 'arms' / f'{name}.yaml'
