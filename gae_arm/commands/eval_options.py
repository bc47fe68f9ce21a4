"""The options of `gae eval`: of each suite those that mean something to it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

ARMS = ('panda', 'ur5', 'xarm7')
Parser = argparse.ArgumentParser
AXES = 'AXIS=training, AXIS=held_out or AXIS.QUANTITY=VALUE; may be repeated; see gae eval axes'
FACTOR = '--through-ros: simulated seconds a second; less on a busy machine'
FILMED = 'numbers of the episodes in the video, with commas, from 0, for each task and policy'
PLANS = 'who plans: oracle, which knows the truth; persistent, which tries again; or a model'


def tabletop(parser: Parser) -> None:
    """Add all that can be chosen about trials, and their errors."""
    parser.add_argument('--planner', default='oracle', metavar='M', help=PLANS)
    _add_trials(parser)
    _add_errors(parser)
    _add_film(parser)


def robustness(parser: Parser) -> None:
    """Add what trials are, and which errors grow."""
    add = parser.add_argument
    add('--sweep', default='all', help='which errors, with commas')
    add('--plot', type=Path, metavar='F', help='draw the curves')
    _add_trials(parser)


def obedience(parser: Parser) -> None:
    """Add what trials are; their plans are what is measured."""
    _add_trials(parser)
    _add_film(parser)


def planner(parser: Parser) -> None:
    """Add the model, and how many pictures it sees."""
    add = parser.add_argument
    add('--model', default='bundled', metavar='M', help='as `gae plan` takes it')
    add('--episodes', type=int, default=10, metavar='N', help='pictures of each range')
    add('--seed', type=int, default=0, help='of the first picture; the next ones follow')
    add('--json', type=Path, metavar='F', help='write the rows to this file')


def axes(parser: Parser) -> None:
    """Add nothing: a list has no options."""


def _add_trials(parser: Parser) -> None:
    add = parser.add_argument
    add('--policy', default='spline', help='names, with commas')
    add('--weights', default='', metavar='FOLDER', help='expert: its weights; none: the shipped')
    add('--steps', type=int, default=1, metavar='N', help='expert: of the flow to an answer')
    add('--arm', default='panda', help=f'names, with commas: {", ".join(ARMS)}')
    add('--task', default='all', help='names, with commas; all by default')
    add('--episodes', type=int, default=10, metavar='N', help='for each task, policy and arm')
    add('--seed', type=int, default=0, help='of the first episode; the next ones follow')
    add('--training', action='store_true', help='draw from the training ranges, not the held-out')
    add('--axis', action='append', default=[], metavar='CHOICE', help=AXES)
    add('--through-ros', action='store_true', help='on a graph of real nodes, one trial at a time')
    add('--real-time-factor', type=float, default=0.5, metavar='F', help=FACTOR)
    add('--workers', type=int, default=os.cpu_count() or 1, help='processes')
    add('--log', type=Path, metavar='F', help='results as they come; taken up again')
    add('--json', type=Path, metavar='F', help='write the rows to this file')


def _add_errors(parser: Parser) -> None:
    add = parser.add_argument
    add('--waypoint-noise', type=float, default=0.0, metavar='M', help='std along each axis')
    add('--orientation-noise', type=float, default=0.0, metavar='DEG', help='std about each axis')
    depth = 'std of the depth of every pixel and of every waypoint'
    add('--depth-noise', type=float, default=0.0, metavar='M', help=depth)
    add('--delay', type=float, default=0.0, metavar='S', help='from the cloud to its chunk')
    add('--drop', type=float, default=0.0, metavar='SHARE', help='of clouds that are lost')
    add('--drop-points', type=float, default=0.0, metavar='SHARE', help='of the points of a cloud')


def _add_film(parser: Parser) -> None:
    add = parser.add_argument
    add('--video', type=Path, metavar='F', help='write chosen episodes to an .mp4 or .gif')
    add('--video-episodes', default='0', metavar='N', help=FILMED)
