"""Run a ROS 2 YAML launch file: every process in it, until they end or Ctrl-C.

FILE is a path, the name of a launch file of this stack (with or without .launch.yaml), or, as
`ros2 launch` takes it, a package and the name of one of its launch files. Ctrl-C ends every
process. The exit code is 0 unless a process died on its own.

Examples:
  gae launch sim arm:=panda
  gae launch path/to/robot.launch.yaml
  gae launch some_package robot.launch.yaml speed:=0.5
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from gae_arm.commands.launch_runner import packages
from gae_arm.commands.launch_runner.arguments import describe
from gae_arm.commands.launch_runner.interpreter import Interpreter, check_suffix
from gae_arm.commands.launch_runner.log import Log
from gae_arm.commands.launch_runner.source import absolute
from gae_arm.commands.launch_runner.supervisor import supervise
from gae_arm.core.errors import ConfigError

PACKAGE = 'gae_arm'
SUFFIX = '.launch.yaml'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare FILE, the launch arguments and --show-args."""
    parser.add_argument('file', metavar='FILE', help='path, name, or package followed by a name')
    parser.add_argument('arguments', metavar='name:=value', nargs='*', help='launch arguments')
    parser.add_argument(
        '-s', '--show-args', action='store_true', help="show the launch file's arguments and end"
    )


def run(args: argparse.Namespace) -> int:
    """Find the launch file and run it, or show its arguments."""
    file, arguments = find(args.file, args.arguments)
    if args.show_args:
        check_suffix(file)
        print(describe(file))
        return 0
    return run_file(file, parse_arguments(arguments))


def run_file(file: Path, arguments: Mapping[str, str]) -> int:
    """Run a launch file to its end; return 0, or 1 if a process died on its own.

    Raises ConfigError, before anything is started, when the file or the arguments are wrong.
    Must be called in the main thread.
    """
    log = Log()
    try:
        with tempfile.TemporaryDirectory(prefix='launch_params_') as folder:
            interpreter = Interpreter(Path(folder), log)
            interpreter.launch(file, arguments)
            failures = supervise(interpreter.processes, log)
    finally:
        log.close()
    for failure in failures:
        print(f'error: {failure}', file=sys.stderr)
    return 1 if failures else 0


def find(first: str, others: Sequence[str]) -> tuple[Path, list[str]]:
    """Return the launch file that the words mean, and the words that are left: its arguments."""
    if Path(first).is_file():
        return absolute(Path(first)), list(others)
    if others and ':=' not in others[0]:
        return packages.launch_file(first, others[0]), list(others[1:])
    folder = packages.share(PACKAGE) / 'launch'
    for path in (folder / first, folder / f'{first}{SUFFIX}'):
        if path.is_file():
            return path, list(others)
    there = sorted(p.name.removesuffix(SUFFIX) for p in folder.glob(f'*{SUFFIX}'))
    raise ConfigError(
        f'there is no launch file {first!r}: no such path, and {PACKAGE} has: {there}'
    )


def parse_arguments(words: Sequence[str]) -> dict[str, str]:
    """Return name and value of each NAME:=VALUE; of two with one name the last counts."""
    out = {}
    for word in words:
        name, sign, value = word.partition(':=')
        if not (name and sign and value):
            raise ConfigError(f'{word!r} is no launch argument; write NAME:=VALUE')
        out[name] = value
    return out
