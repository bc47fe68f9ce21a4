"""Run lint, types and all tests; what follows the verb goes to pytest.

Each part runs even if the one before failed, so that one run shows everything; pytest is last.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from gae_arm.core.errors import ConfigError
from gae_arm.core.paths import share_folder

PASSES_WORDS_ON = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        'pytest', nargs=argparse.REMAINDER, help='arguments for pytest; then only pytest runs'
    )


def run(args: argparse.Namespace) -> int:
    """Return 0 if every part passed."""
    root = share_folder()
    if not (root / 'test').is_dir():
        raise ConfigError(f'there is no folder test in {root}: run it in a checkout')
    words = [word for word in args.pytest if word != '--']
    parts = [] if words else [['ruff', 'format', '--check'], ['ruff', 'check'], ['mypy']]
    codes = [_part(part, root) for part in [*parts, ['pytest', *words]]]
    return 0 if not any(codes) else 1


def _part(words: list[str], root: Path) -> int:
    print(f'== {" ".join(words)}', flush=True)
    return subprocess.run([sys.executable, '-m', *words], cwd=root, check=False).returncode
