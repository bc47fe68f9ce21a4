"""Frames are looked up along the tree, at their time; what is not known is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.transform_tree import HISTORY_NS, TransformTree, TransformUnknownError

SECOND = 1_000_000_000


def pose(x=0.0, yaw=0.0):
    return geometry.transform(geometry.rpy_to_matrix(0, 0, yaw), [x, 0, 0])


def test_a_chain_is_multiplied_and_a_branch_inverted():
    tree = TransformTree()
    tree.add('base', 'hand', pose(1, 0.5), 0, static=True)
    tree.add('hand', 'camera', pose(0.1, 0.2), 0, static=True)
    tree.add('base', 'tag', pose(3, -1), 0, static=True)
    expected = pose(1, 0.5) @ pose(0.1, 0.2)
    np.testing.assert_allclose(tree.lookup('base', 'camera', 7), expected, atol=1e-12)
    np.testing.assert_allclose(tree.lookup('camera', 'base', 7), geometry.invert(expected))
    np.testing.assert_allclose(
        tree.lookup('tag', 'camera', 7), geometry.invert(pose(3, -1)) @ expected, atol=1e-12
    )
    np.testing.assert_allclose(tree.lookup('hand', 'hand', 7), np.eye(4), atol=1e-12)


@given(st.floats(0, 1), st.floats(-3, 3))
def test_a_moving_frame_is_interpolated_straight_and_at_a_constant_turn(share, yaw):
    tree = TransformTree()
    tree.add('base', 'hand', pose(0, 0), 0)
    tree.add('base', 'hand', pose(1, yaw), SECOND)
    stamp = round(share * SECOND)
    found = tree.lookup('base', 'hand', stamp)
    np.testing.assert_allclose(found, pose(stamp / SECOND, yaw * stamp / SECOND), atol=1e-9)


def test_transforms_that_come_out_of_order_are_put_in_order():
    tree = TransformTree()
    for second in (0, 2, 1):
        tree.add('base', 'hand', pose(second), second * SECOND)
    assert tree.lookup('base', 'hand', SECOND)[0, 3] == 1


def test_a_moving_frame_holds_a_little_and_is_then_too_old():
    tree = TransformTree(max_extrapolation_ns=SECOND // 10)
    tree.add('base', 'hand', pose(1), SECOND)
    assert tree.lookup('base', 'hand', SECOND + SECOND // 10)[0, 3] == 1
    with pytest.raises(TransformUnknownError) as caught:
        tree.lookup('base', 'hand', 3 * SECOND)
    assert str(caught.value) == (
        "the newest transform of 'hand' is 2.000 s older than asked for, allowed are 0.1 s"
    )
    with pytest.raises(TransformUnknownError) as caught:
        tree.lookup('base', 'hand', 0)
    assert str(caught.value) == "the oldest transform of 'hand' is 1.000 s newer than asked for"


def test_a_static_frame_holds_at_any_time():
    tree = TransformTree()
    tree.add('base', 'camera', pose(1), 50 * SECOND, static=True)
    for stamp in (0, 10**18):
        assert tree.lookup('base', 'camera', stamp)[0, 3] == 1


def test_frames_that_are_not_connected_are_named():
    tree = TransformTree()
    tree.add('base', 'hand', pose(), 0, static=True)
    with pytest.raises(TransformUnknownError) as caught:
        tree.lookup('base', 'camera', 0)
    assert str(caught.value) == (
        "no transform from 'camera' to 'base': 'camera' hangs on 'camera', 'base' on 'base'; "
        "known frames: ['base', 'hand']"
    )


def test_a_ring_is_refused_and_ends():
    tree = TransformTree()
    tree.add('a', 'b', pose(), 0, static=True)
    tree.add('b', 'a', pose(), 0, static=True)
    with pytest.raises(TransformUnknownError, match=r"the frames form a ring: \['a', 'b'\]"):
        tree.lookup('a', 'b', 0)


def test_history_is_bounded_and_a_clock_set_back_begins_afresh():
    tree = TransformTree()
    for second in range(100):
        tree.add('base', 'hand', pose(second), second * SECOND)
    with pytest.raises(TransformUnknownError, match='newer than asked for'):
        tree.lookup('base', 'hand', 99 * SECOND - HISTORY_NS - 1)
    tree.add('base', 'hand', pose(7), SECOND)
    assert tree.lookup('base', 'hand', SECOND)[0, 3] == 7


def test_what_is_no_transform_is_refused_by_the_frames():
    with pytest.raises(InvalidValueError, match="transform from 'camera' to 'base' is not a rot"):
        TransformTree().add('base', 'camera', np.diag([1, 1, 2, 1]), 0)
