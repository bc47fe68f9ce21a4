"""Make everything ready; done by ./gae before every verb, so here it only says so."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(args: argparse.Namespace) -> int:
    """Say that everything is ready."""
    print(f'ready: {sys.prefix}')
    return 0
