"""Depth off the wire: both encodings, both byte orders, padding, and what is refused."""

import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.image_codec import decode_color, decode_depth

KINDS = {'16UC1': np.uint16, 'mono16': np.uint16, '32FC1': np.float32}


def on_the_wire(image, big, padding):
    """Rows in the given byte order, each followed by `padding` bytes of junk."""
    swapped = image.astype(image.dtype.newbyteorder('>' if big else '<'))
    rows = swapped.view(np.uint8).reshape(len(image), -1)
    junk = np.full((len(rows), padding), 0xA5, np.uint8)
    return np.concatenate([rows, junk], 1).tobytes()


@given(
    kind=st.sampled_from(list(KINDS)),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    big=st.booleans(),
    padding=st.integers(0, 7),
    seed=st.integers(0, 99),
)
def test_round_trip(kind, size, big, padding, seed):
    values = np.random.default_rng(seed).uniform(0, 60000, size)
    image = values.astype(KINDS[kind])
    data = on_the_wire(image, big, padding)
    step = size[1] * image.itemsize + padding
    depth = decode_depth(kind, size[1], size[0], step, big, data)
    assert depth.dtype == KINDS[kind]
    np.testing.assert_array_equal(depth, image)


def test_nan_and_inf_survive():
    image = np.array([[np.nan, np.inf, -np.inf, 0, 1.5]], np.float32)
    depth = decode_depth('32FC1', 5, 1, 20, True, on_the_wire(image, True, 0))
    np.testing.assert_array_equal(depth, image)


def test_nothing_is_copied_in_native_order():
    data = array.array('B', bytes(4 * 6))
    depth = decode_depth('16UC1', 2, 4, 6, False, data)
    data[6:8] = array.array('B', [0x34, 0x12])
    assert depth[1, 0] == 0x1234


def test_the_last_row_needs_no_padding():
    assert decode_depth('16UC1', 1, 2, 4, False, b'\x01\x00--\x02\x00').tolist() == [[1], [2]]


@pytest.mark.parametrize('encoding', ['rgb8', '8UC1', '64FC1', '16SC1', ''])
def test_other_encodings(encoding):
    message = rf"depth encoding '{encoding}' is unknown; there are: \['16UC1', '32FC1', 'mono16'\]"
    with pytest.raises(InvalidValueError, match=message):
        decode_depth(encoding, 1, 1, 4, False, bytes(4))


@pytest.mark.parametrize(
    ('width', 'height', 'step', 'size', 'message'),
    [
        (4, 3, 8, 23, '23 bytes of data; 3 rows of 4 elements of 2 bytes need 24'),
        (4, 3, 8, 0, '0 bytes of data'),
        (4, 3, 7, 99, 'rows of 7 bytes are too short for 4 elements of 2 bytes'),
        (4, -1, 8, 99, r'height is -1, allowed is 0 to'),
    ],
)
def test_truncated_and_impossible(width, height, step, size, message):
    with pytest.raises(InvalidValueError, match=message):
        decode_depth('16UC1', width, height, step, False, bytes(size))


@pytest.mark.parametrize(('encoding', 'first'), [('rgb8', [1, 2, 3]), ('bgr8', [3, 2, 1])])
def test_colours_are_rgb_whatever_the_order_on_the_wire(encoding, first):
    padded = bytes([1, 2, 3, 4, 5, 6, 0, 0] * 2)
    color = decode_color(encoding, 2, 2, 8, padded)
    assert color.shape == (2, 2, 3)
    assert color[1, 0].tolist() == first


def test_other_colour_encodings_are_refused():
    with pytest.raises(InvalidValueError, match=r"colour encoding 'yuv422' is unknown; there are"):
        decode_color('yuv422', 2, 2, 8, bytes(16))
