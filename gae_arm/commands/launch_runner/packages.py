"""Where packages, their executables and their launch files are, by the ament index."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

from ament_index_python.packages import get_packages_with_prefixes

from gae_arm.core.errors import ConfigError


def prefix(package: str) -> Path:
    """Return the folder that the package is installed in; ConfigError lists similar ones."""
    try:
        packages = get_packages_with_prefixes()
    except OSError as error:
        raise ConfigError(
            f'cannot look for package {package!r}: AMENT_PREFIX_PATH is not set (source a ROS '
            'workspace, or use ./gae)'
        ) from error
    if package not in packages:
        raise ConfigError(f'package {package!r} is not installed; {_nearest(package, packages)}')
    return Path(packages[package])


def share(package: str) -> Path:
    """Return the package's share folder."""
    return prefix(package) / 'share' / package


def executable(package: str, name: str) -> Path:
    """Return the path of lib/PACKAGE/NAME; ConfigError lists the package's executables."""
    folder = prefix(package) / 'lib' / package
    path = folder / name
    if name and path.is_file() and os.access(path, os.X_OK):
        return path
    there = sorted(p.name for p in folder.glob('*') if p.is_file() and os.access(p, os.X_OK))
    raise ConfigError(f'package {package!r} has no executable {name!r}; it has: {there}')


def launch_file(package: str, name: str) -> Path:
    """Return the file of this name anywhere in the package's share folder, as `ros2 launch` does.

    ConfigError lists the package's launch files if there is none, the candidates if several.
    """
    folder = share(package)
    files = sorted(p for p in folder.rglob('*') if p.is_file())
    found = [p for p in files if p.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f'package {package!r} has several {name!r}: {[str(p) for p in found]}')
    there = [p.name for p in files if '.launch.' in p.name]
    raise ConfigError(f'package {package!r} has no launch file {name!r}; it has: {there}')


def _nearest(name: str, names: Iterable[str]) -> str:
    names = sorted(names)
    near = difflib.get_close_matches(name, names, n=5)
    return f'did you mean one of {near}?' if near else f'there are: {names}'
