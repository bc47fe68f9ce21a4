"""Rows of numbers in bytes that came over a wire, seen as a numpy array."""

from __future__ import annotations

import array

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

Bytes = bytes | bytearray | memoryview | array.array


def rows_of(data: Bytes, dtype: np.dtype, width: int, height: int, step: int) -> np.ndarray:
    """Return a view (height, width) of `data`, rows beginning `step` bytes apart.

    The last row needs no padding behind it. Raises InvalidValueError for rows shorter than their
    elements and for missing bytes.
    """
    for name, value in (('width', width), ('height', height), ('row step', step)):
        checks.integer(name, value, 0, 2**32 - 1)
    if not width or not height:
        return np.empty((height, width), dtype)
    row = width * dtype.itemsize
    if height > 1 and step < row:
        raise InvalidValueError(
            f'rows of {step} bytes are too short for {width} elements of {dtype.itemsize} bytes'
        )
    have, need = memoryview(data).nbytes, step * (height - 1) + row
    if have < need:
        raise InvalidValueError(
            f'{have} bytes of data; {height} rows of {width} elements of {dtype.itemsize} bytes '
            f'need {need}'
        )
    return np.ndarray((height, width), dtype, data, strides=(step, dtype.itemsize))
