"""The referee says what the physics says, in words."""

import dataclasses

import numpy as np
import pytest

from gae_arm.arm_sim.objects.button import TRAVEL
from gae_arm.arm_sim.tasks.registry import STAGES
from gae_arm.commands.show.referee import Referee
from gae_arm.core.geometry import transform
from gae_arm.core.truth import Truth

TABLE = STAGES['playground'].sample(0)
DOWN = {'orange_button': -TRAVEL}
START = Truth(
    0,
    {name: item.T_base_item for name, item in TABLE.items.items()},
    {'orange_button': 0.0},
    dict.fromkeys(TABLE.items, 0.0),
    frozenset(),
)


def later(seconds, **changes):
    return dataclasses.replace(START, stamp_ns=round(seconds * 1e9), **changes)


def moved(name, T):
    return {**START.poses, name: T}


@pytest.fixture
def referee():
    judge = Referee(TABLE.items)
    assert not judge.ready
    judge.see(START)
    assert judge.ready
    return judge


def in_bowl():
    bowl = TABLE.items['green_bowl']
    hollow = bowl.cavity
    return bowl.T_base_item @ transform(np.eye(3), [*hollow.center, hollow.low + 0.02])


def test_what_is_in_the_bowl_for_a_moment_is_not_yet_there(referee):
    referee.begin(TABLE.instruction)
    assert referee.judge().success is False
    assert referee.judge().words == 'not so: red_cube is in green_bowl'
    poses = moved('red_cube', in_bowl())
    referee.see(later(1.0, poses=poses))
    assert referee.judge().success is False
    referee.see(later(1.1, poses=poses, touches=frozenset({('red_cube', 'panda_leftfinger')})))
    assert referee.judge().words == 'not so: the gripper has let go of red_cube'
    referee.see(later(2.0, poses=poses))
    referee.see(later(2.3, poses=poses))
    assert referee.judge().success is True
    assert referee.judge().words == 'red_cube is in green_bowl'


def test_a_button_that_came_up_again_was_pressed(referee):
    referee.begin('press the orange button')
    referee.see(later(1.0, joints=DOWN))
    referee.see(later(1.3, joints=DOWN))
    referee.see(later(2.0))
    assert referee.judge().success is True


def test_each_instruction_begins_anew(referee):
    referee.begin('press the orange button')
    referee.see(later(1.0, joints=DOWN))
    referee.see(later(1.3, joints=DOWN))
    referee.begin(TABLE.instruction)
    assert referee.judge().success is False


def test_words_that_it_does_not_know_are_not_judged(referee):
    referee.begin('dance')
    referee.see(later(1.0))
    assert referee.judge().success is None
    assert referee.judge().words == 'the referee does not know these words: see for yourself'
