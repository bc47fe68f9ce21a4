"""Results as JSON: what was measured, by which command, commit, seed and machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gae_arm.core.errors import ConfigError


def write_results(path: Path, rows: Sequence[dict[str, Any]], seed: int | None) -> None:
    """Write {"command", "commit", "seed", "machine", "rows"}; raise ConfigError if impossible."""
    results = {
        'command': ' '.join(['gae', *sys.argv[1:]]),
        'commit': commit(),
        'seed': seed,
        'machine': machine(),
        'rows': list(rows),
    }
    try:
        path.write_text(json.dumps(results, indent=2, allow_nan=False) + '\n')
    except OSError as error:
        raise ConfigError(f'{path} cannot be written: {error}') from error


def commit() -> str | None:
    """Return the commit of the checkout this runs from, '-dirty' with changes; None without git."""
    command = ['git', 'describe', '--always', '--dirty', '--abbrev=12', '--exclude=*']
    folder = Path(__file__).resolve().parent
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def machine() -> str:
    """Return processor, cores this process may use, and Python, for a person."""
    return (
        f'{_processor()}, {len(os.sched_getaffinity(0))} cores, {platform.system()}, '
        f'Python {platform.python_version()}'
    )


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.machine()
