"""Settings as a recorded node had them, from its parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from gae_arm.core.settings import Settings

S = TypeVar('S', bound=Settings)


def settings_of(cls: type[S], parameters: Mapping[str, Any]) -> S:
    """Return the settings that the parameters say; defaults for those that are not among them.

    Raises InvalidValueError where a value is none that this version takes.
    """
    values = {}
    for field in dataclasses.fields(cls):
        if field.name in parameters:
            value = parameters[field.name]
            values[field.name] = tuple(value) if isinstance(field.default, tuple) else value
    return cls(**values)


def node_parameters(parameters: Mapping[str, Mapping[str, Any]], node: str) -> Mapping[str, Any]:
    """Return the parameters of the node of this name in any namespace; {} if none were kept."""
    found = [values for name, values in parameters.items() if name.rpartition('/')[2] == node]
    return found[0] if found else {}
