"""The judge of the playground knows what is asked for, or says that it does not."""

import pytest

from gae_arm.arm_sim.tasks.conditions import Inside, Joint, Lifted, Upon
from gae_arm.arm_sim.tasks.registry import STAGES
from gae_arm.arm_sim.tasks.spoken_goal import spoken_goal
from gae_arm.core.truth import Truth

TABLE = STAGES['playground'].sample(0)
TRUTH = Truth(
    0, {name: item.T_base_item for name, item in TABLE.items.items()}, {}, {}, frozenset()
)


def asked(instruction):
    goal = spoken_goal(instruction, TABLE.items, TRUTH)
    return None if goal is None else goal[0]


def test_the_playground_is_judged_as_its_own_instruction_says():
    assert TABLE.instruction == 'put the red cube into the green bowl'
    assert set(TABLE.items) == {
        'red_cube', 'green_bowl', 'blue_cube', 'yellow_cylinder', 'orange_button',
    }  # fmt: skip
    assert spoken_goal(TABLE.instruction, TABLE.items, TRUTH)[1:] == TABLE.goal[1:]
    assert TABLE.table_height == 0.0


@pytest.mark.parametrize(
    ('instruction', 'kind', 'names'),
    [
        ('Put the red cube into the green bowl.', Inside, ('red_cube', 'green_bowl')),
        ('please place the can in the basin', Inside, ('yellow_cylinder', 'green_bowl')),
        ('load the bowl with the blue cubic block', Inside, ('blue_cube', 'green_bowl')),
        ('stack the red cube on the blue cube', Upon, ('red_cube', 'blue_cube')),
        ('put the blue cube on top of the red cube', Upon, ('blue_cube', 'red_cube')),
        ('could you press the orange button', Joint, ('orange_button',)),
        ('push the button down', Joint, ('orange_button',)),
        ('pick up the yellow cylinder, please', Lifted, ('yellow_cylinder',)),
    ],
)
def test_sentences_of_the_tasks_are_known(instruction, kind, names):
    goal = asked(instruction)
    assert isinstance(goal, kind)
    others = [getattr(goal, key) for key in ('container', 'other') if hasattr(goal, key)]
    assert (goal.item, *others) == names


@pytest.mark.parametrize(
    'instruction',
    [
        '',
        'dance',
        'pick up the cube',  # which one?
        'pick up the purple cube',
        'pick up the green bowl and the red cube',
        'press the red cube',
        'put the green bowl into the green bowl',
        'stack the orange button on the red cube',
        'do not pick up the red cube',
        'pick up the red cube, not the blue cube',
        'the ' * 3000,
    ],
)
def test_what_is_not_known_is_not_judged(instruction):
    assert asked(instruction) is None
