"""The values of parameters: which types there are, and what text becomes.

As in launch_ros, a literal keeps the type that YAML gave it, also quoted text (`value: '1.0'` is
a string). Text that a substitution made is read as YAML again, unless `type` says what it is:
with `speed:=1.0`, `value: $(var speed)` is the double 1.0.
"""

from __future__ import annotations

from typing import Any

import yaml

from gae_arm.commands.launch_runner.actions import Parameter, Scalar
from gae_arm.commands.launch_runner.scope import Scope
from gae_arm.commands.launch_runner.source import Where
from gae_arm.commands.launch_runner.substitutions import expand
from gae_arm.commands.launch_runner.template import Template

SCALARS: dict[str, type] = {'str': str, 'bool': bool, 'int': int, 'float': float}
LISTS = {f'list_of_{name}': name for name in SCALARS}
KINDS = (*SCALARS, *LISTS, 'yaml')


def element_kind(kind: str | None, where: Where) -> str | None:
    """Return the type of the items of a list of this kind; raise if the kind is no list."""
    if kind in SCALARS:
        raise where.error(f"a parameter of type {kind!r} is a list; use 'list_of_{kind}'")
    return LISTS.get(kind or 'yaml')


def fits(data: Any, kind: str | None) -> bool:
    """Say whether a literal is of this scalar kind; None and 'yaml' take every scalar."""
    return type(data) in ([SCALARS[kind]] if kind in SCALARS else SCALARS.values())


def evaluate(parameters: tuple[Parameter, ...], scope: Scope) -> dict[str, Any]:
    """Return names and typed values; raise ConfigError where text is not of the wanted kind."""
    return {
        '.'.join(expand(name, scope) for name in p.names): _evaluate(p, scope) for p in parameters
    }


def _evaluate(parameter: Parameter, scope: Scope) -> Scalar | list[Scalar]:
    value, kind, where = parameter.value, parameter.kind, parameter.where
    if isinstance(value, Template):
        return coerce(expand(value, scope), kind, where)
    if not isinstance(value, tuple):
        return value
    element = element_kind(kind, where)
    items = [
        coerce(expand(item, scope), element, where) if isinstance(item, Template) else item
        for item in value
    ]
    return _uniform(items, where)


def coerce(text: str, kind: str | None, where: Where) -> Any:
    """Return text as a scalar of this kind; None and 'yaml': as whatever YAML reads, also a list.

    Raises ConfigError with the text and the kind when it is something else.
    """
    if kind == 'str' or (kind in (None, 'yaml') and not text):
        return text
    value = _number(text, kind) if kind in ('int', 'float') else _yaml(text, kind, where)
    if kind in SCALARS and not fits(value, kind):
        raise where.error(f'{text!r} is not of type {kind}')
    return _uniform(value, where) if isinstance(value, list) else value


def _number(text: str, kind: str) -> int | float | None:
    try:
        return int(text) if kind == 'int' else float(text)
    except ValueError:
        return None


def _yaml(text: str, kind: str | None, where: Where) -> Any:
    if kind == 'bool':
        text = {'1': 'true', '0': 'false'}.get(text, text)
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise where.error(
            f"{text!r} is not a YAML value; with 'type: str' it is taken as text"
        ) from error
    if isinstance(value, list) or type(value) in SCALARS.values():
        return value
    raise where.error(
        f'{text!r} is, as YAML, {"nothing" if value is None else type(value).__name__}; with '
        "'type: str' it is taken as text"
    )


def _uniform(items: list, where: Where) -> list:
    kinds = {type(item) for item in items}
    if len(kinds) > 1 or not kinds <= set(SCALARS.values()):
        raise where.error(f'the list mixes types: {items!r}')
    return items
