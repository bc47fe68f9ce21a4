"""PointCloud2 bytes: any field order, gaps, padding and byte order; equal to sensor_msgs_py."""

import array
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.core.cloud_codec import (
    DATATYPES,
    FLOAT32,
    XYZ,
    EncodedCloud,
    Field,
    decode,
    encode,
    read_colors,
    read_points,
)
from gae_arm.core.errors import InvalidValueError


def decoded(cloud: EncodedCloud) -> np.ndarray:
    layout = cloud.width, cloud.height, cloud.point_step, cloud.row_step, cloud.is_bigendian
    return decode(cloud.fields, *layout, cloud.data)


def random_points(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)


@st.composite
def layouts(draw):
    """Fields x, y, z and others, of any type, in any order, with gaps; rows with padding."""
    others = draw(st.lists(st.sampled_from(['a', 'b', 'ring', 'rgb']), unique=True))
    names = draw(st.permutations(['x', 'y', 'z', *others]))
    fields, offset = [], draw(st.integers(0, 3))
    for name in names:
        datatype = draw(st.sampled_from([7, 8] if name in 'xyz' else list(DATATYPES)))
        count = 1 if name in 'xyz' else draw(st.integers(1, 3))
        fields.append(Field(name, offset, datatype, count))
        offset += np.dtype(DATATYPES[datatype]).itemsize * count + draw(st.integers(0, 5))
    return fields, offset, draw(st.integers(0, 9)), draw(st.booleans())


@settings(deadline=None)
@given(layouts(), st.integers(0, 5), st.integers(0, 4), st.integers(0, 99))
def test_any_layout_round_trips(layout, height, width, seed):
    fields, point_step, padding, big = layout
    row_step = width * point_step + padding
    random = np.random.default_rng(seed)
    data = bytearray(random.bytes(height * row_step))
    truth = {}
    for field in fields:
        kind = np.dtype(DATATYPES[field.datatype]).newbyteorder('>' if big else '<')
        values = random.integers(0, 100, (height, width, field.count)).astype(kind)
        truth[field.name] = values
        for r in range(height):
            for c in range(width):
                start = r * row_step + c * point_step + field.offset
                data[start : start + values[r, c].nbytes] = values[r, c].tobytes()
    cloud = decode(fields, width, height, point_step, row_step, big, array.array('B', data))
    assert cloud.shape == (height, width)
    for field in fields:
        got = cloud[field.name] if field.count > 1 else cloud[field.name][..., None]
        np.testing.assert_array_equal(got, truth[field.name])
    points = read_points(cloud)
    assert points.dtype == np.float32
    expected = np.concatenate([truth[axis] for axis in 'xyz'], -1).reshape(-1, 3)
    np.testing.assert_array_equal(points, expected)


@pytest.mark.parametrize('n', [0, 1, 1000])
def test_encode_round_trips(n):
    points = random_points(n)
    cloud = encode(points)
    assert (cloud.height, cloud.width, cloud.point_step, cloud.row_step) == (1, n, 12, 12 * n)
    assert isinstance(cloud.data, array.array)
    assert cloud.data.typecode == 'B'
    np.testing.assert_array_equal(read_points(decoded(cloud)), points)


def test_two_million_points():
    points = random_points(2_000_000)
    np.testing.assert_array_equal(read_points(decoded(encode(points))), points)


def test_decoding_copies_nothing():
    cloud = encode(random_points(10))
    points = read_points(decoded(cloud))
    cloud.data[0:4] = array.array('B', np.float32(42).tobytes())
    assert points[0, 0] == 42


def test_colours_are_packed_as_rviz_reads_them():
    cloud = encode(random_points(2), np.array([[1, 2, 3], [255, 0, 128]], np.uint8))
    assert [field.name for field in cloud.fields] == ['x', 'y', 'z', 'rgb']
    packed = decoded(cloud)['rgb'].reshape(-1).copy().view(np.uint32)
    assert [hex(value) for value in packed] == ['0x10203', '0xff0080']


def test_float64_points_become_float32():
    assert encode(np.ones((2, 3))).data == encode(np.ones((2, 3), np.float32)).data


