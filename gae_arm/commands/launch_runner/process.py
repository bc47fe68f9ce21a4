"""From an `executable` or `node` in its scope to a process that is ready to be started."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gae_arm.commands.launch_runner import actions as a
from gae_arm.commands.launch_runner.log import DESTINATIONS
from gae_arm.commands.launch_runner.scope import Scope
from gae_arm.commands.launch_runner.source import Where
from gae_arm.commands.launch_runner.substitutions import expand
from gae_arm.commands.launch_runner.template import shell_words
from gae_arm.commands.launch_runner.values import coerce
from gae_arm.core.errors import ConfigError

TIMEOUT = 5.0  # s, of SIGINT and of SIGTERM, as in launch
OUTPUT_VARIABLE = 'OVERRIDE_LAUNCH_PROCESS_OUTPUT'


@dataclass(frozen=True)
class Process:
    """One program to run, with everything looked up. Times in seconds.

    label: `NAME-COUNT`, unique in this launch. output: a key of log.DESTINATIONS.
    respawn_limit: how often it may be started again; None: without end; 0: never.
    required: when it ends, everything ends.
    """

    where: Where
    label: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    cwd: str | None
    shell: bool
    emulate_tty: bool
    output: str
    respawn_limit: int | None
    respawn_delay: float
    sigterm_timeout: float
    sigkill_timeout: float
    required: bool


def build(action: a.Executable | a.Node, command: list[str], scope: Scope, number: int) -> Process:
    """Return the process of an action, the `number`-th of this launch, in this scope.

    Raises ConfigError with the line when an option is wrong or the program is not there.
    """
    options, where = action.options, action.where
    command = _with_prefix(command, options, scope, where)
    environment = dict(scope.environment)
    for name, value in options.environment:
        environment[expand(name, scope)] = expand(value, scope)
    label = Path(command[0]).name if action.label is None else expand(action.label, scope)
    process = Process(
        where=where,
        label=f'{label}-{number}',
        command=tuple(command),
        environment=environment,
        cwd=None if options.cwd is None else expand(options.cwd, scope),
        shell=isinstance(action, a.Executable) and action.shell,
        emulate_tty=_emulate_tty(options, scope, where),
        output=_output(options, scope),
        respawn_limit=_respawn_limit(options, scope),
        respawn_delay=options.respawn_delay or 0.0,
        sigterm_timeout=_timeout('sigterm_timeout', options.sigterm_timeout, scope, where),
        sigkill_timeout=_timeout('sigkill_timeout', options.sigkill_timeout, scope, where),
        required=options.required,
    )
    _refuse_unrunnable(process)
    return process


def _with_prefix(command: list[str], options: a.Options, scope: Scope, where: Where) -> list[str]:
    """Return the command behind its own `launch-prefix`, or behind the common one."""
    if not command:
        raise where.error('the command is empty')
    if options.prefix is not None:
        return [*shell_words(expand(options.prefix, scope), where), *command]
    wanted = scope.variables.get('launch-prefix-filter', '')
    try:
        meant = re.match(wanted, Path(command[0]).name)
    except re.error as error:
        raise where.error(f"'launch-prefix-filter' {wanted!r}: {error}") from error
    prefix = scope.variables.get('launch-prefix', '') if meant else ''
    return [*shell_words(prefix, where), *command]


def _emulate_tty(options: a.Options, scope: Scope, where: Where) -> bool:
    if 'emulate_tty' in scope.variables:
        return bool(coerce(scope.variables['emulate_tty'], 'bool', where))
    return bool(options.emulate_tty)


def _output(options: a.Options, scope: Scope) -> str:
    output = 'log' if options.output is None else expand(options.output, scope)
    output = os.environ.get(OUTPUT_VARIABLE, output)
    if output in DESTINATIONS:
        return output
    message = f"'output' is {output!r}; there are: {sorted(DESTINATIONS)}"
    raise options.output.where.error(message) if options.output else ConfigError(message)


def _respawn_limit(options: a.Options, scope: Scope) -> int | None:
    template, limit = options.respawn, options.respawn_max_retries
    if template is None or not coerce(expand(template, scope), 'bool', template.where):
        return 0
    return None if limit is None or limit < 0 else limit


def _timeout(name: str, seconds: float | None, scope: Scope, where: Where) -> float:
    if seconds is None:
        seconds = coerce(scope.variables.get(name, str(TIMEOUT)), 'float', where)
    if not seconds >= 0.0:
        raise where.error(f'{name!r} is {seconds}, expected seconds >= 0')
    return seconds


def _refuse_unrunnable(process: Process) -> None:
    """Raise when the program or its folder is not there, which the shell would say too late."""
    cwd, program = process.cwd or '.', process.command[0]
    if not Path(cwd).is_dir():
        raise process.where.error(f"'cwd' {cwd!r} is no folder")
    path = str(Path(cwd, program)) if '/' in program else program
    if not process.shell and not shutil.which(path, path=process.environment.get('PATH', '')):
        raise process.where.error(f'there is no program {program!r}')
