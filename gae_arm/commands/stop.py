"""Stop the arm: it brakes and stands until `gae resume`.

Not a replacement for the emergency stop of your robot.
"""

from __future__ import annotations

import argparse

from gae_arm.commands.trigger import trigger


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing can be chosen."""


def run(args: argparse.Namespace) -> int:
    """Do it."""
    return trigger('stop')
