"""Reading the keys of one action, strictly: right type, none missing, none left over."""

from __future__ import annotations

from gae_arm.commands.launch_runner.actions import Pairs
from gae_arm.commands.launch_runner.source import Value, Where
from gae_arm.commands.launch_runner.substitutions import read
from gae_arm.commands.launch_runner.template import Template


class Fields:
    """The keys of one mapping.

    The types are those that launch's YAML frontend insists on: what it reads as text must be
    text in YAML (`default: '5'`), `respawn_delay` must be written with a dot.
    """

    def __init__(self, kind: str, value: Value) -> None:
        if not isinstance(value.data, dict):
            raise value.where.error(f'{kind!r} is not a mapping of keys but {plain(value)!r}')
        self.kind, self.where = kind, value.where
        self._values: dict[str, Value] = value.data
        self._asked: list[str] = []

    def get(self, key: str) -> Value | None:
        """Return the value of a key, None if it is absent; the key counts as known."""
        self._asked.append(key)
        return self._values.get(key)

    def place(self, key: str) -> Where:
        """Return where a key stands, or else the action."""
        return self._values[key].where if key in self._values else self.where

    def text(self, key: str) -> str | None:
        """Return text as it is written."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value.data, str):
            raise self._wrong(key, value, f'text; put quotes around it: {quoted(value)}')
        return value.data

    def required_text(self, key: str) -> str:
        """Return text as it is written, of a key that must be there."""
        text = self.text(key)
        if text is None:
            there = sorted(self._values)
            raise self.where.error(f'{self.kind!r} lacks the key {key!r}; it has: {there}')
        return text

    def template(self, key: str) -> Template | None:
        """Return text with substitutions."""
        text = self.text(key)
        return None if text is None else read(text, self.place(key))

    def required(self, key: str) -> Template:
        """Return text with substitutions, of a key that must be there."""
        return read(self.required_text(key), self.place(key))

    def flag(self, key: str) -> bool | None:
        """Return true or false. Text is refused: launch takes any text, also 'false', as true."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value.data, bool):
            raise self._wrong(key, value, 'true or false without quotes')
        return value.data

    def seconds(self, key: str) -> float | None:
        """Return a duration, >= 0.0."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value.data, float) or not value.data >= 0.0:
            raise self._wrong(key, value, 'seconds as a number >= 0 with a dot, like 2.0')
        return value.data

    def count(self, key: str) -> int | None:
        """Return an integer."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value.data, int) or isinstance(value.data, bool):
            raise self._wrong(key, value, 'an integer without quotes')
        return value.data

    def items(self, key: str) -> list[Value]:
        """Return the items of a list, [] if the key is absent."""
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value.data, list) or not value.data:
            raise self._wrong(key, value, 'a list of mappings (each begins with a dash)')
        return value.data

    def pairs(self, key: str, first: str = 'name', second: str = 'value') -> Pairs:
        """Return a list of mappings with exactly these two keys."""
        out = []
        for item in self.items(key):
            fields = Fields(key, item)
            out.append((fields.required(first), fields.required(second)))
            fields.done()
        return tuple(out)

    def done(self) -> None:
        """Raise if there is a key that nobody asked for."""
        for key, value in self._values.items():
            if key not in self._asked:
                known = sorted(set(self._asked))
                raise value.where.error(f'unknown key {key!r} in {self.kind!r}; known are: {known}')

    def _wrong(self, key: str, value: Value, wanted: str) -> Exception:
        return value.where.error(f'{key!r} of {self.kind!r} is {plain(value)!r}, expected {wanted}')


def plain(value: Value) -> object:
    """Return the value without its lines, for messages."""
    if isinstance(value.data, list):
        return [plain(item) for item in value.data]
    if isinstance(value.data, dict):
        return {key: plain(item) for key, item in value.data.items()}
    return value.data


def quoted(value: Value) -> str:
    """Return how a scalar would be written as text: 5 -> '5', True -> 'true'."""
    text = str(plain(value))
    return repr(text.lower() if isinstance(value.data, bool) else text)


def children(kind: str, value: Value) -> tuple[Fields | None, list[Value]]:
    """Return keys and items of an action that holds others: a list, or a mapping with `children`.

    The keys are None for a list.
    """
    if isinstance(value.data, list):
        return None, value.data
    fields = Fields(kind, value)
    inner = fields.get('children')
    if inner is None or not isinstance(inner.data, list):
        raise value.where.error(f"{kind!r} holds no list of actions and no key 'children' with one")
    return fields, inner.data


def single(value: Value) -> tuple[str, Value]:
    """Return name and body of one action: a mapping with one key."""
    if not isinstance(value.data, dict) or len(value.data) != 1:
        raise value.where.error(
            f'expected one action, `- NAME: ...` with its keys indented below; found '
            f'{list(value.data) if isinstance(value.data, dict) else plain(value)!r}'
        )
    ((name, body),) = value.data.items()
    return name, body
