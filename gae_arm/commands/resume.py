"""Let the arm move again after a stop, if nothing speaks against it."""

from __future__ import annotations

import argparse

from gae_arm.commands.trigger import trigger


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing can be chosen."""


def run(args: argparse.Namespace) -> int:
    """Do it."""
    return trigger('resume')
