"""The arguments that a launch file declares, found without running it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from gae_arm.commands.launch_runner import actions as a
from gae_arm.commands.launch_runner.document import read
from gae_arm.commands.launch_runner.scope import Place, Scope
from gae_arm.commands.launch_runner.source import absolute
from gae_arm.commands.launch_runner.substitutions import expand
from gae_arm.core.errors import ConfigError


def own_arguments(actions: Iterable[a.Action]) -> Iterator[a.Argument]:
    """Yield the arguments of one file that stand under no condition; includes are not followed."""
    for action in actions:
        if action.condition is not None:
            continue
        if isinstance(action, a.Argument):
            yield action
        elif isinstance(action, a.Group):
            yield from own_arguments(action.actions)


def declarations(
    actions: Iterable[a.Action], scope: Scope, conditional: bool = False
) -> list[tuple[a.Argument, bool]]:
    """Return the arguments that these actions declare and whether they stand under a condition.

    Follows the includes whose path is known in this scope. The first of each name counts.
    """
    found: dict[str, tuple[a.Argument, bool]] = {}
    for argument, below in _walk(actions, scope, conditional, frozenset({scope.place.file})):
        found.setdefault(argument.name, (argument, below))
    return list(found.values())


def describe(file: Path) -> str:
    """Return what `--show-args` prints: every argument with its description and default."""
    scope = Scope({}, dict(os.environ), Place(file))
    found = declarations(read(file).actions, scope)
    lines = ["Arguments (pass arguments as '<name>:=<value>'):"]
    for argument, conditional in found:
        lines += ['', f"    '{argument.name}':{'*' if conditional else ''}"]
        lines.append(f'        {_description(argument)}')
        if argument.default is not None:
            lines.append(f"        (default: '{argument.default.source}')")
    if not found:
        lines += ['', '  No arguments.']
    if any(conditional for _, conditional in found):
        lines += ['', '* argument(s) which are only used if specific conditions occur']
    return '\n'.join(lines)


def _walk(
    actions: Iterable[a.Action], scope: Scope, conditional: bool, seen: frozenset[Path]
) -> Iterator[tuple[a.Argument, bool]]:
    for action in actions:
        below = conditional or action.condition is not None
        if isinstance(action, a.Argument):
            yield action, below
        elif isinstance(action, a.Group):
            yield from _walk(action.actions, scope, below, seen)
        elif isinstance(action, a.Include):
            yield from _walk_included(action, scope, below, seen)


def _walk_included(
    include: a.Include, scope: Scope, conditional: bool, seen: frozenset[Path]
) -> Iterator[tuple[a.Argument, bool]]:
    """Walk an included file; nothing if its path depends on what is not known, or is in `seen`."""
    try:
        file = absolute(Path(expand(include.file, scope)))
        document = None if file in seen else read(file)
    except ConfigError:
        return
    if document is not None:
        yield from _walk(document.actions, scope.included(file), conditional, seen | {file})


def _description(argument: a.Argument) -> str:
    text, choices = argument.description, list(argument.choices)
    if not choices:
        return text or 'no description given'
    if text is None:
        return f'One of: {choices}'
    return f'{text}{"" if text.endswith(".") else "."} Valid choices are: {choices}'
