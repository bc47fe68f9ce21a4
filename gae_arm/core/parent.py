"""A process that ends with the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == 'linux' else None


def end_with_parent(parent: int) -> None:
    """Have the kernel send this process SIGTERM when its parent ends, also by kill -9.

    parent: its process id; where it has ended already, this one ends at once. Only this process is
    told, not what it has started. Where there is no such call, as on macOS, nothing happens.
    """
    if _PRCTL is None:
        return
    _PRCTL(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGTERM))
    if os.getppid() != parent:
        os._exit(1)
