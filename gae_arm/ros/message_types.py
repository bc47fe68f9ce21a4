"""Message classes by the names that a graph and a bag give them."""

from __future__ import annotations

import importlib
from typing import Any

from gae_arm.core.errors import MissingDependencyError


def message_class(type_name: str) -> Any:
    """Return the class of `package/msg/Name`; MissingDependencyError if it is not installed."""
    package, _, name = type_name.partition('/msg/')
    try:
        return getattr(importlib.import_module(f'{package}.msg'), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise MissingDependencyError(
            f'message type {type_name!r} is not installed: {error}; source the workspace that has '
            f'{package}'
        ) from error
