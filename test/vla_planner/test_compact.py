"""The compact answers: what is written is read again, and nonsense is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.lesson import Answer
from vla_planner.formats import compact
from vla_planner.formats.compact_sketch import COMPACT, anchor_names
from vla_planner.scale import Scale

SIZE = (192, 144)
PLAN = '<at> <loc_10> <loc_200> <yaw_6> <to> <loc_255> <loc_0> <a> <up_8> <open> <b> <along_-3> '
PLAN += '<up_-2> <close>'
UNIT = st.floats(0.0, 1.0)


def test_an_answer_says_anchors_yaw_and_waypoints():
    found = compact.parse(PLAN)
    assert found.outcome == 'plan'
    assert found.anchors * 256 == pytest.approx(np.array([[10.5, 200.5], [255.5, 0.5]]))
    assert found.yaw == 0.0
    first, second = found.waypoints
    assert (first.anchor, first.along, first.up, first.gripper) == (0, 0.0, 0.08, 1.0)
    assert (second.anchor, second.up, second.gripper) == (1, -0.02, 0.0)
    assert second.along == pytest.approx(-0.03)


@pytest.mark.parametrize('word', ['absent', 'done'])
def test_there_may_be_nothing_to_do(word):
    assert compact.parse(f' <{word}>\n').outcome == word


def test_waypoints_are_beside_what_is_seen_at_the_anchors():
    points = np.array([[0.4, 0.0, 0.04], [0.4, 0.3, 0.1]])
    where = compact.positions(compact.parse(PLAN), points)
    assert where == pytest.approx(np.array([[0.4, 0.0, 0.12], [0.4, 0.27, 0.08]]))


@settings(max_examples=200)
@given(
    pixels=st.lists(st.tuples(UNIT, UNIT), min_size=1, max_size=2),
    yaw=st.floats(-np.pi / 2, np.pi / 2),
    steps=st.lists(
        st.tuples(UNIT, st.floats(-0.2, 0.2), st.floats(-0.1, 0.2), st.sampled_from([0.0, 1.0])),
        min_size=1,
        max_size=6,
    ),
)
def test_what_is_written_is_read_again(pixels, yaw, steps):
    points = np.array([[0.4, -0.1, 0.03], [0.5, 0.2, 0.05]])[: len(pixels)]
    ahead = np.array([0.1, 0.3, 0.0]) / np.hypot(0.1, 0.3) * (len(points) > 1)
    nearest = [points[int(a * len(points) * 0.99)] for a, *_ in steps]
    where = [p + t * ahead + [0, 0, h] for p, (_, t, h, _) in zip(nearest, steps, strict=True)]
    truth = Answer(
        'plan',
        np.array(pixels) * (np.array(SIZE) - 1),
        points,
        tuple(range(len(points))),
        yaw,
        np.array(where),
        np.array([g for *_, g in steps]),
    )
    text = ' '.join(compact.tokens_of(truth, *SIZE))
    found = compact.parse(text)
    assert set(text.split()) <= set(compact.TOKENS)
    assert np.abs(found.anchors * SIZE - 0.5 - truth.pixels).max() <= 0.5 * SIZE[0] / 256 + 1e-9
    assert [w.gripper for w in found.waypoints] == truth.gripper.tolist()
    turn = abs(found.yaw - yaw) % np.pi
    assert min(turn, np.pi - turn) <= np.pi / 24 + 1e-9
    # Half a step up, one and a half along: a step along is left out.
    off = np.abs(compact.positions(found, points) - truth.waypoints)
    assert off[:, 2].max() <= 0.005 + 1e-9
    assert np.linalg.norm(off[:, :2], axis=1).max() <= 0.015 + 1e-9


def test_a_broken_off_answer_is_read_up_to_the_last_whole_waypoint():
    whole = compact.parse(PLAN)
    cut = compact.parse(PLAN.removesuffix(' <close>'))
    assert cut.waypoints == whole.waypoints[:1]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', "no compact answer: ''"),
        ('a red cube', "no compact answer: 'a red cube'"),
        ('<at> <loc_3> <loc_4> <yaw_1>', 'no compact answer'),
        ('<at> <loc_3> <loc_256> <yaw_1> <a> <up_1> <open>', 'out of range'),
        ('<at> <loc_3> <loc_4> <yaw_12> <a> <up_1> <open>', 'out of range'),
        ('<at> <loc_3> <loc_4> <yaw_1> <b> <up_1> <open>', 'needs a second anchor'),
        ('<at> <loc_3> <loc_4> <yaw_1> <a> <along_2> <up_1> <open>', 'needs a second anchor'),
        ('<at> <loc_3> <loc_4> <yaw_1> <a> <up_99> <open>', 'is out of range: along 0, up 99'),
    ],
)
def test_nonsense_is_refused_with_what_is_wrong(text, message):
    with pytest.raises(InvalidValueError, match=message):
        compact.parse(text)


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*compact.TOKENS[:40], 'x', '<loc_', '99999999999']), max_size=20))
def test_whatever_a_model_writes_is_a_plan_or_a_refusal(words):
    try:
        found = compact.parse(' '.join(words))
    except InvalidValueError:
        return
    assert found.outcome in ('plan', 'absent', 'done')
    assert (found.outcome == 'plan') == bool(found.waypoints)


def test_the_sketch_of_an_answer_names_its_anchors():
    sketch = COMPACT.read(PLAN, SIZE, Scale.UNIT)
    assert [spot.label for spot in sketch.spots] == ['grasp', 'place']
    np.testing.assert_allclose(sketch.spots[0].place * 256, [10.5, 200.5])


@pytest.mark.parametrize(
    ('openings', 'names'),
    [
        ([1, 0, 0, 0, 1, 1], ('grasp', 'place')),
        ([1, 0, 0], ('grasp',)),
        ([0, 0, 0, 0], ('push', 'to')),
        ([0, 0, 0], ('press',)),
        ([1], ('reach',)),
    ],
)
def test_an_anchor_is_called_what_the_hand_does_there(openings, names):
    assert anchor_names(openings, len(names)) == names
