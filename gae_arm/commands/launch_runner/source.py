"""YAML with lines: every value knows where it was written, so that every error can say it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gae_arm.core.errors import ConfigError


class LaunchFileError(ConfigError):
    """A launch file is wrong; the message begins with `FILE:LINE: `."""


@dataclass(frozen=True)
class Where:
    """A line of a file, counted from 1."""

    file: Path
    line: int

    def error(self, message: str) -> LaunchFileError:
        """Return (not raise) the error `FILE:LINE: message`."""
        return LaunchFileError(f'{self.file}:{self.line}: {message}')

    @contextmanager
    def named(self) -> Iterator[None]:
        """Give an error raised inside this file and line, unless it names some already."""
        try:
            yield
        except LaunchFileError:
            raise
        except ConfigError as error:
            raise self.error(str(error)) from error


@dataclass(frozen=True)
class Value:
    """One YAML value: a scalar as `yaml.safe_load` reads it, list[Value] or dict[str, Value].

    The value of a mapping's key carries the line of the key.
    """

    data: Any
    where: Where


def absolute(path: Path) -> Path:
    """Return an absolute path without `..`; links are not followed (a built workspace is links)."""
    return Path(os.path.normpath(path.absolute()))


def load(path: Path) -> Value:
    """Read a YAML file; raise ConfigError with file and line when it is not readable YAML.

    Twice the same key in one mapping is an error: YAML's own answer, silently taking the last,
    loses a node.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path} cannot be read: {error}') from error
    try:
        reader = yaml.SafeLoader(text)
        root = reader.get_single_node()
        if root is None:
            raise Where(path, 1).error('the file is empty')
        return _value(reader, root, Where(path, root.start_mark.line + 1))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise Where(path, line).error(f'not YAML: {error.problem}') from error
    except yaml.reader.ReaderError as error:
        line = text.count('\n', 0, error.position) + 1
        raise Where(path, line).error(f'not YAML: {error.reason}') from error
    except RecursionError as error:
        raise Where(path, 1).error('the file contains itself through a YAML alias') from error


def _value(reader: yaml.SafeLoader, node: yaml.Node, where: Where) -> Value:
    if isinstance(node, yaml.SequenceNode):
        items = [_value(reader, item, _where(item, where)) for item in node.value]
        return Value(items, where)
    if isinstance(node, yaml.MappingNode):
        return Value(_mapping(reader, node, where), where)
    try:
        return Value(reader.construct_object(node), where)
    except ValueError as error:  # 2025-02-30 looks like a date
        raise where.error(f'not a YAML scalar: {node.value!r} ({error})') from error


def _mapping(reader: yaml.SafeLoader, node: yaml.MappingNode, where: Where) -> dict[str, Value]:
    _refuse_twice(node.value, where)
    reader.flatten_mapping(node)  # resolves `<<: *anchor`
    out = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _where(key, where).error('a key is not a word but a list or a mapping')
        out[key.value] = _value(reader, value, _where(key, where))
    return out


def _refuse_twice(pairs: Iterable[tuple[yaml.Node, yaml.Node]], where: Where) -> None:
    seen: dict[str, int] = {}
    for key, _ in pairs:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in seen:
            raise _where(key, where).error(
                f'key {key.value!r} stands twice in one mapping, first in line {seen[key.value]}'
            )
        seen[key.value] = key.start_mark.line + 1


def _where(node: yaml.Node, parent: Where) -> Where:
    return Where(parent.file, node.start_mark.line + 1)
