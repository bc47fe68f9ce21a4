"""Whether processes, which need not be children, still run; and waiting for their end."""

from __future__ import annotations

import contextlib
import os
import select
from pathlib import Path

PATIENCE = 60.0
"""Seconds after which a process that hangs fails its test."""


def wait_for_end(pid: int) -> None:
    """Wait until a process, which need not be a child, has ended."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        assert select.select([descriptor], [], [], PATIENCE)[0], f'{pid} does not end'
        os.close(descriptor)


def alive(pid: int) -> bool:
    """Say whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False
