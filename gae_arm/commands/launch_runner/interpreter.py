"""Walks through the actions of a launch file, in order, and collects the processes to start.

Nothing is started here: a file that is wrong in its last line starts nothing at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from gae_arm.commands.launch_runner import actions as a
from gae_arm.commands.launch_runner import node as nodes
from gae_arm.commands.launch_runner.arguments import declarations, own_arguments
from gae_arm.commands.launch_runner.document import SUFFIXES, read
from gae_arm.commands.launch_runner.log import Log
from gae_arm.commands.launch_runner.process import Process, build
from gae_arm.commands.launch_runner.scope import Place, Scope
from gae_arm.commands.launch_runner.source import Where, absolute
from gae_arm.commands.launch_runner.substitutions import expand, truth
from gae_arm.core.errors import ConfigError

MOST_INCLUDES = 30
# Variables that every launch file takes as arguments, because launch itself reads them.
BUILT_IN = (
    'sigterm_timeout',
    'sigkill_timeout',
    'launch-prefix',
    'launch-prefix-filter',
    'emulate_tty',
    nodes.NAMESPACE,
)


class Interpreter:
    """Runs launch files; the processes found so far are in `processes`.

    folder: where parameter files are written; must live as long as the processes.
    """

    def __init__(self, folder: Path, log: Log) -> None:
        self.processes: list[Process] = []
        self._folder, self._log = folder, log
        self._environment = dict(os.environ)
        self._depth = 0

    def launch(self, file: Path, given: Mapping[str, str]) -> None:
        """Run the launch file with arguments; raise ConfigError at the first thing wrong."""
        file = absolute(file)
        check_suffix(file)
        scope = Scope(dict(given), dict(self._environment), Place(file))
        self._run_file(read(file), set(given), scope, None)

    def _run_file(
        self, document: a.Document, given: set[str], scope: Scope, caller: Where | None
    ) -> set[str]:
        """Run a file's actions; return the names of the arguments it declares.

        given: the names of the arguments that the caller (None: the command line) has set.
        """
        file = scope.place.file
        for argument in own_arguments(document.actions):
            if argument.default is None and argument.name not in given:
                raise _missing(argument, given, caller or argument.where)
        if document.deprecated is not None:
            self._log.warning('launch', f'{file} is deprecated: {document.deprecated}')
        declared = self._run(document.actions, scope)
        unknown = sorted(given - declared - set(BUILT_IN))
        if unknown:
            raise (caller or document.where).error(
                f'{file.name} has no argument {unknown}; it has: {sorted(declared)}'
            )
        return declared

    def _run(self, actions: Iterable[a.Action], scope: Scope) -> set[str]:
        """Run actions; return the names of all arguments they declare, also in branches not run."""
        declared: set[str] = set()
        for action in actions:
            condition = action.condition
            if condition is None or truth(condition.expression, scope) == condition.wanted:
                declared |= self._do(action, scope)
            else:
                declared |= {argument.name for argument, _ in declarations([action], scope)}
        return declared

    def _do(self, action: a.Action, scope: Scope) -> set[str]:
        match action:
            case a.Argument():
                _declare(action, scope)
                return {action.name}
            case a.Group():
                return self._group(action, scope)
            case a.Include():
                return self._include(action, scope)
            case a.Let():
                scope.variables[expand(action.name, scope)] = expand(action.value, scope)
            case a.SetEnvironment():
                scope.environment[expand(action.name, scope)] = expand(action.value, scope)
            case a.UnsetEnvironment():
                scope.environment.pop(expand(action.name, scope), None)
            case a.Log():
                self._log.info('launch.user', expand(action.message, scope))
            case a.PushNamespace():
                nodes.push_namespace(action.namespace, scope)
            case a.SetRemap():
                scope.remaps.append((expand(action.source, scope), expand(action.target, scope)))
            case a.Executable():
                command = [expand(word, scope) for word in action.command]
                self._add(action, command, scope)
            case a.Node():
                command = nodes.command(action, scope, self._folder)
                self._add(action, command, scope)
        return set()

    def _add(self, action: a.Executable | a.Node, command: list[str], scope: Scope) -> None:
        self.processes.append(build(action, command, scope, len(self.processes) + 1))

    def _group(self, group: a.Group, scope: Scope) -> set[str]:
        inner = scope.inner() if group.scoped else scope
        closed = group.scoped and not group.forwarding
        if closed:
            inner.environment.clear()
            inner.environment.update(self._environment)
        kept = {expand(name, inner): expand(value, inner) for name, value in group.keep}
        if closed:
            inner.variables.clear()
            inner.remaps.clear()
        inner.variables.update(kept)
        return self._run(group.actions, inner)

    def _include(self, include: a.Include, scope: Scope) -> set[str]:
        where, file = include.where, absolute(Path(expand(include.file, scope)))
        if self._depth == MOST_INCLUDES:
            raise where.error(f'{file} is included {MOST_INCLUDES} levels deep: a circle?')
        given = set()
        for name, value in include.arguments:
            given.add(key := expand(name, scope))
            scope.variables[key] = expand(value, scope)
        with where.named():
            check_suffix(file)
            document = read(file)
        inner = scope.included(file)
        self._depth += 1
        declared = self._run_file(document, given, inner, where)
        self._depth -= 1
        scope.place.included = inner.place.included or file
        return declared


def check_suffix(file: Path) -> None:
    """Raise ConfigError unless this is a YAML launch file that exists."""
    if file.suffix not in SUFFIXES:
        raise ConfigError(f'{file} is not a YAML launch file (*.launch.yaml); use `ros2 launch`')
    if not file.is_file():
        raise ConfigError(f'there is no launch file {file}')


def _missing(argument: a.Argument, given: Iterable[str], where: Where) -> ConfigError:
    text = f' ({argument.description})' if argument.description else ''
    return where.error(
        f'{argument.where.file.name} needs the argument {argument.name!r}{text}, which has no '
        f'default; given are: {sorted(given)}'
    )


def _declare(argument: a.Argument, scope: Scope) -> None:
    if argument.name not in scope.variables:
        if argument.default is None:
            raise _missing(argument, scope.variables, argument.where)
        scope.variables[argument.name] = expand(argument.default, scope)
    value = scope.variables[argument.name]
    if argument.choices and value not in argument.choices:
        raise argument.where.error(
            f'argument {argument.name!r} is {value!r}; it can be: {list(argument.choices)}'
        )
