"""A safetensors file as views of a memory map: nothing is read before it is used.

Layout (https://github.com/huggingface/safetensors): 8 bytes little-endian length of the header, the
header as JSON {name: {dtype, shape, data_offsets}, "__metadata__": {str: str}}, then the data. The
library's own reader copies every tensor; a loader that takes one cloud of many wants views.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gae_arm.core.errors import InvalidValueError

DTYPES = {
    'BOOL': np.bool_,
    'U8': np.uint8,
    'I8': np.int8,
    'U16': np.uint16,
    'I16': np.int16,
    'U32': np.uint32,
    'I32': np.int32,
    'U64': np.uint64,
    'I64': np.int64,
    'F16': np.float16,
    'F32': np.float32,
    'F64': np.float64,
}
MAX_HEADER = 100_000_000


class MappedTensors(Mapping[str, np.ndarray]):
    """Name -> read-only array of a safetensors file; the map lives as long as an array of it.

    metadata: text by name. Raises InvalidValueError with the reason for a file that is not one.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open('rb') as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise InvalidValueError(f'{path} cannot be mapped: {error}') from error
        try:
            header, self._begin = _header(self._map)
            self.metadata: dict[str, str] = header.pop('__metadata__', {})
            self._entries = header
            self._check()
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidValueError(f'{path} is no safetensors file: {error}') from error

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a tensor as a view of the file."""
        entry = self._entries[name]
        dtype = np.dtype(DTYPES[entry['dtype']])
        count = int(np.prod(entry['shape'], dtype=np.int64))
        if not count:
            return np.empty(entry['shape'], dtype)
        begin = self._begin + entry['data_offsets'][0]
        return np.frombuffer(self._map, dtype, count, begin).reshape(entry['shape'])

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return the number of tensors."""
        return len(self._entries)

    def _check(self) -> None:
        """Check that every tensor lies in the file and has the size that its shape says."""
        room = len(self._map) - self._begin
        for name, entry in self._entries.items():
            if entry['dtype'] not in DTYPES:
                raise ValueError(f'{name!r} has type {entry["dtype"]!r}')
            begin, end = entry['data_offsets']
            size = int(np.prod(entry['shape'], dtype=np.int64))
            size *= np.dtype(DTYPES[entry['dtype']]).itemsize
            if (
                not 0 <= begin <= end <= room
                or end - begin != size
                or min(entry['shape'], default=0) < 0
            ):
                raise ValueError(
                    f'{name!r} of {size} bytes is said to be at {begin} to {end} of {room}'
                )


def _header(data: mmap.mmap) -> tuple[dict[str, Any], int]:
    """Return the header and where the data begins."""
    length = int.from_bytes(data[:8], 'little')
    if len(data) < 8 or length > min(len(data) - 8, MAX_HEADER):
        raise ValueError(f'a header of {length} bytes in a file of {len(data)}')
    header = json.loads(data[8 : 8 + length])
    if not isinstance(header, dict):
        raise ValueError('its header is no JSON object')
    return header, 8 + length