@pytest.mark.parametrize('n', [0, 5000])
def test_equals_sensor_msgs_py(n):
    point_cloud2 = pytest.importorskip('sensor_msgs_py.point_cloud2')
    from std_msgs.msg import Header

    points = random_points(n)
    theirs, ours = point_cloud2.create_cloud_xyz32(Header(), points), encode(points)
    for key in ('height', 'width', 'point_step', 'row_step', 'is_bigendian', 'data'):
        assert getattr(theirs, key) == getattr(ours, key), key
    described = [(f.name, f.offset, f.datatype, f.count) for f in theirs.fields]
    assert described == [(f.name, f.offset, f.datatype, f.count) for f in ours.fields]
    np.testing.assert_array_equal(
        point_cloud2.read_points_numpy(theirs), read_points(decoded(ours))
    )


@pytest.mark.parametrize('points', [np.zeros((3, 2)), np.zeros(3), np.zeros((2, 3, 1))])
def test_encode_refuses_other_shapes(points):
    with pytest.raises(InvalidValueError, match=r'points has shape .*, expected \(N, 3\)'):
        encode(points)


def test_encode_refuses_colours_that_do_not_fit():
    with pytest.raises(
        InvalidValueError, match=r'colors are uint8 \(1, 3\), expected uint8 \(2, 3'
    ):
        encode(np.zeros((2, 3)), np.zeros((1, 3), np.uint8))


@pytest.mark.parametrize(
    ('fields', 'step', 'size', 'message'),
    [
        (XYZ, 12, 35, r'35 bytes of data; 1 rows of 3 elements of 12 bytes need 36'),
        (XYZ, 11, 99, "field 'z' ends at byte 12 of points of 11 bytes"),
        ([Field('x', 0, 9)], 12, 99, "field 'x' has datatype 9; there are: {1: 'i1'"),
        ([Field('x', 0, 7, 0)], 12, 99, "count of field 'x' is 0, allowed is 1"),
        ([Field('x', -4, 7)], 12, 99, "offset of field 'x' is -4"),
        ([Field('x', 0, 7), Field('x', 4, 7)], 12, 99, r"fields has \['x'\] more than once"),
        ([Field('', 0, 7)], 12, 99, r'fields\[0\] is empty'),
    ],
)
def test_decode_refuses(fields, step, size, message):
    with pytest.raises(InvalidValueError, match=message):
        decode(fields, 3, 1, step, 3 * step, False, bytes(size))


def test_decode_refuses_rows_that_overlap():
    with pytest.raises(InvalidValueError, match='rows of 35 bytes are too short for 3 elements'):
        decode(XYZ, 3, 2, 12, 35, False, bytes(99))


def test_a_cloud_without_z_is_named():
    cloud = decode([Field('x', 0, FLOAT32), Field('y', 4, FLOAT32)], 1, 1, 8, 8, False, bytes(8))
    with pytest.raises(InvalidValueError, match=r"no field \['z'\]; it has: \['x', 'y'\]"):
        read_points(cloud)


def test_encoding_says_this_machines_byte_order():
    assert encode(np.zeros((1, 3))).is_bigendian == (sys.byteorder == 'big')


@pytest.mark.parametrize(('name', 'kind'), [('rgb', '<f4'), ('rgba', '>u4')])
def test_colors_come_back_in_any_spelling_and_byte_order(name, kind):
    colors = np.array([[1, 2, 3], [255, 0, 128]], np.uint8)
    encoded = encode(np.zeros((2, 3)), colors)
    native = np.frombuffer(encoded.data, [('x', '3<f4'), ('rgb', '<u4')])['rgb']
    cloud = np.zeros((1, 2), [('x', '<f4'), (name, kind)])
    cloud[name] = native.view(np.float32) if kind == '<f4' else native
    np.testing.assert_array_equal(read_colors(cloud), colors)


def test_a_cloud_without_colors_has_none_and_wrong_ones_are_refused():
    assert read_colors(np.zeros((1, 2), [('x', '<f4')])) is None
    with pytest.raises(InvalidValueError, match="field 'rgb' is float64, expected f4 or u4"):
        read_colors(np.zeros((1, 2), [('rgb', '<f8')]))
