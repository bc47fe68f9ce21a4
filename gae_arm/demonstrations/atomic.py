"""Files that are whole or not there: written beside, flushed to the disk, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from gae_arm.core.errors import ConfigError, GaeError

UNFINISHED = '.unfinished'
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DiskFullError(GaeError):
    """There is no room for a file; nothing of it is left, and what was there before still is."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` as `path`, replacing what is there; a reader sees the old file or the new one.

    Raises DiskFullError, or ConfigError for any other failure; no part of the file is left behind.
    """
    beside = path.with_name(f'{path.name}.{os.getpid()}{UNFINISHED}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open('wb') as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise not_written(path, error) from error


def not_written(path: Path, error: OSError) -> GaeError:
    """Return what to raise when a file could not be written: is the disk full, or what else."""
    if error.errno in FULL:
        return DiskFullError(f'no room for {path}: {error}')
    return ConfigError(f'{path} cannot be written: {error}')


def remove_unfinished(folder: Path) -> int:
    """Delete what a killed writer left below `folder`; return how many files that were."""
    found = list(folder.rglob(f'*{UNFINISHED}'))
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut: the folder's entry is flushed too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
