"""Definitions of message types as a bag embeds them: the .msg text, then those of all its parts."""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from pathlib import Path

from gae_arm.core.errors import ConfigError

SEPARATOR = '=' * 80
TYPE = re.compile(r'^\s*(?P<type>[A-Za-z][\w/]*)(<=\d+)?(\[[^\]]*\])?\s+\w+')
BUILT_IN = re.compile(r'(bool|byte|char|float(32|64)|u?int(8|16|32|64)|w?string)$')


@lru_cache(maxsize=64)
def message_definition(type_name: str) -> str:
    """Return the text of `package/msg/Name` with everything that it is made of (MCAP's `ros2msg`).

    Raises ConfigError for a type whose package is not installed.
    """
    parts: dict[str, str] = {}
    waiting = [type_name]
    while waiting:
        name = waiting.pop(0)
        if name not in parts:
            parts[name] = _text(name)
            waiting += _parts(name, parts[name])
    first, *others = parts.items()
    texts = [first[1], *(f'{SEPARATOR}\nMSG: {_short(name)}\n{text}' for name, text in others)]
    return '\n'.join(texts)


def _text(type_name: str) -> str:
    """Return the file PREFIX/share/PACKAGE/msg/NAME.msg of the first prefix that has it."""
    package, _, name = type_name.partition('/msg/')
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    for prefix in (*filter(None, prefixes), sys.prefix):
        path = Path(prefix) / 'share' / package / 'msg' / f'{name}.msg'
        if path.is_file():
            return path.read_text()
    raise ConfigError(
        f'no definition of {type_name!r}: no share/{package}/msg/{name}.msg in the prefixes '
        f'{prefixes}; is the package installed, and the workspace sourced?'
    )


def _parts(type_name: str, text: str) -> list[str]:
    """Return the full names of the message types that a definition uses."""
    package, found = type_name.partition('/')[0], []
    for line in text.splitlines():
        match = TYPE.match(line.partition('#')[0])
        # Constants (`uint8 A = 1`) are of built-in types.
        if match and not BUILT_IN.match(match['type']):
            found.append(_full(match['type'], package))
    return found


def _full(name: str, package: str) -> str:
    if name == 'Header':
        return 'std_msgs/msg/Header'
    return f'{name.replace("/", "/msg/")}' if '/' in name else f'{package}/msg/{name}'


def _short(type_name: str) -> str:
    return type_name.replace('/msg/', '/')
