"""Compiled kernels: numba with the settings that a robot's process needs.

A kernel runs on one core, releases the GIL (other threads of the node go on), divides as IEEE 754
says (no exceptions) and may fuse multiply and add. It is compiled at its first call, which takes
seconds, and kept on disk: beside its file, or below `NUMBA_CACHE_DIR` or `~/.cache` where that
folder is read-only. Nodes call their kernels once before they report ready.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from gae_arm.core.errors import MissingDependencyError

try:
    import numba
except ImportError as error:
    raise MissingDependencyError(
        f'the compiled kernels need numba ({error}); install it with: pip install numba'
    ) from error

F = TypeVar('F', bound=Callable[..., Any])

OPTIONS: dict[str, Any] = {'nogil': True, 'error_model': 'numpy', 'fastmath': {'contract'}}


def kernel(function: F) -> F:
    """Compile a function of numpy arrays and numbers; cached on disk where a folder is writable.

    numba renews a cached kernel when its own file changes, not when a kernel that it calls from
    another file does: keep callers and callees in one file.
    """
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # numba finds no writable folder for the cache
        return numba.njit(**OPTIONS)(function)


def read_only(array: np.ndarray) -> np.ndarray:
    """Return the array as a kernel takes it: contiguous and read-only.

    For writable arrays, and for slices, numba compiles one more version each: seconds, when it is
    not expected.
    """
    out = np.ascontiguousarray(array).view()
    out.flags.writeable = False
    return out
