"""Memory that the C library keeps of what was freed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable


def _trim() -> Callable[[int], object]:
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):  # Another C library than glibc.
        return lambda _: None
    return trim


_TRIM = _trim()


def give_back() -> None:
    """Return to the system what was freed.

    glibc keeps it, in pieces, and of each model of a scene that is built and let go of a little
    more. Takes milliseconds: for after something large was replaced, not for a loop.
    """
    _TRIM(0)
