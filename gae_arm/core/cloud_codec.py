"""Points to and from the bytes of a sensor_msgs/PointCloud2, without the message.

Writing goes through `array.array('B').frombytes`, the one way into a message's `data` that copies
once; reading makes numpy views and copies nothing.
"""

from __future__ import annotations

import array
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.wire import Bytes, rows_of

# sensor_msgs/PointField: INT8 = 1 ... FLOAT64 = 8.
DATATYPES = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 8: 'f8'}
FLOAT32 = 7


@dataclass(frozen=True)
class Field:
    """One sensor_msgs/PointField: `count` numbers of a datatype at a byte offset in each point."""

    name: str
    offset: int
    datatype: int
    count: int = 1


@dataclass(frozen=True)
class EncodedCloud:
    """What a sensor_msgs/PointCloud2 holds besides its header."""

    height: int
    width: int
    fields: tuple[Field, ...]
    is_bigendian: bool
    point_step: int
    row_step: int
    data: array.array
    is_dense: bool


XYZ = tuple(Field(name, 4 * i, FLOAT32) for i, name in enumerate('xyz'))
XYZRGB = (*XYZ, Field('rgb', 12, FLOAT32))


def encode(points: np.ndarray, colors: np.ndarray | None = None) -> EncodedCloud:
    """Return points (N, 3), metres, N >= 0, as an unordered cloud of float32 x, y, z.

    colors: uint8 (N, 3) RGB adds the field `rgb` that rviz and PCL know: 0x00RRGGBB in the bits of
    a float32. The cloud says it is dense, so all points must be finite.
    """
    xyz = np.ascontiguousarray(points, np.float32)
    if xyz.ndim != 2 or xyz.shape[1] != 3:
        raise InvalidValueError(f'points has shape {xyz.shape}, expected (N, 3)')
    fields, rows = XYZ, xyz
    if colors is not None:
        fields, rows = XYZRGB, _with_colors(xyz, colors)
    data = array.array('B')
    data.frombytes(rows.data.cast('B') if len(rows) else b'')
    step = 4 * len(fields)
    big = sys.byteorder == 'big'
    return EncodedCloud(1, len(xyz), fields, big, step, step * len(xyz), data, True)


def _with_colors(xyz: np.ndarray, colors: np.ndarray) -> np.ndarray:
    if colors.shape != xyz.shape or colors.dtype != np.uint8:
        raise InvalidValueError(
            f'colors are {colors.dtype} {colors.shape}, expected uint8 {xyz.shape}'
        )
    packed = colors.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    return np.concatenate([xyz, packed.view(np.float32)[:, None]], 1)


def decode(
    fields: Sequence[Field],
    width: int,
    height: int,
    point_step: int,
    row_step: int,
    is_bigendian: bool,
    data: Bytes,
) -> np.ndarray:
    """Return a structured view (H, W) of a cloud with one key per field; (H, W) keys of count > 1.

    Any order, gaps, row padding and byte order; nothing is copied. Raises InvalidValueError for
    unknown datatypes, fields that leave the point or bear the same name, and missing bytes.
    """
    dtype = _point_dtype(fields, point_step, is_bigendian)
    return rows_of(data, dtype, width, height, row_step)


def read_points(cloud: np.ndarray) -> np.ndarray:
    """Return x, y, z of a decoded cloud as float32 (N, 3): a view where they lie so, else a copy.

    Raises InvalidValueError if a field is missing. Points that are not finite are kept.
    """
    names = cloud.dtype.names or ()
    missing = [axis for axis in 'xyz' if axis not in names]
    if missing:
        raise InvalidValueError(f'the cloud has no field {missing}; it has: {list(names)}')
    kinds, offsets = zip(*(cloud.dtype.fields[axis][:2] for axis in 'xyz'), strict=True)  # type: ignore
    together = (offsets[1] - offsets[0], offsets[2] - offsets[1]) == (4, 4)
    if together and set(kinds) == {np.dtype(np.float32)}:
        packed = np.dtype(
            {
                'names': ['p'],
                'formats': ['(3,)f4'],
                'offsets': offsets[:1],
                'itemsize': cloud.itemsize,
            }
        )
        return cloud.view(packed)['p'].reshape(-1, 3)
    return np.stack([cloud[axis].reshape(-1) for axis in 'xyz'], -1).astype(np.float32)


def read_colors(cloud: np.ndarray) -> np.ndarray | None:
    """Return RGB, uint8 (N, 3), of a decoded cloud with a field `rgb` or `rgba`, else None.

    As in PCL: 0x??RRGGBB in the bits of one float32 or uint32. Raises InvalidValueError for such
    a field of another type.
    """
    name = next((n for n in ('rgb', 'rgba') if n in (cloud.dtype.names or ())), None)
    if name is None:
        return None
    if cloud.dtype[name].newbyteorder('=') not in (np.float32, np.uint32):
        raise InvalidValueError(f'field {name!r} is {cloud.dtype[name]}, expected f4 or u4')
    native = cloud[name].reshape(-1).astype(cloud.dtype[name].newbyteorder('='))
    packed = native.view(np.uint32)
    return np.stack([packed >> 16, packed >> 8, packed], -1).astype(np.uint8)


def _point_dtype(fields: Sequence[Field], point_step: int, is_bigendian: bool) -> np.dtype:
    names = checks.names('fields', [field.name for field in fields])
    formats: list[np.dtype] = []
    for field in fields:
        kind = DATATYPES.get(field.datatype)
        if kind is None:
            raise InvalidValueError(
                f'field {field.name!r} has datatype {field.datatype}; there are: {DATATYPES}'
            )
        count = checks.integer(f'count of field {field.name!r}', field.count, 1, 1 << 16)
        one = np.dtype(kind).newbyteorder('>' if is_bigendian else '<')
        formats.append(np.dtype((one, (count,))) if count > 1 else one)
        checks.integer(f'offset of field {field.name!r}', field.offset, 0, 2**32 - 1)
        end = field.offset + formats[-1].itemsize
        if end > point_step:
            raise InvalidValueError(
                f'field {field.name!r} ends at byte {end} of points of {point_step} bytes'
            )
    offsets = [field.offset for field in fields]
    return np.dtype(
        {'names': names, 'formats': formats, 'offsets': offsets, 'itemsize': point_step}
    )
