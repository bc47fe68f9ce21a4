"""Settings of a node as one frozen dataclass: default, range and description of each field.

The same dataclass is filled from ROS parameters, from a file or by hand, and checks itself:

    @dataclass(frozen=True)
    class CloudSettings(Settings):
        voxel: float = setting(0.005, 'edge of a voxel, m', low=0.0, high=0.1)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError


def setting(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
    length: int | None = None,
    live: bool = False,
) -> Any:
    """Declare a field of a Settings class.

    low, high: range of a number, or of each number of a tuple. choices: of a text. length: of a
    tuple. live: the ROS parameter may be changed while the node runs.
    """
    metadata = {
        'description': description,
        'low': low,
        'high': high,
        'choices': tuple(choices),
        'length': length,
        'live': live,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Base of settings: checks type, range and choices of every field when it is made."""

    def __post_init__(self) -> None:
        """Check every field; raise InvalidValueError with its name and value."""
        for field in dataclasses.fields(self):
            checked = _checked(field, getattr(self, field.name))
            object.__setattr__(self, field.name, checked)


def _checked(field: dataclasses.Field[Any], value: Any) -> Any:
    rules = field.metadata
    if isinstance(field.default, tuple):
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise InvalidValueError(f'{field.name} is not a list: {value!r}')
        if rules['length'] is not None and len(value) != rules['length']:
            raise InvalidValueError(
                f'{field.name} has {len(value)} values, expected {rules["length"]}: {list(value)}'
            )
        kind = type(field.default[0]) if field.default else float
        return tuple(_scalar(f'{field.name}[{i}]', v, kind, rules) for i, v in enumerate(value))
    return _scalar(field.name, value, type(field.default), rules)


def _scalar(name: str, value: Any, kind: type, rules: Any) -> Any:
    low = -float('inf') if rules['low'] is None else rules['low']
    high = float('inf') if rules['high'] is None else rules['high']
    if kind is bool:
        if not isinstance(value, bool):
            raise InvalidValueError(f'{name} is not true or false: {value!r}')
        return value
    if kind is int:
        limit = 2**63 - 1
        return checks.integer(name, value, int(max(low, -limit)), int(min(high, limit)))
    if kind is float:
        if isinstance(value, bool):
            raise InvalidValueError(f'{name} is not a number: {value!r}')
        return checks.number(name, value, low, high)
    checks.text(name, value)
    return checks.known(name, value, rules['choices']) if rules['choices'] else value
