"""Success is judged by the physics: not at the start, not half-way, not with the wrong object."""

import dataclasses

import numpy as np
import pytest
from differential_ik import LineMover
from task_runs import carry_out, judge, put_at, started

from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.arm_sim.tasks.axes import HELD_OUT, TRAINING, Choices
from gae_arm.arm_sim.tasks.checker import SuccessChecker, Verdict
from gae_arm.arm_sim.tasks.conditions import Lifted, Upon
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.arm_sim.tasks.truth import Truth, observe_truth
from gae_arm.core.arm import load_arm
from gae_arm.core.geometry import transform
from gae_arm.core.paths import arm_file

PANDA = load_arm(arm_file('panda'))
WITHOUT_HANDS = sorted(set(TASKS) - {'pick_up'})
DISTRACTED = TRAINING.override('distractors', count=Choices((2,)))


def run(task: str, seed: int, ranges=DISTRACTED) -> tuple[TaskInstance, ArmSimulation]:
    instance = TASKS[task].sample(seed, ranges)
    return instance, instance.simulate(PANDA)


@pytest.mark.parametrize('ranges', [TRAINING, HELD_OUT], ids=['training', 'held_out'])
@pytest.mark.parametrize('task', WITHOUT_HANDS)
def test_success_once_everything_is_where_the_steps_say(task, ranges):
    instance, sim = run(task, 1, ranges)
    checker = started(sim, instance)
    assert judge(sim, checker, 0.2) is Verdict.RUNNING
    carry_out(sim, instance)
    assert judge(sim, checker, 1.2, pressing=True) is Verdict.SUCCESS


@pytest.mark.parametrize('task', WITHOUT_HANDS)
def test_no_success_before_it_has_held_for_long_enough(task):
    instance, sim = run(task, 2)
    instance = dataclasses.replace(instance, hold_s=1.0)
    checker = started(sim, instance)
    carry_out(sim, instance)
    assert judge(sim, checker, 0.8, pressing=True) is Verdict.RUNNING


@pytest.mark.parametrize(
    'task', ['stack_three', 'sort_by_colour', 'drawer_put_away', 'place_into_container']
)
def test_no_success_half_way(task):
    instance, sim = run(task, 3)
    checker = started(sim, instance)
    carry_out(
        sim, instance, instance.steps[: len(instance.steps) - 1 - (task != 'drawer_put_away')]
    )
    assert judge(sim, checker, 1.0) is Verdict.RUNNING


def test_a_drawer_that_is_half_open_is_not_open():
    instance, sim = run('open_drawer', 0)
    checker = started(sim, instance)
    sim.move_object(instance.targets[0], 0.06)
    assert judge(sim, checker, 1.0) is Verdict.RUNNING


def test_a_distractor_in_the_container_is_no_success():
    ranges = DISTRACTED.override('shape', stowed=Choices(('cube',)), container=Choices(('tray',)))
    instance, sim = run('place_into_container', 4, ranges)
    other = next(name for name in instance.distractors if 'cube' in name)
    checker = started(sim, instance)
    put = dataclasses.replace(instance.steps[1], item=other)
    carry_out(sim, instance, (put,))
    assert judge(sim, checker, 1.0) is Verdict.RUNNING


def test_lifting_a_distractor_is_the_wrong_object():
    instance, sim = run('pick_up', 5)
    checker = started(sim, instance)
    name = instance.distractors[0]
    put_at(sim, name, sim.T_base_body(name)[:3, 3] + [0, 0, 0.1])
    assert judge(sim, checker, 0.1) is Verdict.WRONG_OBJECT


def test_pressing_another_button_is_the_wrong_object():
    instance, sim = run('press_button', 6)
    checker = started(sim, instance)
    sim.move_object(instance.distractors[0], -0.011)
    assert checker.update(observe_truth(sim)) is Verdict.WRONG_OBJECT


def test_what_falls_off_the_table_is_dropped():
    instance, sim = run('stack_two', 7)
    checker = started(sim, instance)
    put_at(sim, instance.targets[0], [1.2, 0.0, instance.table_height])
    assert judge(sim, checker, 1.0) is Verdict.DROPPED


def test_a_pushed_object_must_not_be_lifted():
    instance, sim = run('push_to_mark', 8)
    checker = started(sim, instance)
    name = instance.targets[0]
    put_at(sim, name, sim.T_base_body(name)[:3, 3] + [0, 0, 0.05])
    assert checker.update(observe_truth(sim)) is Verdict.NOT_PUSHED


def test_time_runs_out_and_a_final_verdict_stays():
    instance, sim = run('stack_two', 0)
    checker = started(sim, dataclasses.replace(instance, time_limit_s=0.1))
    assert judge(sim, checker, 0.2) is Verdict.TIMEOUT
    carry_out(sim, instance)
    assert judge(sim, checker, 1.0) is Verdict.TIMEOUT


def test_picking_up_is_done_by_a_hand_that_holds_on():
    ranges = TRAINING.override('shape', picked=Choices(('cube',)))
    instance, sim = run('pick_up', 1, ranges.override('obstacles', count=Choices((0,))))
    checker = SuccessChecker(instance)
    name = instance.targets[0]
    grasp = instance.items[name].grasps[0].T_object_ee
    T_base_ee = sim.T_base_body(name) @ grasp
    above = T_base_ee.copy()
    above[2, 3] += 0.12
    mover = LineMover(sim)
    mover.move(above, 1.5)
    mover.move(T_base_ee, 1.0)
    sim.command_gripper(PANDA.gripper.closed)
    sim.step(400)
    assert checker.update(observe_truth(sim)) is Verdict.RUNNING
    mover.move(above, 1.0)
    assert judge(sim, checker, 0.7) is Verdict.SUCCESS


def truth(**touches):
    poses = {
        'a': transform(np.eye(3), [0.5, 0, 0.06]),
        'b': transform(np.eye(3), [0.5, 0.01, 0.02]),
    }
    pairs = {(one, other) for one, others in touches.items() for other in others}
    pairs |= {(b, a) for a, b in pairs}
    return Truth(0, poses, {}, dict.fromkeys(poses, 0.0), frozenset(pairs))


def test_lifted_means_held_by_the_robot_alone():
    lifted = Lifted('a', 0.05)
    assert lifted.holds(truth(a=['finger']))
    assert not lifted.holds(truth(a=['finger', 'b']))
    assert not lifted.holds(truth(a=['finger', 'world']))
    assert not lifted.holds(truth(a=[]))
    assert not Lifted('a', 0.07).holds(truth(a=['finger']))


def test_upon_means_on_that_one_and_nothing_below():
    upon = Upon('a', 'b', rise=0.04, offset=0.02)
    assert upon.holds(truth(a=['b']))
    assert not upon.holds(truth(a=[]))
    assert not upon.holds(truth(a=['b', 'world']))
    assert not Upon('a', 'b', rise=0.06, offset=0.02).holds(truth(a=['b']))
    assert not Upon('a', 'b', rise=0.04, offset=0.005).holds(truth(a=['b']))
