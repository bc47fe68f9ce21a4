"""Tasks that are half done: physics agrees that what is done is done, and the rest can be done."""

from __future__ import annotations

import numpy as np
import pytest
from task_runs import carry_out, judge

from gae_arm.arm_sim.tasks.checker import SuccessChecker, Verdict
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.grounding.begun import begun, carried, parts, upon
from gae_arm.grounding.lessons import LessonMaker

PANDA = load_arm(arm_file('panda'))
CHANGING = sorted(set(TASKS) - {'pick_up', 'press_button'})
LONG = ('drawer_put_away', 'sort_by_colour', 'stack_three')


def verdict_of(task: str, seed: int, done: int) -> Verdict:
    """Return what the checker says of a task of which so many parts were done before it began."""
    whole = TASKS[task].sample(seed)
    instance = begun(whole, done, np.random.default_rng(seed))
    sim = instance.simulate(PANDA)
    carry_out(sim, instance)
    return judge(sim, SuccessChecker(instance), 4.0)


@pytest.mark.parametrize('task', CHANGING)
def test_a_task_that_is_done_is_a_success_at_once(task):
    assert verdict_of(task, 1, parts(TASKS[task].sample(1))) is Verdict.SUCCESS


@pytest.mark.parametrize('task', LONG)
def test_a_task_that_is_half_done_is_a_success_once_the_rest_is(task):
    assert verdict_of(task, 2, 1) is Verdict.SUCCESS


@pytest.mark.parametrize('task', LONG)
def test_a_task_that_is_half_done_is_none_yet(task):
    instance = begun(TASKS[task].sample(3), 1, np.random.default_rng(3))
    assert judge(instance.simulate(PANDA), SuccessChecker(instance), 1.0) is Verdict.RUNNING


def test_what_was_put_down_is_on_what_it_was_put_on():
    whole = TASKS['stack_three'].sample(0)
    top = whole.steps[2].item
    half = begun(whole, 1, np.random.default_rng(0))
    assert upon(whole, whole) == {}
    assert set(upon(half, whole)) == {whole.steps[1].item}
    assert [parts(whole), parts(half)] == [2, 1]
    assert whole.items[top].T_base_item.tolist() == half.items[top].T_base_item.tolist()


def test_what_cannot_be_seen_to_be_done_is_not_begun():
    assert [parts(TASKS[task].sample(0)) for task in ('pick_up', 'press_button')] == [0, 0]


def test_lessons_of_begun_tasks_ask_for_the_rest_or_say_that_it_is_done():
    maker = LessonMaker(96, 72, count=1, task_share=1.0, begun_share=1.0)
    outcomes = {maker(seed).answers[0].outcome for seed in range(12)}
    assert outcomes == {'done', 'plan'}


RIGHTWARD = np.array([0.0, -1.0, 0.0])


@pytest.mark.parametrize('task', LONG)
def test_what_the_hand_has_carried_is_near_where_it_is(task):
    whole = TASKS[task].sample(4)
    first = whole.steps[0].item
    (taken, left), *rest = carried(whole, 1, RIGHTWARD)
    half = begun(whole, 1, np.random.default_rng(4))
    assert not rest
    here, there = (instance.items[first].body.position for instance in (whole, half))
    assert np.linalg.norm(taken - here) < 0.05
    np.testing.assert_allclose(left - taken, there - here, atol=0.02)


def test_a_drawer_is_moved_by_its_handle_and_what_is_pushed_is_not_held():
    opened, pushed = (TASKS[task].sample(4) for task in ('open_drawer', 'push_to_mark'))
    (taken, left), *_ = carried(opened, 1, RIGHTWARD)
    assert np.linalg.norm(left - taken) == pytest.approx(opened.steps[0].to, abs=1e-6)
    assert carried(pushed, 1, RIGHTWARD) == []


def test_lessons_tell_what_was_moved_of_tasks_that_are_begun():
    maker = LessonMaker(96, 72, count=2, task_share=1.0, begun_share=1.0, told_share=1.0)
    lessons = [maker(seed) for seed in range(12)]
    told = [lesson.moved_for(0) for lesson in lessons if lesson.instructions[0]]
    assert max(map(len, told)) >= 2
    assert all(moved.shape[1:] == (2, 2) and np.isfinite(moved).all() for moved in told)


def test_nothing_is_told_where_nothing_was_done():
    maker = LessonMaker(96, 72, count=1, task_share=1.0, begun_share=0.0, told_share=1.0)
    assert not any(len(maker(seed).moved_for(0)) for seed in range(6))
