"""The values of a node's parameters.

As in launch_ros, a literal keeps the type that YAML gave it, also quoted text (`value: '1.0'` is
a string). Text that a substitution made is read as YAML again, unless `type` says what it is:
with `speed:=1.0`, `value: $(var speed)` is the double 1.0.
"""

from __future__ import annotations

from typing import Any

from gae_arm.commands.launch_runner.actions import Parameter, Scalar
from gae_arm.commands.launch_runner.scope import Scope
from gae_arm.commands.launch_runner.substitutions import expand
from gae_arm.commands.launch_runner.template import Template
from gae_arm.commands.launch_runner.values import coerce, element_kind, uniform


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
    return uniform(items, where)
