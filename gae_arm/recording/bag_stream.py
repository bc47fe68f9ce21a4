"""The file under a bag that is being written: what was written stays, also when the disk is full.

Some room is set aside beside it. When the disk is full that room is given back, so that what is in
memory, the index and the bag's end still fit; `full` then says that it is time to end.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from gae_arm.core.errors import ConfigError
from gae_arm.demonstrations.atomic import FULL, not_written

RESERVE = 32 * 1024 * 1024
"""Bytes: a chunk or two, and the index of a recording of hours."""


class BagStream:
    """Write-only and unbuffered: what was written survives the end of the process.

    full: the disk is, and the reserve has been given back. Raises DiskFullError or ConfigError
    when there is no room even so; `keep` then cuts the file where it was still whole.
    """

    def __init__(self, path: Path, reserve: int = RESERVE) -> None:
        self.path = path
        self.full = False
        self._offset = 0
        self._reserve = -1
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError as error:
            raise ConfigError(f'{path} is there already; nothing is overwritten') from error
        except OSError as error:
            raise not_written(path, error) from error
        try:
            if reserve:
                self._set_aside(reserve)
        except OSError as error:
            self.close()
            path.unlink()
            raise not_written(path, error) from error

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._file < 0

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._offset

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write all of it."""
        left = memoryview(data)
        while len(left):
            try:
                written = os.write(self._file, left)
            except OSError as error:
                if not self._make_room(error):
                    raise not_written(self.path, error) from error
                continue
            self._offset += written
            left = left[written:]
        return len(data)

    def flush(self) -> None:
        """Do nothing: nothing is buffered here."""

    def keep(self, size: int) -> None:
        """Cut the file off after `size` bytes."""
        os.ftruncate(self._file, size)
        os.lseek(self._file, size, os.SEEK_SET)
        self._offset = size

    def close(self) -> None:
        """Flush to the disk and close; again is fine."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.fsync(self._file)
            os.close(self._file)
            self._file = -1
        self._give_back()

    def _set_aside(self, size: int) -> None:
        """Fill a file that has no name any more: its room comes back however the process ends."""
        beside = self.path.with_name(f'.{self.path.name}.reserve')
        self._reserve = os.open(beside, os.O_WRONLY | os.O_CREAT, 0o600)
        beside.unlink()
        os.posix_fallocate(self._reserve, 0, size)

    def _give_back(self) -> None:
        if self._reserve >= 0:
            os.close(self._reserve)
            self._reserve = -1

    def _make_room(self, error: OSError) -> bool:
        """Give the reserve back the first time that the disk is full; say whether it was there."""
        if error.errno not in FULL or self.full:
            return False
        self.full = True
        self._give_back()
        return True
