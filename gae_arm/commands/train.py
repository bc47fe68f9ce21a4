"""Train what the stack learns from data: planner and action expert.

gae train planner --out runs/planner                   start, or resume where it stopped
gae train planner --out runs/planner --evaluate 500    only measure what is there
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

TRAININGS = {
    'planner': 'the small vision-language model that ships with the stack',
    'expert': 'the network that corrects waypoints by what the cloud shows',
    'appf': 'the expert: motion first, then clouds, against clouds from scratch',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of each training."""
    names = parser.add_subparsers(dest='name', metavar='NAME', required=True, title='what to train')
    for name, text in TRAININGS.items():
        module = _module(name)
        one = names.add_parser(name, help=text, description=module.__doc__)
        one.formatter_class = argparse.RawDescriptionHelpFormatter
        module.add_arguments(one)


def run(args: argparse.Namespace) -> int:
    """Run the training that was named."""
    return int(_module(args.name).run(args))


def _module(name: str) -> Any:
    return importlib.import_module(f'gae_arm.commands.trainings.{name}')
