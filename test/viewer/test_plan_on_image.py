"""A plan drawn on its image: labels stand beside what they name, and hide nothing."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.core.plan import ImageAnchor
from gae_arm.viewer import palette
from gae_arm.viewer.label_place import label_place, overlap
from gae_arm.viewer.plan_on_image import draw_answer

IMAGE = (320, 240)
SIZE = np.array([30.0, 10.0])
PLACE = st.tuples(st.floats(0, IMAGE[0]), st.floats(0, IMAGE[1])).map(np.array)


@given(PLACE, st.floats(1.0, 8.0))
def test_a_label_is_in_the_image_and_not_on_its_point(at, away):
    box = label_place(SIZE, at, away, [], IMAGE)
    np.testing.assert_allclose(box[2:] - box[:2], SIZE)
    assert (box[:2] >= 0).all()
    assert (box[2:] <= IMAGE).all()
    assert overlap(box, np.concatenate([at - away, at + away])) == pytest.approx(0.0)


def test_labels_of_one_point_stand_beside_each_other():
    boxes = []
    for _ in range(4):
        boxes.append(label_place(SIZE, np.array([160.0, 120.0]), 5.0, boxes, IMAGE))
    assert all(overlap(a, b) == 0 for a, b in itertools.combinations(boxes, 2))


def test_where_everything_is_taken_the_least_is_hidden():
    everything = np.array([0.0, 0.0, *IMAGE])
    left = np.array([0.0, 0.0, 160.0, 240.0])
    box = label_place(SIZE, np.array([160.0, 120.0]), 5.0, [everything, left], IMAGE)
    assert box[0] >= 160.0


def test_the_number_of_a_waypoint_is_seen_whatever_the_anchor_there_is_called():
    black = np.zeros((240, 320, 3), np.uint8)
    at = np.array([[160.0, 120.0]])
    alone = draw_answer(black, at, [1.0], ())
    anchored = draw_answer(black, at, [1.0], [ImageAnchor('grasp', at[0])])
    number = (alone != 0).any(axis=-1)
    number[117:124, 157:164] = False  # the dot, under the cross
    assert number.sum() > 10
    np.testing.assert_array_equal(anchored[number], alone[number])
    assert (anchored == palette.ANCHOR).all(axis=-1).any()
