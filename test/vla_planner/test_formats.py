"""Formats: what a model means is read, whatever scale it counts in; what it spoils is refused."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.commands.benches.planner_answers import judge
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.lesson import OUTCOMES
from vla_planner.formats import compact
from vla_planner.formats.compact_grammar import CompactGrammar
from vla_planner.formats.registry import FORMATS, find_format
from vla_planner.scale import Scale, to_shares

SIZE = (640, 480)
THOUSANDTHS = st.integers(0, 1000)
DEPTH = st.floats(0.05, 5.0)
ACTION = st.sampled_from(['open', 'close', 'none'])
OPENING = {'open': 1.0, 'close': 0.0, 'none': None}


def read(name, text, scale=None):
    form = find_format(name)
    return form.read(text, SIZE, scale or form.scale)


def places(sketch):
    return np.array([stroke.place for stroke in sketch.strokes])


def test_an_unknown_format_is_refused_with_those_that_there_are():
    with pytest.raises(InvalidValueError, match=r"format 'xml' is unknown; there are: \['compact'"):
        find_format('xml')


# -- ours -----------------------------------------------------------------------------------------


@given(st.lists(st.tuples(THOUSANDTHS, THOUSANDTHS, DEPTH, ACTION), min_size=1, max_size=8))
def test_ours_is_read_as_it_was_meant(path):
    waypoints = [{'point': [u, v], 'depth': d, 'gripper': g} for u, v, d, g in path]
    sketch = read('ours', f'Here it is: {json.dumps({"status": "plan", "waypoints": waypoints})}')
    assert places(sketch) * 1000 == pytest.approx(np.array([p[:2] for p in path]))
    assert [s.depth for s in sketch.strokes] == pytest.approx([p[2] for p in path])
    assert [s.gripper for s in sketch.strokes] == [OPENING[p[3]] for p in path]
    assert not sketch.cut


def test_ours_without_depth_means_what_is_seen_there():
    sketch = read('ours', '{"waypoints": [{"point": [500, 250], "up": 0.1}]}')
    (stroke,) = sketch.strokes
    assert stroke.depth is None
    assert not stroke.free
    assert (stroke.up, stroke.gripper) == (0.1, None)
    assert stroke.place.tolist() == [0.5, 0.25]


@pytest.mark.parametrize('status', ['absent', 'done'])
def test_ours_may_say_that_there_is_nothing_to_do(status):
    assert read('ours', f'{{"status": "{status}"}}').outcome == status


def test_ours_of_the_first_step_has_anchors_alone():
    sketch = read('ours', '{"anchors": [{"label": "cup", "point": [100, 900]}]}')
    assert [(s.label, s.place.tolist()) for s in sketch.spots] == [('cup', [0.1, 0.9])]
    assert sketch.strokes == ()


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('', "no JSON in the answer: ''"),
        ('I cannot help with that.', 'no JSON in the answer'),
        ('[1, 2]', 'the answer is not an object'),
        ('{"status": "maybe"}', "status 'maybe' is unknown"),
        ('{"status": 3}', 'status is not a string'),
        ('{}', 'an answer without points'),
        ('{"waypoints": {"point": [1, 2]}}', 'waypoints is not a list of objects'),
        ('{"waypoints": [{"point": [1]}]}', r'waypoint 0 point has shape \(1,\), expected \(2\)'),
        ('{"waypoints": [{"point": ["1", 2]}]}', 'waypoint 0 point is not a list of numbers'),
        ('{"waypoints": [{"point": [true, 2]}]}', 'waypoint 0 point is not a list of numbers'),
        ('{"waypoints": [{"point": [NaN, 2]}]}', 'NaN is no number'),
        ('{"waypoints": [{"point": [1e999, 2]}]}', 'is not finite'),
        ('{"waypoints": [{"point": [-5, 2]}]}', r'waypoint 0: place is outside the picture'),
        ('{"waypoints": [{"point": [5, 2], "depth": -1}]}', 'waypoint 0: depth is -1.0'),
        ('{"waypoints": [{"point": [5, 2], "gripper": "grab"}]}', "gripper 'grab' is unknown"),
        ('{"waypoints": [{"point": [5, 2], "up": 3}]}', 'waypoint 0: up is 3.0, allowed is -0.5'),
        ('{"waypoints": [{"point": [5, 2], "orientation": [0, 0, 0, 0]}]}', 'not a unit quat'),
        ('[' * 50, 'nested deeper than 16'),
        ('{"a": ]', 'brackets of the answer do not match'),
        ('{"waypoints": [{"poi', 'breaks off before anything is whole'),
    ],
)
def test_what_is_wrong_with_ours_is_said(text, says):
    with pytest.raises(InvalidValueError, match=says):
        read('ours', text)


def test_a_model_in_a_loop_is_stopped():
    waypoints = [{'point': [500, 500]}] * 65
    with pytest.raises(InvalidValueError, match='65 waypoints or points, at most 64'):
        read('ours', json.dumps({'waypoints': waypoints}))


@given(st.integers(1, 5), st.data())
def test_an_answer_that_breaks_off_is_kept_up_to_its_last_whole_waypoint(count, data):
    parts = [json.dumps({'point': [100 * i, 500], 'gripper': 'open'}) for i in range(count)]
    whole = '```json\n{"status": "plan", "waypoints": [' + ', '.join(parts)
    broken = ', {"point": [900, 900], "gripper": "close"}'
    cut = data.draw(st.integers(0, len(broken) - 1))
    sketch = read('ours', whole + broken[:cut])
    assert places(sketch)[:, 0] * 1000 == pytest.approx([100 * i for i in range(count)])
    assert sketch.cut


# -- the formats of others ------------------------------------------------------------------------


@given(st.lists(st.tuples(THOUSANDTHS, THOUSANDTHS, DEPTH, ACTION), min_size=1, max_size=8))
def test_hamster_3d_is_read_as_it_was_meant(path):
    entries = [
        {'point_3d': [u, v, d], 'label': str(i), **({} if g == 'none' else {'gripper': g})}
        for i, (u, v, d, g) in enumerate(path)
    ]
    sketch = read('hamster_3d', f'```json\n{json.dumps(entries)}\n```')
    assert places(sketch) * 1000 == pytest.approx(np.array([p[:2] for p in path]))
    assert [s.depth for s in sketch.strokes] == pytest.approx([p[2] for p in path])
    assert [s.gripper for s in sketch.strokes] == [OPENING[p[3]] for p in path]


def test_hamster_3d_with_both_kinds_of_points_means_those_with_depth():
    text = '[{"point_2d": [1, 2]}, {"point_3d": [100, 200, 0.7], "gripper": "close"}]'
    (stroke,) = read('hamster_3d', text).strokes
    assert stroke.place.tolist() == [0.1, 0.2]
    assert stroke.depth == 0.7


def test_hamster_3d_without_depths_is_a_flat_path():
    text = '[{"point_2d": [1, 2]}, {"point_2d": [3, 4]}, {"point_2d": [5, 6], "gripper": "open"}]'
    assert [s.free for s in read('hamster_3d', text).strokes] == [False, True, False]


@given(
    st.lists(st.tuples(THOUSANDTHS, THOUSANDTHS, DEPTH, ACTION), min_size=1, max_size=8),
    st.booleans(),
)
def test_the_older_hamster_3d_is_read_as_it_was_meant(path, closed):
    items = []
    for u, v, d, g in path:
        items.append(f'[{u}, {v}, {d:.6f}]')
        if g != 'none':
            items.append(f'<action>{g.title()} Gripper</action>')
    sketch = read('hamster_3d_v3', f'<ans>[{", ".join(items)}]' + '</ans>' * closed)
    assert places(sketch) * 1000 == pytest.approx(np.array([p[:2] for p in path]))
    assert [s.depth for s in sketch.strokes] == pytest.approx([p[2] for p in path], abs=1e-6)
    assert [s.gripper for s in sketch.strokes] == [OPENING[p[3]] for p in path]
    assert sketch.cut is not closed


def test_an_action_belongs_to_the_waypoint_before_it_or_to_the_first():
    text = '<ans>[<action>Open Gripper</action>, [1, 2, 0.5], [3, 4, 0.6], '
    sketch = read('hamster_3d_v3', text + '<action>Close Gripper</action>]</ans>')
    assert [s.gripper for s in sketch.strokes] == [1.0, 0.0]
    assert [spot.label for spot in sketch.spots] == ['grasp', 'release']


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), ACTION), min_size=1, max_size=8))
def test_hamster_2d_touches_where_it_acts_and_flies_between(path):
    text = ', '.join(
        f'({x:.6f}, {y:.6f})' + f', <action>{g.title()} Gripper</action>' * (g != 'none')
        for x, y, g in path
    )
    sketch = read('hamster_2d', f'<ans>[{text}]</ans>')
    assert places(sketch) == pytest.approx(np.array([p[:2] for p in path]), abs=1e-6)
    last = len(path) - 1
    assert [s.free for s in sketch.strokes] == [
        g == 'none' and 0 < i < last for i, (_, _, g) in enumerate(path)
    ]


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('(0.1, 0.2)', 'no <ans> in the answer'),
        ('<ans>(0.1, 0.2)</ans>', 'the answer is not a list'),
        ('<ans>[]</ans>', 'no points in the answer'),
        ('<ans>[(0.1, 0.2), eval("x")]</ans>', 'not a point or an action'),
        ('<ans>[(0.1, 0.2), <action>Throw</action>]</ans>', "action 'Throw' is unknown"),
        ('<ans>[(-0.1, 0.2)]</ans>', 'outside the picture'),
        ('<ans>[(0.1, 1.2)]</ans>', 'outside the picture'),
    ],
)
def test_what_is_wrong_with_a_tagged_answer_is_said(text, says):
    with pytest.raises(InvalidValueError, match=says):
        read('hamster_2d', text)


@given(st.lists(st.tuples(THOUSANDTHS, THOUSANDTHS), min_size=1, max_size=5))
def test_qwen_points_are_a_grasp_and_a_place(points):
    entries = [{'point_2d': list(p), 'label': f'thing {i}'} for i, p in enumerate(points)]
    sketch = read('qwen_points', f'```json\n{json.dumps(entries)}\n```')
    assert places(sketch) * 1000 == pytest.approx(np.array(points))
    assert [spot.label for spot in sketch.spots] == [f'thing {i}' for i in range(len(points))]
    gripper = [s.gripper for s in sketch.strokes]
    assert gripper[0] == 0.0
    assert gripper[1:] == [None] * (len(points) - 2) + [1.0] * (len(points) > 1)


def test_one_qwen_point_is_something_to_grasp():
    (stroke,) = read('qwen_points', '{"point_2d": [320, 240], "label": "cup"}').strokes
    assert stroke.gripper == 0.0
    assert stroke.up < 0


def test_a_box_is_no_point():
    with pytest.raises(InvalidValueError, match='no point_2d or point_3d'):
        read('qwen_points', '[{"bbox_2d": [1, 2, 3, 4]}]')


def test_compact_answers_become_sketches():
    text = '<at> <loc_10> <loc_20> <yaw_6> <to> <loc_30> <loc_40> <b> <along_-3> <up_4> <close>'
    sketch = read('compact', text)
    (stroke,) = sketch.strokes
    assert stroke.place.tolist() == [30.5 / 256, 40.5 / 256]
    assert (stroke.along, stroke.up, stroke.gripper) == pytest.approx((-0.03, 0.04, 0.0))
    assert sketch.yaw == 0.0
    assert len(sketch.spots) == 2
    assert not sketch.cut
    assert read('compact', text + ' <a> <up_').cut


# -- scale ----------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.floats(0.002, 0.998), st.floats(0.002, 0.998)), min_size=3, max_size=9),
    st.sampled_from(list(Scale)),
)
def test_an_answer_in_another_scale_is_read_right_with_a_warning(shares, meant):
    """640 x 480: pixels and thousandths cannot be told apart unless one leaves the image."""
    shares = np.array([*shares, (0.9, 0.9), (0.001, 0.9973)])
    size = (4000, 3000)
    factor = {Scale.UNIT: 1.0, Scale.THOUSAND: 1000.0, Scale.PIXEL: np.array(size)}[meant]
    for declared in Scale:
        if (declared, meant) == (Scale.PIXEL, Scale.THOUSAND):
            continue
        found, notes = to_shares(shares * factor, declared, size)
        assert found == pytest.approx(shares)
        assert len(notes) == (declared is not meant)
    assert not notes or f'read as {meant.value}, not as pixel' in notes[0]


def test_what_is_just_outside_is_not_another_scale():
    points = np.array([[0.5, 1.02]])
    assert to_shares(points, Scale.UNIT, SIZE) == (pytest.approx(points), ())


# -- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize('name', FORMATS)
@given(text=st.text(max_size=300))
def test_no_text_makes_a_format_raise_anything_but_a_refusal(name, text):
    with contextlib.suppress(InvalidValueError):
        assert read(name, text).outcome in OUTCOMES


def test_spoiled_answers_are_refused_or_harmless():
    """The same with 100,000: gae bench planner_answers."""
    tally, _, faults = judge(seed=1, count=2000)
    assert faults == []
    assert min(tally['plans'], tally['refused'], tally['absent or done']) > 20


# -- writing only what can be read ----------------------------------------------------------------


@given(st.randoms(use_true_random=False))
def test_whatever_the_grammar_of_compact_answers_allows_can_be_read(random):
    tokens = ('</s>', '<s>', 'cube', *compact.TOKENS)
    grammar = CompactGrammar({token: i for i, token in enumerate(tokens)}, end=0)
    ids = [1]
    while ids[-1] != 0 and len(ids) < 200:
        ids.append(random.choice(grammar.allowed(ids)))
    assert ids[-1] == 0
    compact.parse(' '.join(tokens[i] for i in ids[1:-1]))
