"""Orders that take several plans: the model says what comes next, and is asked for that."""

from __future__ import annotations

from argparse import Namespace

import numpy as np
import pytest

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.commands.benches.planner_answers import made_scene
from gae_arm.commands.replay_diff import planner_rerun
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.geometry import transform, transform_points
from gae_arm.core.instruction import ErrorCode
from gae_arm.core.paths import arm_file
from gae_arm.grounding.begun import begun
from gae_arm.grounding.lessons import LessonMaker
from gae_arm.grounding.plain import plain
from gae_arm.grounding.simpler import simpler
from vla_planner.errors import PlannerError
from vla_planner.formats import compact
from vla_planner.formats.compact_grammar import CompactGrammar
from vla_planner.planner import VlmPlanner, Wish
from vla_planner.profile import load_profile
from vla_planner.prompts import load_prompts

SCENE = made_scene()
PLAN = '<at> <loc_128> <loc_128> <yaw_6> <a> <up_9> <open> <a> <up_0> <close> <a> <up_9> <close>'
PUT = (
    '<at> <loc_100> <loc_128> <yaw_6> <to> <loc_150> <loc_128> <a> <up_9> <open> '
    '<a> <up_0> <close> <a> <up_9> <close> <b> <up_9> <close> <b> <up_2> <open>'
)
TOWER = 'a tower: the red cube, the blue box on it, and the mug on top'
ORDER = 'stack the blue box on the red cube'


class Telling:
    """A backend that gives one answer after the other, and remembers what it was asked."""

    name = 'telling'

    def __init__(self, *answers: str) -> None:
        self.asked: list[str] = []
        self.leanings: list[dict[str, float]] = []
        self._answers = iter(answers)

    def answer(self, conversation, asking):
        self.asked += [' | '.join(turn.text for turn in conversation)]
        self.leanings += [dict(asking.leaning)]
        yield next(self._answers)

    def unknown_words(self, text):
        return None


def planner(*answers):
    profile, folder = load_profile('bundled')
    return VlmPlanner(profile, load_prompts(profile, folder), Telling(*answers))


def test_what_comes_next_is_asked_for_alone():
    one = planner(f'<next> {ORDER}', PLAN)
    thought = one.think(SCENE, Wish(TOWER))
    assert one.backend.asked == [TOWER, ORDER]
    assert thought.notes == (f'next: {ORDER}',)
    assert thought.plan.instruction == TOWER
    assert len(thought.plan.waypoints) == 3


def test_both_questions_tell_what_was_moved():
    one = planner(f'<next> {ORDER}', PLAN)
    places = np.array([[[0.5, 0.0, 0.0], [0.5, 0.1, 0.0]]])
    one.think(SCENE, Wish(TOWER, again=True, moved=places))
    first, second = (text.partition(' <at>')[2] for text in one.backend.asked)
    assert first == second != ''


def test_the_second_answer_is_neither_done_nor_another_order():
    one = planner(f'<next> {ORDER}', PLAN)
    one.think(SCENE, Wish(TOWER, again=True))
    first, second = one.backend.leanings
    assert compact.NEXT not in first
    assert second[compact.NEXT] == second[compact.DONE] < -100


def test_an_order_in_answer_to_an_order_is_an_answer_that_cannot_be_used():
    with pytest.raises(PlannerError, match=r'is an order, .*, and no places') as caught:
        planner(f'<next> {ORDER}', f'<next> {ORDER}').think(SCENE, Wish(TOWER))
    assert caught.value.code == ErrorCode.ANSWER_INVALID


def test_what_is_not_there_is_named_with_the_order_that_means_it():
    with pytest.raises(
        PlannerError, match=f"by '{ORDER}', which comes next for 'a tower"
    ) as caught:
        planner(f'<next> {ORDER}', '<absent>').think(SCENE, Wish(TOWER))
    assert caught.value.code == ErrorCode.OBJECT_NOT_FOUND
    assert caught.value.left
    with pytest.raises(PlannerError) as caught:
        planner('<absent>').think(SCENE, Wish(TOWER))
    assert not caught.value.left


@pytest.mark.parametrize(
    ('answers', 'steps'),
    [
        ((f'<next> {ORDER}', PUT), 1),
        ((PUT,), 0),
        ((f'<next> {ORDER}', PLAN), 0),
    ],
)
def test_after_a_part_the_open_hand_goes_where_it_hides_nothing(answers, steps):
    aside = transform(np.diag([1.0, -1.0, -1.0]), [0.45, 0.1, 0.5])
    plan = planner(*answers).think(SCENE, Wish(TOWER, aside=aside)).plan
    alone = planner(*answers).think(SCENE, Wish(TOWER)).plan
    assert len(plan.waypoints) - len(alone.waypoints) == steps
    if steps:
        last = transform_points(SCENE.T_base_camera, plan.waypoints[-1].position[None])[0]
        np.testing.assert_allclose(last, aside[:3, 3], atol=1e-9)


