"""Why a scene could not be drawn."""

from __future__ import annotations

from gae_arm.core.errors import GaeError


class DrawRejectedError(GaeError):
    """One draw cannot be used: no room, or no words that mean exactly one object."""


class SamplingError(GaeError):
    """None of many draws could be used; the message names task, seed and the last reason."""
