"""Let the arm move again after a stop, if nothing speaks against it.

A real arm that was started with arm.launch.yaml waits for this, too, once `gae doctor --arm` has
passed. It moves slowly then, until --full-speed.
"""

from __future__ import annotations

import argparse

from gae_arm.commands.trigger import trigger


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        '--full-speed', action='store_true', help='end the slow first motion of a real arm'
    )


def run(args: argparse.Namespace) -> int:
    """Do it."""
    trigger('resume')
    return trigger('full_speed') if args.full_speed else 0
