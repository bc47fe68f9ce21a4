"""Files that a verb writes at its end, checked before it begins: hours may lie between."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from gae_arm.core import checks
from gae_arm.core.errors import ConfigError


def check_outputs(args: argparse.Namespace) -> None:
    """Check the files of --json and --plot.

    Raises ConfigError for one that cannot be written, InvalidValueError for a picture of a kind
    that cannot be drawn.
    """
    for name in ('json', 'plot'):
        path = getattr(args, name, None)
        if isinstance(path, Path):
            _check_file(path)
    if isinstance(plot := getattr(args, 'plot', None), Path):
        _check_picture(plot)


def _check_file(path: Path) -> None:
    if not path.parent.is_dir():
        raise ConfigError(f'{path} cannot be written: there is no folder {path.parent}')
    if path.is_dir():
        raise ConfigError(f'{path} cannot be written: it is a folder')
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError(f'{path} cannot be written: it is not allowed')


def _check_picture(path: Path) -> None:
    from matplotlib.backend_bases import FigureCanvasBase

    kinds = FigureCanvasBase.get_supported_filetypes()
    if path.suffix:  # Without one matplotlib adds .png.
        checks.known('kind of picture', path.suffix[1:].lower(), kinds)
