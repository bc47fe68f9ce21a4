"""What the hand did wrong, told by what touched what."""

import numpy as np
import pytest

from gae_arm.commands.show.handling import Handling
from gae_arm.core.geometry import transform
from gae_arm.core.truth import Truth

THINGS = ('red_cube', 'blue_cube', 'green_bowl')
FINGERS = ('panda_leftfinger', 'panda_rightfinger')


def moment(touches=(), height=0.02):
    """A moment in which these pairs touch, the red cube at this height, m."""
    poses = {name: transform(np.eye(3), [0.5, 0.1 * i, 0.02]) for i, name in enumerate(THINGS)}
    poses['red_cube'] = transform(np.eye(3), [0.5, 0.0, height])
    pairs = frozenset([*touches, *((b, a) for a, b in touches)])
    return Truth(0, poses, {}, dict.fromkeys(THINGS, 0.0), pairs)


def gripped(name):
    return [(finger, name) for finger in FINGERS]


@pytest.mark.parametrize(
    ('moments', 'cause'),
    [
        ([moment()], 'missed: the hand did not touch red_cube'),
        (
            [moment([(FINGERS[0], 'blue_cube')])],
            'missed: the hand did not touch red_cube, only blue_cube',
        ),
        (
            [moment([(FINGERS[0], 'red_cube')])],
            'missed grasp: the fingers did not close on red_cube',
        ),
        ([moment(gripped('blue_cube'))], 'wrong object: the hand took blue_cube'),
        ([moment(gripped('red_cube'))], ''),
        (
            [moment(gripped('red_cube')), moment(height=0.2), moment([('red_cube', 'world')])],
            'dropped: red_cube fell out of the hand',
        ),
        ([moment(gripped('red_cube')), moment(height=0.05), moment([('red_cube', 'world')])], ''),
        (
            [
                moment(gripped('red_cube')),
                moment(height=0.2),
                moment(),
                moment(gripped('red_cube')),
            ],
            '',
        ),
        ([moment([('red_cube', 'blue_cube')])], 'missed: the hand did not touch red_cube'),
    ],
)
def test_causes(moments, cause):
    handling = Handling(['red_cube', 'green_bowl'], True, THINGS)
    for one in moments:
        handling.see(one)
    assert handling.cause == cause


def test_a_touch_is_enough_where_nothing_is_to_be_taken():
    handling = Handling(['red_cube'], False, THINGS)
    handling.see(moment([(FINGERS[0], 'red_cube')]))
    assert handling.cause == ''


def test_what_the_words_are_about_is_no_wrong_object():
    handling = Handling(['red_cube', 'green_bowl'], True, THINGS)
    handling.see(moment(gripped('green_bowl')))
    assert handling.cause == 'missed: the hand did not touch red_cube'