def test_a_replay_asks_as_the_node_did(monkeypatch):
    """Or a plan that ends at home would not be the recorded one."""
    arm = load_arm(arm_file('panda'))
    wish = Wish(TOWER, aside=Kinematics(arm).forward(arm.home))
    recorded = planner(f'<next> {ORDER}', PUT).think(SCENE, wish).plan
    again = planner(f'<next> {ORDER}', PUT)
    monkeypatch.setattr('vla_planner.make.make_planner', lambda *_, **__: again)
    parameters = {'model': 'bundled', 'check_reach': False}
    plan, _ = planner_rerun(arm, parameters, Namespace(planner=None))
    made = plan(SCENE.frame, SCENE.T_base_camera, recorded)
    places = [[w.position for w in one.waypoints] for one in (recorded, made)]
    np.testing.assert_allclose(*places, atol=1e-9)


@pytest.mark.parametrize('text', ['<next>', '<next> <at>', '<next> lift <at>', '<next>lift'])
def test_an_order_is_words_alone(text):
    with pytest.raises(InvalidValueError, match='no compact answer'):
        compact.parse(text)


def test_the_next_question_keeps_the_places_of_the_first():
    places = '<at> <loc_1> <loc_2> <to> <loc_3> <loc_4>'
    assert compact.asked_next(f'tidy up {places}', f'<next> {ORDER}') == f'{ORDER} {places}'
    assert compact.asked_next('tidy up', f'<next> {ORDER}') == ORDER
    assert compact.asked_next('tidy up', PLAN) == compact.asked_next('tidy up', '<done>') == ''


def test_what_was_moved_first_is_forgotten_first():
    first, second = (f'<at> <loc_{i}> <loc_2> <to> <loc_3> <loc_4>' for i in (0, 1))
    assert compact.without_oldest(f'tidy up {first} {second}') == f'tidy up {second}'
    assert compact.without_oldest(f'tidy up {second}') == 'tidy up'
    assert compact.without_oldest('tidy up') == 'tidy up'


def test_a_model_that_was_not_taught_it_cannot_say_it():
    words = ('</s>', 'lift', *(token for token in compact.TOKENS if token != compact.NEXT))
    grammar = CompactGrammar({token: i for i, token in enumerate(words)}, end=0)
    assert [words[i] for i in grammar.allowed([1, 1])] == ['<absent>', '<done>', '<at>']


@pytest.mark.parametrize(
    ('task', 'orders'),
    [
        ('stack_three', ('stack {middle} on {bottom}', 'stack {top} on {middle}', '')),
        ('drawer_put_away', ('put {object} into {drawer}', 'close {drawer}', '')),
        ('pick_up', ('',)),
        ('stack_two', ('',)),
        ('open_drawer', ('',)),
    ],
)
def test_of_long_tasks_the_first_of_what_is_left_comes_next(task, orders):
    whole = TASKS[task].sample(3)
    names = dict(zip(('bottom', 'middle', 'top'), whole.targets, strict=False))
    if task == 'drawer_put_away':
        names = dict(zip(('object', 'drawer'), whole.targets, strict=True))
    words = {key: whole.words[name] for key, name in names.items() if name in whole.words}
    assert all(said in whole.instruction for said in words.values())
    words = {key: plain(said) for key, said in words.items()}
    for done, order in enumerate(orders):
        left = begun(whole, done, np.random.default_rng(0))
        assert simpler(left, whole, whole.words) == order.format(**words)


@pytest.mark.parametrize(
    ('words', 'usual'),
    [
        ('the bulky blue hexagonal block', 'the large blue prism'),
        ('the yellow drum farthest to the left', 'the leftmost yellow cylinder'),
        (
            'the red brick on the left-hand side of the blue sphere',
            'the red box left of the blue ball',
        ),
        ('not the red cubic block but the other one', 'the cube that is not red'),
        ('the other thing not the green one', 'the object that is not green'),
        ('the second push switch from the right', 'the second button from the right'),
        ('the yellow sliding compartment', 'the yellow drawer'),
        ('the vessel closest to the arm', 'the container nearest to the arm'),
        ('the red cube', 'the red cube'),
    ],
)
def test_words_that_mean_the_same_are_told_in_the_usual_ones(words, usual):
    assert plain(words) == usual
    assert plain(usual) == usual


def test_of_a_sort_colours_tell_what_comes_next():
    whole = TASKS['sort_by_colour'].sample(3)
    colors = [whole.items[name].color for name in whole.targets[:3]]
    lefts = [begun(whole, done, np.random.default_rng(0)) for done in range(4)]
    said = [simpler(left, whole, whole.words) for left in lefts]
    assert said == [*(f'put the {c} object into the {c} container' for c in colors), '']


def test_lessons_teach_the_order_and_what_it_means():
    maker, pairs = LessonMaker(96, 72), 0
    for seed in range(12):
        lesson = maker(seed)
        for i, order in enumerate(lesson.simpler):
            if order and order in lesson.instructions[i + 1 :]:
                other = lesson.instructions.index(order, i + 1)
                assert lesson.simpler_for(other) == ''
                first, second = lesson.answers[i], lesson.answers[other]
                np.testing.assert_array_equal(first.pixels, second.pixels)
                pairs += 1
    assert pairs > 3


def test_where_planners_are_measured_a_task_is_told_once():
    maker = LessonMaker(
        96, 72, count=2, task_share=1.0, begun_share=0.0, absent_share=1.0, once=True
    )
    assert {maker(seed).answers[1].outcome for seed in range(8)} == {'absent'}
