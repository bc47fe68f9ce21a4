"""ROS parameters from a Settings class: one declaration, with range and description."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.settings import Settings

S = TypeVar('S', bound=Settings)


def declare(node: Node, cls: type[S]) -> S:
    """Declare every field of `cls` as a parameter of `node` and return the values given.

    Raises InvalidValueError with the parameter and the value if one breaks its rules.
    """
    values = {}
    for field in dataclasses.fields(cls):
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        try:
            parameter = node.declare_parameter(field.name, default, _descriptor(field))
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise InvalidValueError(f'parameter {field.name}: {error}') from error
        values[field.name] = _plain(parameter.value, field.default)
    try:
        return cls(**values)
    except InvalidValueError as error:
        raise InvalidValueError(f'parameter {error}') from error


def on_change(node: Node, settings: S, apply: Callable[[S], None]) -> None:
    """Call `apply` with the new settings when a live parameter changes; refuse bad values."""
    current = settings

    def update(parameters: list[Parameter]) -> SetParametersResult:
        nonlocal current
        known = {field.name: field.default for field in dataclasses.fields(settings)}
        changes = {p.name: _plain(p.value, known[p.name]) for p in parameters if p.name in known}
        if not changes:
            return SetParametersResult(successful=True)
        try:
            changed = dataclasses.replace(current, **changes)
            apply(changed)
        except InvalidValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        current = changed
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(update)


def _plain(value: Any, default: Any) -> Any:
    return tuple(value) if isinstance(default, tuple) and value is not None else value


def _descriptor(field: dataclasses.Field[Any]) -> ParameterDescriptor:
    rules = field.metadata
    descriptor = ParameterDescriptor(description=rules['description'], read_only=not rules['live'])
    if rules['choices']:
        descriptor.additional_constraints = f'one of {list(rules["choices"])}'
    low, high = rules['low'], rules['high']
    if low is None or high is None or isinstance(field.default, tuple):
        return descriptor
    if isinstance(field.default, float):
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high))
        ]
    else:
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
    return descriptor
