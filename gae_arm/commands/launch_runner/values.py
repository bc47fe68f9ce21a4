"""What a text or a literal is: the types of launch's parameters and booleans.

Text is read as YAML, unless it is said what it is to be.
"""

from __future__ import annotations

from typing import Any

import yaml

from gae_arm.commands.launch_runner.source import Where

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


def coerce(text: str, kind: str | None, where: Where) -> Any:
    """Return text as a scalar of this kind; None and 'yaml': as whatever YAML reads, also a list.

    Raises ConfigError with the text and the kind when it is something else.
    """
    if kind == 'str' or (kind in (None, 'yaml') and not text):
        return text
    value = _converted(text, kind)
    if isinstance(value, list) and kind not in SCALARS:
        return uniform(value, where)
    if fits(value, kind):
        return value
    if kind in SCALARS:
        raise where.error(f'{text!r} is not of type {kind}')
    raise where.error(
        f"{text!r} is no YAML bool, int, float, text or list; with 'type: str' it is taken as text"
    )


def _converted(text: str, kind: str | None) -> Any:
    """Return the text as int, float or what YAML makes of it; None if it is nothing of the sort."""
    try:
        if kind in ('int', 'float'):
            return SCALARS[kind](text)
        return yaml.safe_load(
            {'1': 'true', '0': 'false'}.get(text, text) if kind == 'bool' else text
        )
    except (ValueError, yaml.YAMLError):
        return None


def uniform(items: list, where: Where) -> list:
    """Return the items if all are scalars of one type; raise otherwise."""
    kinds = {type(item) for item in items}
    if len(kinds) > 1 or not kinds <= set(SCALARS.values()):
        raise where.error(f'the list mixes types: {items!r}')
    return items
