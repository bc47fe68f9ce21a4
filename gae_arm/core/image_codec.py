"""Images as they come over a wire: bytes with an encoding, a row length and a byte order."""

from __future__ import annotations

import numpy as np

from gae_arm.core import checks
from gae_arm.core.wire import Bytes, rows_of

COLOR_ORDERS = {'rgb8': slice(None), 'bgr8': slice(None, None, -1)}
DEPTH_TYPES = {'16UC1': np.uint16, 'mono16': np.uint16, '32FC1': np.float32}


def decode_depth(
    encoding: str, width: int, height: int, step: int, is_bigendian: bool, data: Bytes
) -> np.ndarray:
    """Return the depth (H, W) of a sensor_msgs/Image: uint16 millimetres or float32 metres.

    A view of `data` where it is in this machine's byte order, even with padded rows, else a copy.
    Meaning of the values: REP-118 (0 invalid), REP-117 (NaN invalid, +Inf out of range). Raises
    InvalidValueError for another encoding, rows that are too short, and missing bytes.
    """
    dtype = np.dtype(DEPTH_TYPES[checks.known('depth encoding', encoding, DEPTH_TYPES)])
    wire = dtype.newbyteorder('>' if is_bigendian else '<')
    return rows_of(data, wire, width, height, step).astype(dtype, copy=False)


def decode_color(encoding: str, width: int, height: int, step: int, data: Bytes) -> np.ndarray:
    """Return the colours (H, W, 3), uint8 RGB, of an rgb8 or bgr8 sensor_msgs/Image: a view.

    Raises InvalidValueError for another encoding, rows that are too short, and missing bytes.
    """
    order = COLOR_ORDERS[checks.known('colour encoding', encoding, COLOR_ORDERS)]
    return rows_of(data, np.dtype((np.uint8, 3)), width, height, step)[..., order]
