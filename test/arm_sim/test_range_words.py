"""Ranges in words mean what they say; what does not exist is listed."""

import pytest

from gae_arm.arm_sim.tasks.axes import AXES, HELD_OUT, TRAINING, Choices, Spans
from gae_arm.arm_sim.tasks.range_words import ranges_of, words_of
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core.errors import InvalidValueError


def test_a_base_is_all_its_axes():
    assert ranges_of('training').regions == TRAINING.regions
    assert ranges_of('held_out').regions == HELD_OUT.regions


def test_an_axis_is_taken_from_the_other_range_and_the_others_stay():
    ranges = ranges_of('held_out obstacles=training')
    assert ranges['obstacles'] == AXES['obstacles'].training
    assert ranges['light'] == AXES['light'].held_out


def test_a_quantity_is_fixed_or_spans_and_the_scene_has_it():
    ranges = ranges_of('training distractors.count=2 table_height.height=0.01 light.strength=1..2')
    assert ranges['distractors']['count'] == Choices((2,))
    assert ranges['light']['strength'] == Spans(((1.0, 2.0),))
    assert ranges['light']['warmth'] == AXES['light'].training['warmth']
    instance = TASKS['pick_up'].sample(3, ranges)
    assert len(instance.distractors) == 2
    assert instance.table_height == 0.01


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ('', r"range '' is unknown; there are: \['held_out', 'training'\]"),
        ('held_out fog=training', r"axis 'fog' is unknown; there are: \['camera_intrinsics'"),
        ('held_out light=dim', r"range of axis 'light' 'dim' is unknown; there are: \['held_out'"),
        ('held_out light', r"'light' is no choice for an axis; write light=training, .*azimuth="),
        ('held_out light.hue=1', r"quantity of axis 'light' 'hue' is unknown; there are: .*'warm"),
        ('held_out light.strength=1..2..3', r"light.strength is '1..2..3', write VALUE or LOW"),
        ('held_out light.strength=dim', r"light.strength is not a number: 'dim'"),
        ('held_out light.strength=2..1', r'intervals do not ascend'),
        ('held_out distractors.count=many', r"distractors.count is no whole number: 'many'"),
        ('held_out distractors.count=99', r'distractors.count is 99, allowed is 0 to 20'),
        ('held_out shape.picked=cow', r"shape.picked 'cow' is unknown; there are: \['ball'"),
    ],
)
def test_ranges_of_what_does_not_exist_are_refused(words, message):
    with pytest.raises(InvalidValueError, match=message):
        ranges_of(words)


def test_changes_become_words():
    words = words_of('held_out', ['light=training', 'obstacles.count=0'])
    assert words == 'held_out light=training obstacles.count=0'


def test_the_phrase_book_for_measuring_alone_can_be_asked_for():
    assert ranges_of('held_out wording.book=fresh')['wording']['book'].options == ('fresh',)
    with pytest.raises(InvalidValueError, match='fresh'):
        ranges_of('held_out wording.book=stale')
